//! Text that is wrapped under where it began.

use std::io::{self, Write};

use crate::render::measure::wrap;
use crate::render::style::{Style, Tone};

/// Writes text whose first line has begun at a column already; the others are indented to it.
pub(super) fn hanging(out: &mut dyn Write, style: &Style, indent: usize, text: &str) -> io::Result<()> {
    toned(out, style, Tone::Plain, indent, text)
}

/// Writes text as [`hanging`] does, all of it in a tone.
pub(super) fn toned(out: &mut dyn Write, style: &Style, tone: Tone, indent: usize, text: &str) -> io::Result<()> {
    let width = style.width.map(|width| width.saturating_sub(indent).max(24));
    for (at, line) in wrap(text, width).into_iter().enumerate() {
        writeln!(out, "{:1$}{2}", "", if at == 0 { 0 } else { indent }, style.paint(tone, line))?;
    }
    Ok(())
}

/// Writes text at an indentation; what follows the sign of a remark (`= `) stays behind it.
pub(super) fn indented(out: &mut dyn Write, style: &Style, tone: Tone, indent: usize, text: &str) -> io::Result<()> {
    let (sign, rest) = text.strip_prefix("= ").map_or(("", text), |rest| ("= ", rest));
    write!(out, "{:indent$}{}", "", style.paint(Tone::Faint, sign))?;
    toned(out, style, tone, indent + sign.len(), rest)
}
