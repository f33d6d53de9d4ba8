//! The list on top: a line per workload.

use std::borrow::Cow;
use std::io::{self, Write};

use super::Detail;
use crate::render::measure::{columns, cut};
use crate::render::style::{Style, Tone, counted, sanitize};
use crate::render::words::{Objection, object_name, objections, position};
use crate::report::{Asked, Report, Verdict};

/// Columns that a name keeps, however narrow the terminal.
const SHORTEST_NAME: usize = 16;

/// Columns of the last cell that names make room for; what is longer is cut where the terminal ends.
const MOST_OF_LAST: usize = 12;

/// A line, before it is laid out.
struct Row<'a> {
    sign: (&'static str, Tone),
    cells: Vec<Cell<'a>>,
}

struct Cell<'a> {
    text: Cow<'a, str>,
    tone: Tone,
}

/// Writes the list and the empty line after it, or nothing when there is nothing to list.
pub(super) fn write(report: &Report, detail: Detail, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if report.results.is_empty() {
        return Ok(());
    }
    let list = List::new(report, detail, style);
    if detail == Detail::Wide {
        list.write_header(out)?;
    }
    report.results.iter().try_for_each(|verdict| list.write_row(out, &list.row(verdict)))?;
    writeln!(out)
}

struct List<'a> {
    report: &'a Report,
    detail: Detail,
    style: &'a Style,
    /// Whether any object names a namespace.
    namespaces: bool,
    /// Columns of each cell but the last.
    widths: Vec<usize>,
}

