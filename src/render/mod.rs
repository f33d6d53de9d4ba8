//! Writes a [`Report`]: one file per format, all from the same data.

mod around;
mod columns;
mod escaping;
mod explain;
mod format;
mod github;
pub mod harden;
mod json;
mod junit;
mod label;
mod markdown;
mod measure;
mod name;
mod printer;
mod problems;
mod psa;
mod rollout;
#[cfg(test)]
mod sample;
mod sarif;
mod sentence;
mod shell;
mod sink;
mod spool;
mod spots;
mod style;
mod table;
mod version;
mod words;
mod yaml;

pub use explain::{Explanation, explanation, explanation_json};
pub use format::Format;
pub use harden::HardenFormat;
pub use label::{LabelFormat, label};
pub use printer::{Pages, Part, Printer};
pub use problems::{error, problem_lists, problems, warning};
pub use rollout::{rollout, rollout_line};
pub use shell::shell_word;
pub use style::{Style, plural, sanitize};
pub use version::{VersionFormat, versions};

use std::io::{self, BufWriter, Write};

use crate::report::{Report, Summary};

/// Writes the results of a whole report to `out`; [`problems`] writes what belongs to standard error.
///
/// # Errors
/// Those of `out`, and of the file in which longer texts wait.
pub fn render(report: &Report, format: Format, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let printer = Printer::new(report.basis(), format, style.clone());
    let mut pages = printer.pages();
    printer.parts(report, &mut |part| pages.take(part, &mut out))?;
    pages.finish(&Summary::of(report), &mut out)
}

/// The text of a report in a format, as its tests compare it.
#[cfg(test)]
fn rendered(report: &Report, format: Format, style: &Style) -> String {
    let mut out = Vec::new();
    render(report, format, style, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("all formats are UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports() -> [Report; 4] {
        [sample::shop(), sample::hostile(), sample::labelled(), sample::empty()]
    }

    #[test]
    fn no_format_lets_harmful_characters_through() {
        for format in Format::ALL {
            for report in reports() {
                let text = rendered(&report, format, &Style { unicode: true, ..Style::default() });
                let harmful: Vec<_> = text.chars().filter(|c| *c != '\n' && style::is_harmful(*c)).collect();
                assert!(harmful.is_empty(), "{format}: {harmful:?} in {text}");
            }
        }
    }

    #[test]
    fn every_format_ends_with_a_line_break_or_is_empty() {
        for format in Format::ALL {
            for report in reports() {
                let text = rendered(&report, format, &Style::default());
                assert!(text.is_empty() || text.ends_with('\n') && !text.ends_with("\n\n"), "{format}: {text}");
            }
        }
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
        let mut report = sample::shop();
        report.results = std::iter::repeat_n(report.results, 700).flatten().collect();
        for format in Format::ALL {
            let error = render(&report, format, &Style::default(), &mut Closed).expect_err("nobody reads");
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format}");
        }
    }
}
