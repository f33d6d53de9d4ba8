//! What pages of explanations are made of: labels, headings, paragraphs and lines of YAML.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::render::measure::{columns, wrap};
use crate::render::style::{Style, Tone, sanitize};

/// Columns where nobody says how many there are, as kubectl explain has it.
const USUAL: usize = 80;

/// More columns than this make paragraphs hard to read.
const MOST: usize = 100;

/// Columns that paragraphs are indented by.
pub(super) const INDENT: usize = 4;

/// Columns of a label with the space behind it.
const LABEL: usize = 10;

/// Writes the pieces of explanations.
pub(super) struct Page<'a> {
    pub(super) style: Style,
    pub(super) out: &'a mut dyn Write,
    told: BTreeSet<&'static str>,
    is_begun: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(style: &Style, out: &'a mut dyn Write) -> Self {
        let width = style.width.unwrap_or(USUAL).clamp(40, MOST);
        Self { style: Style { width: Some(width), ..style.clone() }, out, told: BTreeSet::new(), is_begun: false }
    }

    /// Columns of the page.
    pub(super) fn width(&self) -> usize {
        self.style.width.unwrap_or(USUAL)
    }

    /// Tells about something unless that was done before.
    pub(super) fn once(
        &mut self,
        name: &'static str,
        tell: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.told.insert(name) { tell(self) } else { Ok(()) }
    }

    /// Whether it was told already; from now on it was.
    pub(super) fn was_told(&mut self, name: &'static str) -> bool {
        !self.told.insert(name)
    }

    /// An empty line, but not at the top.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_begun, true) { writeln!(self.out) } else { Ok(()) }
    }

    /// `LEVEL:    restricted`, wrapped below its value.
    pub(super) fn label(&mut self, label: &str, value: &str, tone: Tone) -> io::Result<()> {
        let head = format!("{label}:");
        write!(self.out, "{}{:2$}", self.style.paint(Tone::Strong, &head), "", LABEL.saturating_sub(head.len()))?;
        for (at, line) in wrap(value, Some(self.width() - LABEL)).into_iter().enumerate() {
            let indent = if at == 0 { 0 } else { LABEL };
            writeln!(self.out, "{:indent$}{}", "", self.style.paint(tone, line))?;
        }
        Ok(())
    }

    /// A heading with an empty line before it.
    pub(super) fn heading(&mut self, heading: &str) -> io::Result<()> {
        self.gap()?;
        writeln!(self.out, "{}", self.style.paint(Tone::Strong, heading))
    }

    /// A paragraph.
    pub(super) fn paragraph(&mut self, text: &str) -> io::Result<()> {
        self.hanging(INDENT, "", text)
    }

    /// A heading and a paragraph.
    pub(super) fn section(&mut self, heading: &str, text: &str) -> io::Result<()> {
        self.heading(heading)?;
        self.paragraph(text)
    }

    /// A text with something in front of its first line, below which its other lines begin.
    pub(super) fn hanging(&mut self, indent: usize, front: &str, text: &str) -> io::Result<()> {
        let start = indent + columns(front);
        for (at, line) in wrap(text, Some(self.width().saturating_sub(start).max(20))).into_iter().enumerate() {
            if at == 0 {
                writeln!(self.out, "{:indent$}{}{line}", "", self.style.paint(Tone::Hint, front))?;
            } else {
                writeln!(self.out, "{:start$}{line}", "")?;
            }
        }
        Ok(())
    }

    /// Lines of YAML, indented.
    pub(super) fn yaml(&mut self, indent: usize, text: &str) -> io::Result<()> {
        for line in text.lines() {
            let line = sanitize(line);
            writeln!(self.out, "{:indent$}{}", "", self.style.paint(Tone::Good, &line))?;
        }
        Ok(())
    }
}
