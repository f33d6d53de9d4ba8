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

/// Writes pieces of a sentence, each in its tone, broken between words; what follows the first line is indented.
pub(super) fn pieces(out: &mut dyn Write, style: &Style, indent: usize, pieces: &[(Tone, String)]) -> io::Result<()> {
    let whole: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
    let width = style.width.map(|width| width.saturating_sub(indent).max(24));
    let mut rest = pieces.iter().map(|(tone, text)| (*tone, text.as_str())).collect::<std::collections::VecDeque<_>>();
    for (at, line) in wrap(&whole, width).into_iter().enumerate() {
        write!(out, "{:1$}", "", if at == 0 { 0 } else { indent })?;
        let mut left = line.len();
        while left > 0 {
            let Some((tone, text)) = rest.pop_front() else { break };
            let (now, later) = text.split_at(text.len().min(left));
            left -= now.len();
            write!(out, "{}", style.paint(tone, now))?;
            if !later.is_empty() {
                rest.push_front((tone, later));
            }
        }
        // The space at which a line is broken belongs to neither.
        if let Some((_, text)) = rest.front_mut() {
            *text = text.strip_prefix(' ').unwrap_or(text);
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Writes text at an indentation; what follows the sign of a remark (`= `) stays behind it.
pub(super) fn indented(out: &mut dyn Write, style: &Style, tone: Tone, indent: usize, text: &str) -> io::Result<()> {
    let (sign, rest) = text.strip_prefix("= ").map_or(("", text), |rest| ("= ", rest));
    write!(out, "{:indent$}{}", "", style.paint(Tone::Faint, sign))?;
    toned(out, style, tone, indent + sign.len(), rest)
}
