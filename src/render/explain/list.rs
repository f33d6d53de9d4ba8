//! The list of checks: a line each, by level.

use std::io;

use super::page::Page;
use crate::checks::{CHECKS, Check, Cis};
use crate::explain::Field;
use crate::policy::Level;
use crate::render::measure::{columns, cut};
use crate::render::style::{Style, Tone};

/// Columns before the first cell.
const MARGIN: usize = 2;

/// Writes all checks and what to do next.
pub(super) fn write_all(page: &mut Page<'_>) -> io::Result<()> {
    write_checks(page, CHECKS)?;
    page.gap()?;
    page.hanging(0, "next: ", "kubectl secctx explain runAsNonRoot")
}

/// Writes what lies below a field.
pub(super) fn write_below(page: &mut Page<'_>, checks: &[&'static Check], fields: &[&'static Field]) -> io::Result<()> {
    if !checks.is_empty() {
        write_checks(page, checks)?;
    }
    if !fields.is_empty() {
        page.heading("fields that Pod Security does not judge")?;
        let widest = fields.iter().map(|field| field.label().len()).max().unwrap_or(0);
        for field in fields {
            let room = page.width().saturating_sub(MARGIN + widest + 2);
            let end = [". ", ": ", ", as "].iter().filter_map(|end| field.what.find(end)).min();
            let first = end.map_or(field.what, |end| &field.what[..end]);
            let first = cut(first.trim_end_matches('.'), room, page.style.ellipsis());
            writeln!(page.out, "{:MARGIN$}{:<widest$}  {first}", "", field.label())?;
        }
    }
    page.gap()?;
    let first = checks.first().map(|check| check.id).or_else(|| fields.first().map(|field| field.label()));
    page.hanging(0, "next: ", &format!("kubectl secctx explain {}", first.unwrap_or_default()))
}

fn write_checks(page: &mut Page<'_>, checks: &[&Check]) -> io::Result<()> {
    page.gap()?;
    let head = Row::head();
    let rows: Vec<_> = checks.iter().map(|check| (check.level, Row::of(check))).collect();
    let widths = widths(rows.iter().map(|(_, row)| row).chain([&head]), page.width());
    head.write(page, &widths, &[Tone::Strong; 5])?;
    for level in [Level::Baseline, Level::Restricted] {
        let of_level: Vec<_> = rows.iter().filter(|(of, _)| *of == level).collect();
        if of_level.is_empty() {
            continue;
        }
        let title = if level == Level::Baseline { "baseline" } else { "restricted, besides baseline" };
        writeln!(page.out, "{}", page.style.paint(Tone::broken(level).strong(), title))?;
        for (_, row) in of_level {
            row.write(page, &widths, &[Tone::Strong, Tone::Plain, Tone::Plain, row.fix, Tone::Faint])?;
        }
    }
    Ok(())
}

struct Row {
    cells: [String; 5],
    fix: Tone,
}

impl Row {
    fn head() -> Self {
        let cis = format!("CIS {}", Cis::NEWEST);
        Self { cells: ["CHECK", "CONTROL", "SINCE", "FIX", &cis].map(str::to_owned), fix: Tone::Strong }
    }

    fn of(check: &Check) -> Self {
        let since = check.revisions.first().map_or(0, |revision| revision.since);
        let newest = check.cis.iter().filter(|cis| cis.benchmarks.contains(&Cis::NEWEST));
        let cis = numbers(&newest.map(|cis| cis.number).collect::<Vec<_>>());
        let fix = check.fix.as_str().to_owned();
        Self {
            cells: [check.id.to_owned(), check.title.to_owned(), format!("v1.{since}"), fix, cis],
            fix: Tone::fix(check.fix),
        }
    }

    fn write(&self, page: &mut Page<'_>, widths: &[usize; 5], tones: &[Tone; 5]) -> io::Result<()> {
        let Page { style, out, .. } = page;
        write!(out, "{:MARGIN$}", "")?;
        let mut gap = 0;
        for ((cell, width), tone) in self.cells.iter().zip(widths).zip(tones) {
            let text = cut(cell, *width, Style::ellipsis(style));
            write!(out, "{:gap$}{}", "", style.paint(*tone, &text))?;
            gap = width.saturating_sub(columns(&text)) + 2;
        }
        writeln!(out)
    }
}

/// `5.2.3-5` for numbers that follow each other, else one after another.
fn numbers(numbers: &[&str]) -> String {
    let parts = |number: &str| {
        let (front, last) = number.rsplit_once('.')?;
        Some((front.to_owned(), last.parse::<usize>().ok()?))
    };
    let follows = |pair: &[&str]| match (parts(pair[0]), parts(pair[1])) {
        (Some((front, one)), Some((other_front, next))) => front == other_front && next == one + 1,
        _ => false,
    };
    match numbers {
        [] => "-".to_owned(),
        [first, .., last] if numbers.windows(2).all(follows) => {
            format!("{first}-{}", last.rsplit('.').next().unwrap_or_default())
        }
        numbers => numbers.join(", "),
    }
}

/// Columns of each cell; the title gives way where the page is narrow.
fn widths<'a>(rows: impl Iterator<Item = &'a Row>, page: usize) -> [usize; 5] {
    let mut widths = [0; 5];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(columns(cell));
        }
    }
    let used = MARGIN + widths.iter().sum::<usize>() + 2 * 4;
    widths[1] = widths[1].saturating_sub(used.saturating_sub(page)).max(8);
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_put_together() {
        assert_eq!(numbers(&[]), "-");
        assert_eq!(numbers(&["5.2.2"]), "5.2.2");
        assert_eq!(numbers(&["5.2.3", "5.2.4", "5.2.5"]), "5.2.3-5");
        assert_eq!(numbers(&["5.2.8", "5.2.10"]), "5.2.8, 5.2.10");
    }

    #[test]
    fn the_list_fits_a_terminal_without_cuts() {
        let mut out = Vec::new();
        write_all(&mut Page::new(&Style::default(), &mut out)).expect("a vector takes everything");
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
        assert!(CHECKS.iter().all(|check| text.contains(check.id) && text.contains(check.title)), "{text}");
        let mut out = Vec::new();
        write_all(&mut Page::new(&Style { width: Some(60), ..Style::default() }, &mut out)).expect("a vector");
        assert!(String::from_utf8_lossy(&out).lines().all(|line| columns(line) <= 70));
    }
}
