//! Widths on a terminal: how many columns text takes, and text made to fit.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns that `text` takes; it holds no control characters.
pub(super) fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// Columns that a character takes.
pub(super) fn char_columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// `text`, its end replaced by `ellipsis` where it takes more than `max` columns.
pub(super) fn cut<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if columns(text) <= max {
        return Cow::Borrowed(text);
    }
    let Some(room) = max.checked_sub(columns(ellipsis)) else { return Cow::Borrowed("") };
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += char_columns(*c);
        used > room
    });
    let kept = end.map_or(text, |(at, _)| &text[..at]);
    Cow::Owned(format!("{kept}{ellipsis}"))
}

/// `text`, its front replaced by `ellipsis` where it takes more than `max` columns.
pub(super) fn cut_front<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if columns(text) <= max {
        return Cow::Borrowed(text);
    }
    let Some(room) = max.checked_sub(columns(ellipsis)) else { return Cow::Borrowed("") };
    let mut used = 0;
    let start = text.char_indices().rev().find(|(_, c)| {
        used += char_columns(*c);
        used > room
    });
    let kept = start.map_or(text, |(at, c)| &text[at + c.len_utf8()..]);
    Cow::Owned(format!("{ellipsis}{kept}"))
}

/// `text` broken between words into lines of at most `width` columns; a word that is longer keeps its line to itself.
pub(super) fn wrap(text: &str, width: Option<usize>) -> Vec<&str> {
    let Some(width) = width else { return vec![text] };
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = break_at(rest, width) {
        lines.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    if lines.is_empty() || !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

/// The last space before which `width` columns suffice, else the first space at all; `None` where all fits.
fn break_at(text: &str, width: usize) -> Option<usize> {
    let mut best = None;
    let mut used = 0;
    for (at, c) in text.char_indices() {
        if c == ' ' && at > 0 {
            if used > width {
                return Some(at);
            }
            best = Some(at);
        }
        used += char_columns(c);
        if used > width && best.is_some() {
            return best;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(columns("web"), 3);
        assert_eq!(columns("漢字"), 4);
        assert_eq!(columns("e\u{301}"), 1);
    }

    #[test]
    fn cuts_to_columns() {
        assert_eq!(cut("deployment/web", 14, "…"), "deployment/web");
        assert_eq!(cut("deployment/web", 8, "…"), "deploym…");
        assert_eq!(cut("deployment/web", 8, "..."), "deplo...");
        assert_eq!(cut("漢字漢字", 6, "…"), "漢字…");
        assert_eq!(cut("abc", 1, "…"), "…");
        assert_eq!(cut("abc", 2, "..."), "");
        assert_eq!(cut_front("abc", 2, "..."), "");
        assert_eq!(cut_front("deployment/web", 14, "…"), "deployment/web");
        assert_eq!(cut_front("deployment/web", 8, "…"), "…ent/web");
        assert_eq!(cut_front("漢字漢字", 6, "…"), "…漢字");
    }

    #[test]
    fn wraps_between_words() {
        assert_eq!(wrap("a bb ccc dddd", None), ["a bb ccc dddd"]);
        assert_eq!(wrap("a bb ccc dddd", Some(13)), ["a bb ccc dddd"]);
        assert_eq!(wrap("a bb ccc dddd", Some(8)), ["a bb ccc", "dddd"]);
        assert_eq!(wrap("a bb ccc dddd", Some(4)), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("longword a", Some(3)), ["longword", "a"]);
        assert_eq!(wrap("", Some(3)), [""]);
        assert_eq!(wrap("abc ", Some(3)), ["abc"]);
        assert_eq!(wrap("漢字 漢字", Some(4)), ["漢字", "漢字"]);
        assert_eq!(wrap("aaaa", Some(3)), ["aaaa"]);
    }
}
