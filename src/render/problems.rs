//! What goes to standard error: errors and warnings about the input.

use std::io::{self, Write};

use super::style::{Style, Tone, sanitize};
use super::words::position;
use crate::report::{Problem, Summary};

/// Writes a report's warnings and errors, a line each: `Warning: shop.yaml:3:1: …`, `error: shop.yaml:12:23: …`.
///
/// # Errors
/// Those of `out`.
pub fn problems(summary: &Summary, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    problem_lists(&summary.warnings.listed("warnings"), &summary.errors.listed("errors"), style, out)
}

/// Writes any report's warnings and errors as [`problems`] does.
///
/// # Errors
/// Those of `out`.
pub fn problem_lists(warnings: &[Problem], errors: &[Problem], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    warnings.iter().try_for_each(|problem| warning(&text(problem), style, out))?;
    errors.iter().try_for_each(|problem| error(&text(problem), style, out))
}

/// Writes a warning as kubectl writes those of the server.
///
/// # Errors
/// Those of `out`.
pub fn warning(message: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {}", style.paint(Tone::StrongWarning, "Warning:"), sanitize(message))
}

/// Writes an error that is about no place in the input.
///
/// # Errors
/// Those of `out`.
pub fn error(message: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {}", style.paint(Tone::StrongBad, "error:"), sanitize(message))
}

fn text(problem: &Problem) -> String {
    format!("{}: {}", position(&problem.source), sanitize(&problem.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    fn written(style: &Style) -> String {
        let mut out = Vec::new();
        problems(&Summary::of(&sample::hostile()), style, &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_line_each_and_harmless() {
        assert_eq!(
            written(&Style::default()),
            "Warning: a b^[#,:%/ü.yaml:5:3: the key \"na\\u{202e}me\" comes twice\n\
             error: b.yaml:40:3: not YAML: ^[[31m<oops>\n\
             error: gone.yaml: no such file\n"
        );
    }

    #[test]
    fn the_first_word_is_coloured() {
        let text = written(&Style { color: true, ..Style::default() });
        let starts: Vec<_> = text.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(
            starts,
            ["\u{1b}[1;33mWarning:\u{1b}[0m", "\u{1b}[1;31merror:\u{1b}[0m", "\u{1b}[1;31merror:\u{1b}[0m"]
        );
    }
}
