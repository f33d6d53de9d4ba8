//! The results of the SARIF log: one per spot of a finding.

use std::collections::BTreeMap;
use std::io;

use serde_sarif::sarif::{
    ArtifactLocation, Location, LogicalLocation, PhysicalLocation, Region, Result as SarifResult, ResultLevel,
};

use super::{message, rules, uri};
use crate::model::{Finding, Segment, Violation};
use crate::policy::Mode;
use crate::render::spots::{Spot, spots};
use crate::render::style::sanitize;
use crate::render::words::{self, Objection};
use crate::report::{Basis, Origin, Verdict};

/// Name of the fingerprints, with the version of what goes into them.
const FINGERPRINT: &str = "secctxFinding/v1";

/// Hands out the results about one workload one by one, which are large.
///
/// # Errors
/// Those of `visit`.
pub(super) fn visit(
    basis: Basis,
    verdict: &Verdict,
    visit: &mut impl FnMut(SarifResult) -> io::Result<()>,
) -> io::Result<()> {
    for objection in words::objections(basis, verdict) {
        for placed in objection.findings {
            let level = level(&objection);
            spots(placed).iter().try_for_each(|spot| visit(result(verdict, &placed.finding, spot, level)))?;
        }
    }
    Ok(())
}

fn level(objection: &Objection<'_>) -> ResultLevel {
    match objection.modes.as_slice() {
        _ if objection.refuses() => ResultLevel::Error,
        [Mode::Audit] => ResultLevel::Note,
        _ => ResultLevel::Warning,
    }
}

fn result(verdict: &Verdict, finding: &Finding, spot: &Spot<'_>, level: ResultLevel) -> SarifResult {
    let text = if finding.detail.is_empty() { finding.reason.clone() } else { words::brief(&finding.detail) };
    let mut result = SarifResult::builder()
        .rule_id(finding.check)
        .level(level)
        .message(message(&text))
        .locations(vec![location(verdict, spot)])
        .partial_fingerprints(BTreeMap::from([(FINGERPRINT.to_owned(), fingerprint(verdict, finding, spot))]))
        .build();
    result.rule_index = rules::index(finding.check).and_then(|index| i64::try_from(index).ok());
    result
}

fn location(verdict: &Verdict, spot: &Spot<'_>) -> Location {
    let own_text = verdict.source.origin == Origin::File;
    let region =
        spot.place.filter(|_| own_text).map(|place| region(place.line, Some(place.column), Some(spot.width())));
    let logical: Vec<_> = spot.violations.iter().map(|(violation, _)| logical(verdict, violation)).collect();
    Location::builder().physical_location(physical(&verdict.source.file, region)).logical_locations(logical).build()
}

/// A file and what is meant of it.
pub(super) fn physical(file: &str, region: Option<Region>) -> PhysicalLocation {
    let artifact = ArtifactLocation::builder().uri(uri::of(file)).build();
    let mut location = PhysicalLocation::builder().artifact_location(artifact).build();
    location.region = region;
    location
}

/// A part of a line.
pub(super) fn region(line: usize, column: Option<usize>, width: Option<usize>) -> Region {
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    let mut region = Region::builder().start_line(number(line)).build();
    region.start_column = column.map(number);
    region.end_column = column.zip(width).map(|(column, width)| number(column.saturating_add(width)));
    region
}

/// `Deployment/shop/web/spec.template.spec.containers[0]…`.
fn logical(verdict: &Verdict, violation: &Violation) -> LogicalLocation {
    let path = words::path(&violation.path);
    let name =
        violation.path.last().and_then(Segment::as_key).map_or_else(|| path.clone(), |key| sanitize(key).into_owned());
    LogicalLocation::builder()
        .name(name)
        .fully_qualified_name(format!("{}/{path}", sanitize(&identity(verdict))))
        .kind("property")
        .build()
}

/// `Deployment/shop/web`.
fn identity(verdict: &Verdict) -> String {
    match &verdict.namespace {
        Some(namespace) => format!("{}/{namespace}/{}", verdict.kind, verdict.name),
        None => format!("{}/{}", verdict.kind, verdict.name),
    }
}

