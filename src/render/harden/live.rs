//! What is told while objects of a cluster are hardened, and what it came to.

use std::io::{self, Write};

use crate::render::measure::{columns, wrap};
use crate::render::style::{Style, Tone, sanitize};

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should.
    Good,
    /// Not done, or not to the end, as it was asked for.
    Left,
    /// Not as it should.
    Bad,
    /// Something is going on.
    Step,
}

impl Mark {
    fn shown(self, style: &Style) -> (&'static str, Tone) {
        let (unicode, ascii, tone) = match self {
            Self::Good => ("✓", "+", Tone::StrongGood),
            Self::Left => ("-", "-", Tone::StrongWarning),
            Self::Bad => ("✗", "x", Tone::StrongBad),
            Self::Step => ("…", ".", Tone::Faint),
        };
        (if style.unicode { unicode } else { ascii }, tone)
    }
}

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FateRow {
    /// How it went.
    pub mark: Mark,
    /// As `deployment/web`.
    pub name: String,
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// What became of it.
    pub text: String,
}

/// Writes one line about something that is done.
///
/// # Errors
/// Those of `out`.
pub fn step(mark: Mark, text: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (sign, tone) = mark.shown(style);
    writeln!(out, "  {} {}", style.paint(tone, sign), sanitize(text))
}

/// Writes a line of less weight below another.
///
/// # Errors
/// Those of `out`.
pub fn aside(text: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let text = sanitize(text);
    let room = style.width.map(|width| width.max(40) - 4);
    wrap(&text, room).into_iter().try_for_each(|line| writeln!(out, "    {}", style.paint(Tone::Faint, line)))
}

/// Writes a command below another line, whole: what a terminal wraps can still be copied.
///
/// # Errors
/// Those of `out`.
pub fn command(label: &str, command: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "    {} {}", style.paint(Tone::Faint, &sanitize(label)), sanitize(command))
}

/// Writes a line that stands out, with what is known beside it.
///
/// # Errors
/// Those of `out`.
pub fn heading(text: &str, beside: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let beside =
        if beside.is_empty() { String::new() } else { format!("  {}", style.paint(Tone::Faint, &sanitize(beside))) };
    writeln!(out, "{}{beside}", style.paint(Tone::Strong, &sanitize(text)))
}

/// Writes what became of several objects, a line each.
///
/// # Errors
/// Those of `out`.
pub fn fates(rows: &[FateRow], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let width =
        |text: fn(&FateRow) -> &str| rows.iter().map(|row| columns(&sanitize(text(row)))).max().unwrap_or_default();
    let (names, namespaces) = (width(|row| &row.name), width(|row| &row.namespace));
    for row in rows {
        let (sign, tone) = row.mark.shown(style);
        let padded = |text: &str, width: usize| {
            let text = sanitize(text).into_owned();
            let gap = width.saturating_sub(columns(&text)) + 2;
            format!("{text}{:gap$}", "")
        };
        let namespace = if namespaces == 0 { String::new() } else { padded(&row.namespace, namespaces) };
        writeln!(out, "  {} {}{namespace}{}", style.paint(tone, sign), padded(&row.name, names), sanitize(&row.text))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_stand_in_columns_and_are_harmless() {
        let row = |mark, name: &str, text: &str| FateRow {
            mark,
            name: name.to_owned(),
            namespace: "shop".to_owned(),
            text: text.to_owned(),
        };
        let rows =
            [row(Mark::Good, "deployment/web", "3 new pods are ready"), row(Mark::Bad, "pod/a", "no\u{1b}[2J\nway")];
        let mut out = Vec::new();
        fates(&rows, &Style { unicode: true, ..Style::default() }, &mut out).unwrap();
        let expected = "  ✓ deployment/web  shop  3 new pods are ready\n  ✗ pod/a           shop  no^[[2J\\nway\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
