//! Standard output and standard error, and what the terminals behind them can show.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use crate::render::{self, Style};

/// When to write colours: the value of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// On a terminal that can show them, unless the environment says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a command writes to.
pub struct Streams {
    /// Results.
    pub out: Box<dyn Write>,
    /// Everything else.
    pub err: Box<dyn Write>,
    /// Whether `out` is a terminal.
    pub out_is_terminal: bool,
    /// Whether `err` is a terminal.
    pub err_is_terminal: bool,
    /// How many warnings of a server were told.
    server_warnings: usize,
}

impl Streams {
    /// The process' own streams.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            out_is_terminal: io::stdout().is_terminal(),
            err_is_terminal: io::stderr().is_terminal(),
            server_warnings: 0,
        }
    }

    /// Tells what a server warns of.
    pub(super) fn warn_of_server(&mut self, text: &str, asked: Option<Color>) -> io::Result<()> {
        self.server_warnings += 1;
        let style = self.err_style(asked);
        render::warning(text, &style, &mut self.err)
    }

    /// How many warnings of a server were told.
    pub(super) fn server_warnings(&self) -> usize {
        self.server_warnings
    }

    /// Whether results are coloured; `None` asks for the default.
    pub(super) fn out_color(&self, asked: Option<Color>) -> bool {
        wants_color(asked, self.out_is_terminal)
    }

    /// Whether messages are coloured.
    pub(super) fn err_color(&self, asked: Option<Color>) -> bool {
        wants_color(asked, self.err_is_terminal)
    }

    /// How results are to look.
    pub(super) fn out_style(&self, asked: Option<Color>) -> Style {
        Style {
            color: self.out_color(asked),
            unicode: shows_unicode(),
            width: if self.out_is_terminal { terminal_width() } else { None },
            brief: false,
            next: None,
        }
    }

    /// How a dialogue on standard error is to look.
    pub(super) fn dialogue_style(&self, asked: Option<Color>) -> Style {
        Style { width: if self.err_is_terminal { terminal_width() } else { None }, ..self.err_style(asked) }
    }

    /// How messages are to look.
    pub(super) fn err_style(&self, asked: Option<Color>) -> Style {
        Style { color: self.err_color(asked), unicode: shows_unicode(), width: None, brief: false, next: None }
    }
}

fn wants_color(asked: Option<Color>, is_terminal: bool) -> bool {
    let terminal = is_terminal && shows_color(cfg!(windows), |name| env::var_os(name));
    decide_color(asked.unwrap_or(Color::Auto), terminal, |name| env::var_os(name))
}

/// The order of precedence: the flag, `NO_COLOR` (set at all, as kubectl has it), `CLICOLOR_FORCE`, the terminal.
fn decide_color(asked: Color, terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    match asked {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if variable("NO_COLOR").is_some() => false,
        Color::Auto if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Color::Auto => terminal,
    }
}

/// Whether a terminal can show colours. Of those on Windows, kubectl knows it of Windows Terminal only, which sets
/// `WT_SESSION`.
fn shows_color(is_windows: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("TERM").is_none_or(|term| term != "dumb") && (!is_windows || variable("WT_SESSION").is_some())
}

/// Whether the locale can show more than ASCII. One that is not set is taken for a container's, which can.
fn shows_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(env::var_os).find(|value| !value.is_empty());
    locale.is_none_or(|locale| {
        let locale = locale.to_string_lossy().to_ascii_uppercase();
        locale.contains("UTF-8") || locale.contains("UTF8")
    })
}

/// Columns of the terminal: what `COLUMNS` says, else what the terminal says.
fn terminal_width() -> Option<usize> {
    let told = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    told.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
    }

    #[test]
    fn the_flag_comes_before_the_environment_and_that_before_the_terminal() {
        let both = [("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")];
        assert!(decide_color(Color::Always, false, variables(&both)));
        assert!(!decide_color(Color::Never, true, variables(&both[1..])));
        assert!(!decide_color(Color::Auto, true, variables(&both)), "set at all is enough");
        assert!(decide_color(Color::Auto, false, variables(&both[1..])));
        assert!(decide_color(Color::Auto, true, variables(&[("CLICOLOR_FORCE", "0")])));
        assert!(!decide_color(Color::Auto, false, variables(&[])));
    }

    #[test]
    fn terminals_of_windows_tell_that_they_can() {
        assert!(shows_color(false, variables(&[("TERM", "xterm")])));
        assert!(!shows_color(false, variables(&[("TERM", "dumb")])));
        assert!(!shows_color(true, variables(&[])), "the old console prints escape sequences as they are");
        assert!(shows_color(true, variables(&[("WT_SESSION", "1")])));
    }
}
