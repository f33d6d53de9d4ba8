//! Writes a [`LabelReport`]: one file per format, all from the same data.

mod blocks;
mod causes;
mod closing;
mod edits;
mod format;
mod json;
mod kubectl;
mod lists;
mod manifest;
mod markdown;
mod plans;
#[cfg(test)]
mod sample;
mod server;
mod table;
mod text;
mod words;

pub use format::LabelFormat;

use std::io::{self, BufWriter, Write};

use super::style::Style;
use crate::report::label::LabelReport;

/// Writes what labels would come to; [`problem_lists`](super::problem_lists) writes what belongs to standard error.
///
/// # Errors
/// Those of `out`.
pub fn label(report: &LabelReport, format: LabelFormat, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    match format {
        LabelFormat::Table => table::render(report, false, style, &mut out),
        LabelFormat::Wide => table::render(report, true, style, &mut out),
        LabelFormat::Json => super::json::write(&json::document(report), &mut out),
        LabelFormat::Yaml => super::yaml::write(&json::document(report), &mut out),
        LabelFormat::Kubectl => kubectl::render(report, &mut out),
        LabelFormat::Manifest => manifest::render(report, &mut out),
        LabelFormat::Markdown => markdown::render(report, &mut out),
    }?;
    out.flush()
}

/// The text of a report in a format, as its tests compare it.
#[cfg(test)]
fn rendered(report: &LabelReport, format: LabelFormat, style: &Style) -> String {
    let mut out = Vec::new();
    label(report, format, style, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("all formats are UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::style::is_harmful;

    #[test]
    fn no_format_lets_harmful_characters_through() {
        for format in LabelFormat::ALL {
            for report in sample::all() {
                let text = rendered(&report, format, &Style { unicode: true, ..Style::default() });
                let harmful: Vec<_> = text.chars().filter(|c| *c != '\n' && is_harmful(*c)).collect();
                assert!(harmful.is_empty(), "{format}: {harmful:?} in {text}");
                assert!(text.is_empty() || text.ends_with('\n') && !text.ends_with("\n\n"), "{format}: {text}");
            }
        }
    }

    #[test]
    fn every_format_is_found_by_its_word() {
        for format in LabelFormat::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!(
            "xml".parse::<LabelFormat>().unwrap_err(),
            "unable to match a printer suitable for the output format \"xml\", allowed formats are: \
             table,wide,json,yaml,kubectl,manifest,markdown"
        );
    }

    /// A pipe whose reader has gone.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_known_as_one() {
        for format in LabelFormat::ALL {
            let error = label(&sample::big(), format, &Style::default(), &mut Closed).expect_err("nobody reads");
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format}");
        }
    }
}
