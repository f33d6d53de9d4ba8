//! Sentences in several tones, broken between words.

use std::collections::VecDeque;
use std::io::{self, Write};

use super::measure::wrap;
use super::style::{Style, Tone, counted};

/// Writes pieces of a sentence, each in its tone, broken between words; what follows the first line is indented.
pub(super) fn sentence(out: &mut dyn Write, style: &Style, indent: usize, pieces: &[(Tone, String)]) -> io::Result<()> {
    let whole: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
    let width = style.width.map(|width| width.saturating_sub(indent).max(24));
    let mut rest = pieces.iter().map(|(tone, text)| (*tone, text.as_str())).collect::<VecDeque<_>>();
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

/// Pieces joined by commas, the first behind a colon: `: 1 meets it, 2 do not`.
pub(super) fn listed(parts: Vec<(Tone, String)>) -> impl Iterator<Item = (Tone, String)> {
    let comma = |(at, part)| [(Tone::Plain, if at == 0 { ": " } else { ", " }.to_owned()), part];
    parts.into_iter().enumerate().flat_map(comma)
}

/// What was not judged, as far as there is any: errors, and documents without a pod template.
pub(super) fn set_aside(errors: usize, without_template: usize) -> Vec<(Tone, String)> {
    let mut pieces = Vec::new();
    if errors > 0 {
        pieces.extend([(Tone::Plain, "; ".to_owned()), (Tone::StrongBad, counted(errors, "error", "errors"))]);
    }
    if without_template > 0 {
        let others = counted(without_template, "document holds", "documents hold");
        pieces.push((Tone::Faint, format!(" ({others} no pod template)")));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_across_pieces_and_nothing_is_lost() {
        let texts = ["two namespaces at v1.36", ": ", "one is refused", ", ", "and another one is not"];
        let pieces: Vec<_> = texts.iter().map(|text| (Tone::Plain, (*text).to_owned())).collect();
        let written = |width| {
            let mut out = Vec::new();
            sentence(&mut out, &Style { width, ..Style::default() }, 2, &pieces).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(None), format!("{}\n", texts.concat()));
        let narrow = written(Some(26));
        assert_eq!(narrow, "two namespaces at v1.36:\n  one is refused, and\n  another one is not\n");
    }
}