impl<'a> List<'a> {
    fn new(report: &'a Report, detail: Detail, style: &'a Style) -> Self {
        let namespaces = report.results.iter().any(|verdict| verdict.namespace.is_some());
        let mut list = Self { report, detail, style, namespaces, widths: Vec::new() };
        let mut widths = if detail == Detail::Wide { list.header().map(columns).to_vec() } else { Vec::new() };
        for row in report.results.iter().map(|verdict| list.row(verdict)) {
            widths.resize(row.cells.len(), 0);
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = (*width).max(columns(&cell.text));
            }
        }
        list.fit(&mut widths);
        widths.pop();
        list.widths = widths;
        list
    }

    /// Takes from the names' column what is too much for the terminal, a reasonable part of the last column in view.
    fn fit(&self, widths: &mut [usize]) {
        let Some(room) = self.style.width else { return };
        let names = if self.detail == Detail::Wide { 1 } else { 0 };
        let last = widths.last().map_or(0, |width| (*width).min(MOST_OF_LAST));
        let others: usize = widths.iter().rev().skip(1).map(|width| width + 2).sum();
        let over = (4 + others + last).saturating_sub(room);
        if let Some(width) = widths.get_mut(names) {
            *width = width.saturating_sub(over).max(SHORTEST_NAME.min(*width));
        }
    }

    fn row(&self, verdict: &'a Verdict) -> Row<'a> {
        let objections = objections(self.report, verdict);
        let cells = match self.detail {
            Detail::Normal => self.normal(verdict, &objections),
            Detail::Wide => self.wide(verdict, &objections),
        };
        Row { sign: self.sign(verdict, &objections), cells }
    }

    fn sign(&self, verdict: &Verdict, objections: &[Objection<'_>]) -> (&'static str, Tone) {
        let (unicode, ascii, tone) = match (verdict.allowed, objections.is_empty(), &verdict.exempt) {
            (false, ..) => ("✗", "x", Tone::StrongBad),
            (true, false, _) => ("!", "!", Tone::StrongWarning),
            (true, true, Some(_)) => ("-", "-", Tone::Faint),
            (true, true, None) => ("✓", "+", Tone::StrongGood),
        };
        (if self.style.unicode { unicode } else { ascii }, tone)
    }

    fn normal(&self, verdict: &'a Verdict, objections: &[Objection<'_>]) -> Vec<Cell<'a>> {
        let mut cells = vec![Cell { text: object_name(verdict).into(), tone: Tone::Plain }];
        if self.namespaces {
            cells.push(namespace(verdict));
        }
        cells.push(meets(verdict));
        let mut remarks: Vec<_> = objections.iter().map(|objection| self.count(objection)).collect();
        remarks.extend(self::remarks(verdict));
        let tone = objections.first().map_or(Tone::Faint, worst);
        cells.push(Cell { text: remarks.join(", ").into(), tone });
        cells
    }

    /// `4 findings`, `4 findings against restricted:v1.37 (audit, warn)`.
    fn count(&self, objection: &Objection<'_>) -> String {
        let count = counted(objection.findings.len(), "finding", "findings");
        if objection.modes.is_empty() {
            return count;
        }
        format!("{count} against {} ({})", objection.policy_text(), objection.modes_text())
    }

    fn header(&self) -> [&'static str; 6] {
        ["NAMESPACE", "WORKLOAD", "APIVERSION", "MEETS", "FILE:LINE", "MISSING"]
    }

    fn wide(&self, verdict: &'a Verdict, objections: &[Objection<'_>]) -> Vec<Cell<'a>> {
        let mut source = verdict.source.clone();
        source.column = None;
        let mut missing: Vec<_> = objections.iter().map(|objection| self.missing(objection)).collect();
        missing.extend(remarks(verdict));
        let missing = if missing.is_empty() { "-".to_owned() } else { missing.join("; ") };
        let plain = |text| Cell { text, tone: Tone::Plain };
        vec![
            namespace(verdict),
            plain(object_name(verdict).into()),
            plain(sanitize(&verdict.api_version)),
            meets(verdict),
            plain(position(&source).into()),
            Cell { text: missing.into(), tone: objections.first().map_or(Tone::Faint, worst) },
        ]
    }

    /// The checks that fail; with modes, also for which policy.
    fn missing(&self, objection: &Objection<'_>) -> String {
        let checks: Vec<_> = objection.findings.iter().map(|placed| placed.finding.check).collect();
        let checks = checks.join(", ");
        if objection.modes.is_empty() {
            return checks;
        }
        format!("{checks} for {} ({})", objection.policy_text(), objection.modes_text())
    }

    fn write_header(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut header = self.header().map(Cow::Borrowed);
        if let Asked::Level(_) = self.report.asked {
            header[5] = format!("MISSING FOR {}", self.report.policy_text()).into();
        }
        let cells = header.into_iter().map(|text| Cell { text, tone: Tone::Strong }).collect();
        self.write_row(out, &Row { sign: (" ", Tone::Plain), cells })
    }

    fn write_row(&self, out: &mut dyn Write, row: &Row<'_>) -> io::Result<()> {
        let (sign, tone) = row.sign;
        write!(out, "  {}", self.style.paint(tone, sign))?;
        let mut written = 3;
        let mut start = 4;
        for (at, cell) in row.cells.iter().enumerate() {
            let width = self.widths.get(at).copied();
            let room = width.or_else(|| self.style.width.map(|all| all.saturating_sub(start))).unwrap_or(usize::MAX);
            let text = cut(&cell.text, room, self.style.ellipsis());
            if !text.is_empty() {
                write!(out, "{:1$}{2}", "", start - written, self.style.paint(cell.tone, &text))?;
                written = start + columns(&text);
            }
            start += width.unwrap_or(0) + 2;
        }
        writeln!(out)
    }
}

fn namespace(verdict: &Verdict) -> Cell<'_> {
    Cell { text: verdict.namespace.as_deref().map_or("-".into(), sanitize), tone: Tone::Plain }
}

/// What a reader may not expect of the workload or of how it was judged.
fn remarks(verdict: &Verdict) -> impl Iterator<Item = String> {
    let exempt = verdict.exempt.as_deref().map(|why| sanitize(why).into_owned());
    let unknown = (!verdict.namespace_is_known).then(|| "its namespace's labels are not known".to_owned());
    let custom = verdict.custom.then(|| "custom resource".to_owned());
    [exempt, unknown, custom].into_iter().flatten()
}

fn meets(verdict: &Verdict) -> Cell<'_> {
    Cell { text: verdict.meets.as_str().into(), tone: Tone::met(verdict.meets) }
}

/// How bad the worst of the findings is.
fn worst(objection: &Objection<'_>) -> Tone {
    objection.findings.iter().map(|placed| placed.finding.level).min().map_or(Tone::Plain, Tone::broken)
}
