//! How text reaches a person: colours, plurals, and strings from outside made harmless.

use std::borrow::Cow;
use std::fmt;

use colored::{ColoredString, Colorize as _};
use serde::{Deserialize, Serialize};

use crate::model::Applicability;
use crate::policy::Level;

/// What the place that the output goes to can show.
#[derive(Debug, Clone, Default)]
pub struct Style {
    /// Whether to write colours.
    pub color: bool,
    /// Whether marks outside of ASCII (`✓`, `✗`, `…`) can be shown.
    pub unicode: bool,
    /// Columns of the terminal; `None` where output goes elsewhere, and nothing is cut or wrapped.
    pub width: Option<usize>,
    /// Whether a table is only its list, without the findings one by one.
    pub brief: bool,
    /// The command that a reader of violations should type next; `None` where there is none.
    pub next: Option<String>,
}

/// What a piece of text is, hence how it is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Tone {
    Plain,
    Strong,
    Faint,
    Good,
    Warning,
    Bad,
    StrongGood,
    StrongWarning,
    StrongBad,
    Hint,
}

impl Tone {
    /// How bad it is to break a control that `level` asks for.
    pub(super) fn broken(level: Level) -> Self {
        if level == Level::Restricted { Self::Warning } else { Self::Bad }
    }

    /// How good it is to meet `level` at most.
    pub(super) fn met(level: Level) -> Self {
        match level {
            Level::Privileged => Self::Bad,
            Level::Baseline => Self::Warning,
            Level::Restricted => Self::Good,
        }
    }

    /// How much thought a fix needs.
    pub(super) fn fix(fix: Applicability) -> Self {
        match fix {
            Applicability::Safe => Self::Good,
            Applicability::Risky => Self::Warning,
            Applicability::Manual => Self::Bad,
        }
    }

    /// The same in bold, where there is such a tone.
    pub(super) fn strong(self) -> Self {
        match self {
            Self::Plain => Self::Strong,
            Self::Good => Self::StrongGood,
            Self::Warning => Self::StrongWarning,
            Self::Bad => Self::StrongBad,
            other => other,
        }
    }

    fn apply(self, text: &str) -> ColoredString {
        match self {
            Self::Plain => text.into(),
            Self::Strong => text.bold(),
            Self::Faint => text.dimmed(),
            Self::Good => text.green(),
            Self::Warning => text.yellow(),
            Self::Bad => text.red(),
            Self::StrongGood => text.green().bold(),
            Self::StrongWarning => text.yellow().bold(),
            Self::StrongBad => text.red().bold(),
            Self::Hint => text.cyan().bold(),
        }
    }
}

impl Style {
    /// `text` in the colour of its tone, or as it is where colours are off.
    pub(super) fn paint<'a>(&self, tone: Tone, text: &'a str) -> Painted<'a> {
        Painted { text, tone: if self.color { tone } else { Tone::Plain } }
    }

    /// What stands for text that was left out.
    pub(super) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }
}

/// Text with its colour, to be displayed.
pub(super) struct Painted<'a> {
    text: &'a str,
    tone: Tone,
}

impl fmt::Display for Painted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tone == Tone::Plain || self.text.is_empty() {
            return f.write_str(self.text);
        }
        // `colored` would ask the environment about standard output. The caller has decided, for the stream it writes
        // to, and text without colour never comes this far: so this global answer is only ever set to yes.
        colored::control::set_override(true);
        write!(f, "{}", self.tone.apply(self.text))
    }
}

/// The first word for one, the second for any other number.
#[must_use]
pub fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// `1 finding`, `2 findings`.
pub(super) fn counted(count: usize, one: &'static str, many: &'static str) -> String {
    format!("{count} {}", plural(count, one, many))
}

/// A string from outside, with every character escaped that would steer a terminal, break the line, reorder the text
/// or not be seen: ESC as `^[`, line breaks and tabs as `\n`, `\r`, `\t`, all others as `\u{202e}`.
#[must_use]
pub fn sanitize(text: &str) -> Cow<'_, str> {
    let plain_ascii = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain_ascii || !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push_safe(&mut safe, c);
    }
    Cow::Owned(safe)
}

/// Appends a character as [`sanitize`] shows it.
pub(super) fn push_safe(safe: &mut String, c: char) {
    match c {
        '\u{1b}' => safe.push_str("^["),
        '\n' => safe.push_str("\\n"),
        '\r' => safe.push_str("\\r"),
        '\t' => safe.push_str("\\t"),
        c if is_harmful(c) => safe.extend(c.escape_unicode()),
        c => safe.push(c),
    }
}

/// Whether a character does something to a terminal or a reader other than to be seen where it stands: controls, line
/// separators, bidirectional marks, and whatever has no shape and no width of its own.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_left_alone() {
        for text in ["", "plain ~ text", "größe 漢字 😀 e\u{301}"] {
            assert!(matches!(sanitize(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn what_steers_a_terminal_or_deceives_a_reader_is_escaped() {
        assert_eq!(sanitize("a\u{1b}[2Jb"), "a^[[2Jb");
        assert_eq!(sanitize("a\r\n\tb"), "a\\r\\n\\tb");
        assert_eq!(sanitize("\0\u{7f}\u{9b}2J"), "\\u{0}\\u{7f}\\u{9b}2J");
        assert_eq!(sanitize("a\u{202e}b\u{2069}"), "a\\u{202e}b\\u{2069}");
        assert_eq!(sanitize("a\u{200b}\u{200d}\u{feff}\u{e0041}"), "a\\u{200b}\\u{200d}\\u{feff}\\u{e0041}");
        let named = (0x202a..=0x202e).chain(0x2066..=0x2069).chain([0x200e, 0x200f, 0x61c]);
        for c in named.filter_map(char::from_u32) {
            assert!(is_harmful(c), "{c:?}");
        }
    }

    #[test]
    fn colours_depend_on_the_style_alone() {
        let on = Style { color: true, ..Style::default() };
        let off = Style::default();
        assert_eq!(on.paint(Tone::Bad, "x").to_string(), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(off.paint(Tone::Bad, "x").to_string(), "x");
        assert_eq!(on.paint(Tone::Plain, "x").to_string(), "x");
        assert_eq!(on.paint(Tone::Bad, "").to_string(), "");
        assert_eq!(on.paint(Tone::StrongWarning, "x").to_string(), "\u{1b}[1;33mx\u{1b}[0m");
    }

    #[test]
    fn plurals() {
        let texts = [0, 1, 2].map(|count| counted(count, "finding", "findings"));
        assert_eq!(texts, ["0 findings", "1 finding", "2 findings"]);
    }
}