/// A value that stays the same when lines or containers move: made of the check, the file, the object, the
/// container's name and the field as seen from there, and for items of lists their value.
fn fingerprint(verdict: &Verdict, finding: &Finding, spot: &Spot<'_>) -> String {
    let identity = identity(verdict);
    let mut hash = Fnv::default();
    hash.add(finding.check);
    hash.add(&verdict.source.file);
    hash.add(&identity);
    for (violation, _) in &spot.violations {
        hash.add(violation.container.as_deref().unwrap_or_default());
        let field = words::label(&violation.path, &verdict.template);
        match violation.path.last() {
            Some(Segment::Index(_)) => hash.add(field.rsplit_once('[').map_or(&field, |(list, _)| list)),
            _ => hash.add(&field),
        }
        let of_list = violation.path.segments().iter().any(|step| matches!(step, Segment::Index(_)));
        if violation.container.is_none() && of_list || matches!(violation.path.last(), Some(Segment::Index(_))) {
            hash.add(&violation.actual.to_string());
        }
    }
    format!("{:016x}", hash.0)
}

/// The 64-bit FNV-1a hash: it must be the same in every version of the tool, which the standard library's is not.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Adds a text and the mark of its end.
    fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::render::{Format, Style, rendered, sample};
    use crate::report::Report;

    fn results(report: &Report) -> Vec<Value> {
        let log: Value = serde_json::from_str(&rendered(report, Format::Sarif, &Style::default())).expect("JSON");
        log["runs"][0]["results"].as_array().expect("results").clone()
    }

    #[test]
    fn a_result_per_spot() {
        let results = results(&sample::shop());
        assert_eq!(results.len(), 6);
        let mut result = results[1].clone();
        let fingerprints = result.as_object_mut().and_then(|result| result.remove("partialFingerprints"));
        assert!(fingerprints.is_some_and(|prints| prints[FINGERPRINT].as_str().is_some_and(|print| print.len() == 16)));
        let path = "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation";
        assert_eq!(
            result,
            json!({
                "ruleId": "allowPrivilegeEscalation",
                "ruleIndex": 12,
                "level": "error",
                "message": {
                    "text": "containers \"web\", \"proxy\" must set securityContext.allowPrivilegeEscalation=false",
                },
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": {"uri": "shop.yaml"},
                        "region": {"startLine": 21, "startColumn": 9, "endColumn": 18},
                    },
                    "logicalLocations": [{
                        "name": "allowPrivilegeEscalation",
                        "fullyQualifiedName": format!("Deployment/shop/web/{path}"),
                        "kind": "property",
                    }],
                }],
            })
        );
    }

    #[test]
    fn fingerprints_tell_findings_apart_and_survive_moves() {
        let prints = |report: &Report| -> Vec<String> {
            results(report).iter().map(|result| result["partialFingerprints"][FINGERPRINT].to_string()).collect()
        };
        let before = prints(&sample::shop());
        let mut distinct = before.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), before.len());
        let mut moved = sample::shop();
        for placed in &mut moved.results[1].findings {
            placed.places.iter_mut().for_each(|place| place.line += 7);
        }
        assert_eq!(prints(&moved), before);
        let mut renamed = sample::shop();
        renamed.results[1].name = "other".to_owned();
        assert!(prints(&renamed).iter().zip(&before).all(|(one, other)| one != other));
    }

    #[test]
    fn modes_that_let_pods_in_are_warnings() {
        let levels: Vec<_> = results(&sample::labelled()).iter().map(|result| result["level"].clone()).collect();
        assert_eq!(levels[0], "error");
        assert!(levels[1..].iter().all(|level| level == "warning"));
    }

    // The test vectors are those of the hash's authors (draft-eastlake-fnv): empty text and "foobar".
    #[test]
    fn the_hash_is_fnv_1a() {
        let mut hash = Fnv::default();
        assert_eq!(hash.0, 0xcbf2_9ce4_8422_2325);
        "foobar".bytes().for_each(|byte| hash.0 = (hash.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        assert_eq!(hash.0, 0x8594_4171_f739_67e8);
    }
}
