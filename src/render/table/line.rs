//! A line of source text as a terminal shows it: tabs expanded, harmful characters escaped, cut around what is meant.

use std::ops::Range;

use crate::render::measure::{char_columns, columns};
use crate::render::style::{is_harmful, push_safe};
use crate::report::Place;

/// Tabs go to the next multiple of this.
const TAB_STOP: usize = 4;

/// The text of a place, measured.
pub(super) struct SourceLine {
    text: String,
    /// Per character: its first byte in `text` and its first column; one entry more for the end.
    chars: Vec<(usize, usize)>,
    /// Characters of the line before the first one here.
    before: usize,
}

/// The part of a line that is shown.
pub(super) struct View {
    /// What to print.
    pub(super) text: String,
    /// First column of the line that is in view, and the column where it is shown.
    from: (usize, usize),
    /// Columns of `text`.
    columns: usize,
}

impl SourceLine {
    pub(super) fn new(place: &Place) -> Self {
        let mut line = Self { text: String::with_capacity(place.text.len()), chars: Vec::new(), before: place.cut };
        let mut column = 0;
        for c in place.text.chars() {
            line.chars.push((line.text.len(), column));
            column += line.push(c, column);
        }
        line.chars.push((line.text.len(), column));
        line
    }

    /// Appends a character and returns the columns that it takes.
    fn push(&mut self, c: char, column: usize) -> usize {
        let at = self.text.len();
        match c {
            '\t' => self.text.extend(std::iter::repeat_n(' ', TAB_STOP - column % TAB_STOP)),
            c if is_harmful(c) => push_safe(&mut self.text, c),
            c => {
                self.text.push(c);
                return char_columns(c);
            }
        }
        self.text.len() - at
    }

    /// The columns of `width` characters from the line's character `column` on (counted from 1).
    pub(super) fn range(&self, column: usize, width: usize) -> Range<usize> {
        let last = self.chars.len() - 1;
        let from = column.saturating_sub(1 + self.before).min(last);
        let to = from.saturating_add(width).min(last);
        self.chars[from].1..self.chars[to].1
    }

    /// Whether all of it can be shown in `room` columns.
    pub(super) fn fits(&self, room: Option<usize>) -> bool {
        room.is_none_or(|room| self.columns() <= room)
    }

    fn columns(&self) -> usize {
        self.chars.last().map_or(0, |(_, column)| *column)
    }

    /// As much of the line as goes into `room` columns, the start of `mark` in view.
    pub(super) fn view(&self, mark: &Range<usize>, room: Option<usize>, ellipsis: &str) -> View {
        let dots = columns(ellipsis);
        let room = room.unwrap_or(usize::MAX);
        let whole = self.columns() + if self.before > 0 { dots } else { 0 } <= room;
        let stays = whole || mark.end.saturating_add(2 * dots) <= room;
        let first = if stays { 0 } else { self.first_from(mark.start.saturating_sub(room / 3)) };
        let lead = if first > 0 || self.before > 0 { ellipsis } else { "" };
        let from = (self.chars[first].1, columns(lead));
        let (last, trail) = if whole { (self.chars.len() - 1, "") } else { self.end(from, room, ellipsis) };
        let part = &self.text[self.chars[first].0..self.chars[last].0];
        let shown = self.chars[last].1 - from.0 + from.1 + columns(trail);
        View { text: format!("{lead}{part}{trail}"), from, columns: shown }
    }

    /// The character to end before, with what to put there.
    fn end<'a>(&self, from: (usize, usize), room: usize, ellipsis: &'a str) -> (usize, &'a str) {
        let last = self.chars.len() - 1;
        let limit = from.0 + room.saturating_sub(from.1);
        if self.columns() <= limit {
            return (last, "");
        }
        let limit = limit.saturating_sub(columns(ellipsis));
        let fits = self.chars.partition_point(|(_, column)| *column <= limit);
        let first = self.chars.partition_point(|(_, column)| *column < from.0);
        (fits.saturating_sub(1).clamp(first, last), ellipsis)
    }

    fn first_from(&self, column: usize) -> usize {
        self.chars.partition_point(|(_, start)| *start < column).min(self.chars.len() - 1)
    }
}

