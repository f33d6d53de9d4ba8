//! `-o manifest`: Namespace documents with the labels as they should be, for Git.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::edits::{Edit, edits};
use super::words;
use crate::render::style::sanitize;
use crate::render::yaml;
use crate::report::label::LabelReport;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Namespace<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    labels: BTreeMap<String, String>,
}

/// Writes a document per namespace whose labels change, in front of each what should be known; of the others a comment.
pub(super) fn render(report: &LabelReport, out: &mut dyn Write) -> io::Result<()> {
    let (changed, kept): (Vec<_>, Vec<_>) = edits(report).partition(|edit| !edit.is_empty());
    kept.iter().try_for_each(|edit| comments(edit, out))?;
    for (at, edit) in changed.iter().enumerate() {
        if at > 0 || !kept.is_empty() {
            writeln!(out, "---")?;
        }
        comments(edit, out)?;
        let metadata = Metadata { name: &edit.row.name, labels: edit.result() };
        yaml::write(&Namespace { api_version: "v1", kind: "Namespace", metadata }, out)?;
    }
    Ok(())
}

fn comments(edit: &Edit<'_>, out: &mut dyn Write) -> io::Result<()> {
    let name = sanitize(&edit.row.name);
    edit.remarks.iter().try_for_each(|remark| writeln!(out, "# {name}: {remark}"))?;
    for step in edit.later {
        let mut labels = words::labels(step.labels.iter());
        step.remove.iter().for_each(|key| labels.push_str(&format!(" {}-", words::short(key))));
        let (when, why) = (sanitize(&step.when), sanitize(&step.why));
        writeln!(out, "# {name}, {when}: {labels} ({why})")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Style;
    use crate::render::label::{LabelFormat, rendered, sample};
    use crate::yaml::{Document, chunks};

    fn text(report: &LabelReport) -> String {
        rendered(report, LabelFormat::Manifest, &Style::default())
    }

    /// Names and labels, as kubectl would read them.
    fn read(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
        let documents = chunks(text);
        let values = documents
            .iter()
            .filter_map(|chunk| Document::parse(chunk).expect("YAML").root().map(|root| root.to_json()));
        let namespaces = values.filter(|value| !value.is_null()).map(|value| {
            assert_eq!((&value["apiVersion"], &value["kind"]), (&"v1".into(), &"Namespace".into()), "{text}");
            let labels = serde_json::from_value(value["metadata"]["labels"].clone()).expect("strings");
            (value["metadata"]["name"].as_str().expect("a name").to_owned(), labels)
        });
        namespaces.collect()
    }

    #[test]
    fn documents_and_later_steps() {
        let expected = "\
# infra: enforces baseline, though what runs there only meets privileged
# kube-system: admission does not look at it: namespace \"kube-system\" is exempt
# site: enforces the strictest level that is safe already: restricted
---
# shop: whoever applies what will be refused is told
# shop, after a week without warnings: enforce=baseline enforce-version=v1.36 warn-version- (nothing violates it)
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/warn: baseline
    pod-security.kubernetes.io/warn-version: v1.36
---
";
        let text = text(&sample::planned());
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn kubectl_reads_the_labels_back() {
        for report in sample::all() {
            let expected: Vec<_> = edits(&report)
                .filter(|edit| !edit.is_empty())
                .map(|edit| (edit.row.name.clone(), edit.result()))
                .collect();
            assert_eq!(read(&text(&report)), expected);
        }
    }
}
