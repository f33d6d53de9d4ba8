//! Writes a report that comes in parts, with memory for a few parts only.
//!
//! Parts are rendered on any thread by [`Printer::part`]; [`Pages`] takes them in the order of the input, and writes them as
//! they come. A format whose first lines tell what only the last part knows has the texts wait in a [`Spool`].

use std::io::{self, Write};

use rayon::prelude::*;

use super::around::Around;
use super::junit::Suites;
use super::spool::Spool;
use super::table::{List, Namespaces};
use super::{Format, Style, github, json, junit, markdown, name, psa, sarif, table, yaml};
use crate::report::{Basis, Problem, Report, Summary, Verdict};

/// Verdicts of a whole report that one processor renders at a time.
const PART: usize = 32;

/// Verdicts that are rendered before anything of them is passed on: bounds what is held in memory.
const WINDOW: usize = 1024;

/// Renders parts of a report.
#[derive(Debug, Clone)]
pub struct Printer {
    pub(super) basis: Basis,
    pub(super) format: Format,
    pub(super) style: Style,
}

/// What a part of a report adds to the output.
#[derive(Debug, Default)]
pub struct Part {
    /// Of each verdict, in a format that lists all verdicts first, its line there.
    pub(super) rows: Vec<u8>,
    /// Of each verdict all that is said of it.
    pub(super) text: Vec<u8>,
    /// What the list of a table has to know of its rows.
    pub(super) list: List,
    /// What a table tells of namespaces.
    pub(super) namespaces: Namespaces,
    /// Which files the texts of a JUnit report are about.
    pub(super) suites: Suites,
}

/// The parts of a report, put together.
#[derive(Debug)]
pub struct Pages<'p> {
    pub(super) printer: &'p Printer,
    pub(super) rows: Spool,
    pub(super) body: Spool,
    pub(super) list: List,
    pub(super) namespaces: Namespaces,
    pub(super) suites: Suites,
    /// Whether the list of a document was begun, so that its items go on with it.
    has_items: bool,
}

impl Printer {
    /// For reports with this basis.
    #[must_use]
    pub fn new(basis: Basis, format: Format, style: Style) -> Self {
        // Narrower than this, nothing sensible can be laid out; the terminal may break the lines.
        let style = Style { width: style.width.map(|width| width.max(40)), ..style };
        Self { basis, format, style }
    }

    /// Renders a part.
    ///
    /// # Errors
    /// Where something cannot be written in this format, which no data is known to do.
    pub fn part(&self, report: &Report) -> io::Result<Part> {
        self.render(&report.results, &report.errors.listed("errors"))
    }

    /// Renders a whole report on all processors, a number of parts at a time, and passes the parts on in order.
    pub(super) fn parts(&self, report: &Report, take: &mut dyn FnMut(Part) -> io::Result<()>) -> io::Result<()> {
        for window in report.results.chunks(WINDOW) {
            let parts: Vec<_> = window.par_chunks(PART).map(|verdicts| self.render(verdicts, &[])).collect();
            parts.into_iter().try_for_each(|part| take(part?))?;
        }
        take(self.render(&[], &report.errors.listed("errors"))?)
    }

    fn render(&self, verdicts: &[Verdict], errors: &[Problem]) -> io::Result<Part> {
        let mut part = Part::default();
        match self.format {
            Format::Table | Format::Wide => table::part(self, verdicts, &mut part),
            Format::Json => json::part(self.basis, verdicts, &mut part.text),
            Format::Yaml => yaml::part(self.basis, verdicts, &mut part.text),
            Format::Sarif => sarif::part(self.basis, verdicts, &mut part.text),
            Format::Junit => junit::part(self.basis, verdicts, errors, &mut part),
            Format::Github => github::part(self.basis, verdicts, &mut part.text),
            Format::Markdown => markdown::part(self.basis, verdicts, &mut part),
            Format::Name => name::part(verdicts, &mut part.text),
            Format::Psa => psa::part(verdicts, &mut part.text),
        }?;
        Ok(part)
    }

    /// An output to which nothing was added yet.
    #[must_use]
    pub fn pages(&self) -> Pages<'_> {
        let (rows, body) = (Spool::default(), Spool::default());
        let (list, namespaces, suites) = (List::default(), Namespaces::default(), Suites::default());
        Pages { printer: self, rows, body, list, namespaces, suites, has_items: false }
    }

    /// Whether what is said of a workload is written before all are known.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        match self.format {
            Format::Name | Format::Psa | Format::Github | Format::Json | Format::Yaml | Format::Sarif => true,
            Format::Table | Format::Wide | Format::Junit | Format::Markdown => false,
        }
    }

    /// What stands around the results, in a format that has them in a list.
    fn around(&self, summary: &Summary) -> io::Result<Option<Around>> {
        Ok(Some(match self.format {
            Format::Json => json::around(summary)?,
            Format::Yaml => yaml::around(summary)?,
            Format::Sarif => sarif::around(summary)?,
            _ => return Ok(None),
        }))
    }
}

impl Pages<'_> {
    /// Adds the next part; a format that can writes it to `out`.
    ///
    /// # Errors
    /// Those of `out`, and of the file in which longer texts wait.
    pub fn take(&mut self, part: Part, out: &mut dyn Write) -> io::Result<()> {
        if self.printer.is_immediate() {
            return self.pass(&part.text, out);
        }
        self.rows.write_all(&part.rows)?;
        self.body.write_all(&part.text)?;
        self.list.add(part.list);
        self.namespaces.add(part.namespaces);
        self.suites.add(part.suites);
        Ok(())
    }

    /// Writes a text at once, with what stands before the first.
    fn pass(&mut self, mut text: &[u8], out: &mut dyn Write) -> io::Result<()> {
        if !self.has_items && !text.is_empty() {
            self.has_items = true;
            if let Some(around) = self.printer.around(&Summary::new(self.printer.basis))? {
                around.begin(out)?;
                // Each item of JSON stands behind a comma, but for the first.
                text = text.strip_prefix(b",").unwrap_or(text);
            }
        }
        out.write_all(text)
    }

    /// Writes what is left to be written.
    ///
    /// # Errors
    /// Those of `out`, and of the file in which longer texts wait.
    pub fn finish(self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        match (self.printer.format, self.printer.around(summary)?) {
            (_, Some(around)) if self.has_items => around.end(out),
            (_, Some(around)) => around.empty(out),
            (Format::Table | Format::Wide, _) => table::finish(self, summary, out),
            (Format::Junit, _) => junit::finish(self.body, &self.suites, out),
            (Format::Github, _) => github::finish(summary, out),
            (Format::Markdown, _) => markdown::finish(self, summary, out),
            _ => Ok(()),
        }?;
        out.flush()
    }
}