impl View {
    /// Where in the view the columns `mark` of the line are: the first, and how many of them are in view, at least one.
    pub(super) fn locate(&self, mark: &Range<usize>) -> (usize, usize) {
        let start = mark.start.saturating_sub(self.from.0) + self.from.1;
        let end = mark.end.saturating_sub(self.from.0) + self.from.1;
        (start, end.min(self.columns).saturating_sub(start).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::place;

    /// The line in view with carets under it.
    fn show(place: &Place, room: Option<usize>) -> [String; 2] {
        let line = SourceLine::new(place);
        let range = line.range(place.column, place.width);
        let view = line.view(&range, room, "…");
        let (start, carets) = view.locate(&range);
        [view.text, format!("{}{}", " ".repeat(start), "^".repeat(carets))]
    }

    #[test]
    fn carets_are_under_what_is_meant() {
        let text = "      - name: web";
        assert_eq!(show(&place(1, 9, 9, true, text), None), [text, "        ^^^^^^^^^"]);
        assert_eq!(show(&place(1, 9, 99, true, text), Some(17)), [text, "        ^^^^^^^^^"]);
    }

    #[test]
    fn tabs_wide_and_harmful_characters_keep_carets_right() {
        assert_eq!(show(&place(1, 4, 2, true, "\ta\tbc"), None), ["    a   bc", "        ^^"]);
        assert_eq!(show(&place(1, 3, 1, true, "漢字x"), None), ["漢字x", "    ^"]);
        assert_eq!(show(&place(1, 1, 2, true, "漢字x"), None), ["漢字x", "^^^^"]);
        assert_eq!(show(&place(1, 2, 1, true, "\u{1b}x"), None), ["^[x", "  ^"]);
        assert_eq!(show(&place(1, 1, 1, true, "\u{202e}x"), None), ["\\u{202e}x", "^^^^^^^^"]);
        assert_eq!(show(&place(1, 2, 1, true, "e\u{301}x"), None), ["e\u{301}x", " ^"]);
    }

    #[test]
    fn long_lines_are_cut_around_the_carets() {
        let text = "0123456789abcdefghijklmnopqrstuvwxyz";
        assert_eq!(show(&place(1, 3, 4, true, text), Some(12)), ["0123456789a…", "  ^^^^"]);
        assert_eq!(show(&place(1, 21, 3, true, text), Some(12)), ["…ghijklmnop…", "     ^^^"]);
        assert_eq!(show(&place(1, 35, 2, true, text), Some(12)), ["…uvwxyz", "     ^^"]);
        assert_eq!(show(&place(1, 21, 30, true, text), Some(12)), ["…ghijklmnop…", "     ^^^^^^^"]);
        assert_eq!(show(&place(1, 1, 36, true, text), Some(12)), ["0123456789a…", "^^^^^^^^^^^^"]);
    }

    #[test]
    fn what_the_place_left_out_is_marked() {
        let mut cut = place(1, 103, 2, true, "abcdef");
        cut.cut = 100;
        assert_eq!(show(&cut, None), ["…abcdef", "   ^^"]);
        assert_eq!(show(&cut, Some(5)), ["…bcd…", "  ^^"]);
    }

    #[test]
    fn impossible_places_do_no_harm() {
        assert_eq!(show(&place(1, 50, 3, true, "abc"), None), ["abc", "   ^"]);
        assert_eq!(show(&place(1, 0, 0, true, ""), Some(0)), ["", "^"]);
        let mut cut = place(1, 3, usize::MAX, true, "漢字");
        cut.cut = 100;
        for room in 0..9 {
            show(&cut, Some(room));
            show(&place(1, 2, 1, true, "漢字漢字漢字\t"), Some(room));
        }
    }
}
