//! Questions on the terminal.

use std::io;

use dialoguer::console::{Key, Term};

/// Asks a question that is answered with one key; no is the default. `None` where the user wants to leave.
///
/// Ctrl-C is read as a key like any other: the terminal stays as it was, and so does everything else.
pub(super) fn confirm(question: &str) -> io::Result<Option<bool>> {
    let terminal = Term::stderr();
    terminal.write_str(&format!("{question} [y/N] "))?;
    let (answer, echo) = loop {
        match terminal.read_key_raw()? {
            Key::Char('y' | 'Y') => break (Some(true), "yes"),
            Key::Char('n' | 'N') | Key::Enter => break (Some(false), "no"),
            Key::CtrlC | Key::Escape | Key::Char('q') | Key::Unknown => break (None, "cancelled"),
            _ => {}
        }
    };
    terminal.write_line(echo)?;
    Ok(answer)
}
