//! Questions on the terminal.
//!
//! Esc and Ctrl-C are `None` everywhere: the user wants to leave. Keys come from the terminal also where standard input is
//! something else.

use std::borrow::Cow;
use std::io;

use dialoguer::console::{Key, Term, measure_text_width, truncate_str};
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, FuzzySelect, Select};

use super::interrupt::{Asking, SHOW_CURSOR};
use super::{Failure, Streams};

/// Room that a list needs beside its items.
const MARGIN: usize = 4;

/// Asks for yes or no; no is what Enter means.
pub(super) fn confirm(question: &str, streams: &mut Streams) -> Result<Option<bool>, Failure> {
    let theme = theme(streams);
    ask(streams, || Confirm::with_theme(&*theme).with_prompt(question).default(false).interact_opt())
}

/// Lets one of the items be chosen, by arrow keys; Enter means the one at `default`. The position of the chosen one.
pub(super) fn select(
    question: &str,
    items: &[String],
    default: usize,
    streams: &mut Streams,
) -> Result<Option<usize>, Failure> {
    let theme = theme(streams);
    let items = fitting(items);
    ask(streams, || Select::with_theme(&*theme).with_prompt(question).items(&items).default(default).interact_opt())
}

/// The same for many items: what is typed leaves those that match.
pub(super) fn search(question: &str, items: &[String], streams: &mut Streams) -> Result<Option<usize>, Failure> {
    let theme = theme(streams);
    let items = fitting(items);
    ask(streams, || {
        FuzzySelect::with_theme(&*theme).with_prompt(question).items(&items).default(0).report(false).interact_opt()
    })
}

/// Asks for a line of text; Enter alone means `default`. What `check` does not like is asked for again.
pub(super) fn text(
    question: &str,
    default: &str,
    check: &dyn Fn(&str) -> Result<(), String>,
    streams: &mut Streams,
) -> Result<Option<String>, Failure> {
    loop {
        let answer = ask(streams, || line(question, default).map_err(dialoguer::Error::IO))?;
        let Some(answer) = answer else { return Ok(None) };
        match check(&answer) {
            Ok(()) => return Ok(Some(answer)),
            Err(why) => writeln!(streams.err, "  {why}")?,
        }
    }
}

/// Reads a line key by key: dialoguer's own reader knows no Esc.
fn line(question: &str, default: &str) -> io::Result<Option<String>> {
    let terminal = Term::stderr();
    let hint = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    terminal.write_str(&format!("? {question}{hint}: "))?;
    let mut typed = String::new();
    loop {
        match terminal.read_key_raw()? {
            Key::Enter => break,
            Key::Escape | Key::CtrlC | Key::Unknown => {
                terminal.write_line("")?;
                return Ok(None);
            }
            Key::Backspace => {
                if let Some(last) = typed.pop() {
                    terminal.clear_chars(measure_text_width(&last.to_string()))?;
                }
            }
            Key::Char(c) if !c.is_control() => {
                typed.push(c);
                terminal.write_str(&c.to_string())?;
            }
            _ => {}
        }
    }
    terminal.write_line("")?;
    let typed = typed.trim();
    Ok(Some(if typed.is_empty() { default.to_owned() } else { typed.to_owned() }))
}

fn ask<T>(
    streams: &mut Streams,
    question: impl FnOnce() -> dialoguer::Result<Option<T>>,
) -> Result<Option<T>, Failure> {
    streams.out.flush()?;
    streams.err.flush()?;
    let asking = Asking::new();
    let answer = question();
    streams.err.write_all(SHOW_CURSOR.as_bytes())?;
    streams.err.flush()?;
    match answer {
        Ok(answer) => Ok(answer),
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => {
            asking.was_interrupted();
            writeln!(streams.err)?;
            Ok(None)
        }
        Err(dialoguer::Error::IO(error)) => Err(Failure::Message(format!("could not ask on the terminal: {error}"))),
    }
}

fn theme(streams: &Streams) -> Box<dyn Theme> {
    let style = streams.err_style(None);
    if style.color && style.unicode { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) }
}

/// Items that a line has room for: longer ones would break the list when it is drawn again.
fn fitting(items: &[String]) -> Vec<Cow<'_, str>> {
    let room = usize::from(Term::stderr().size().1).saturating_sub(MARGIN).max(20);
    items.iter().map(|item| truncate_str(item, room, "...")).collect()
}
