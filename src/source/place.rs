//! From a field path to the line and column that a person should look at.

use crate::model::FieldPath;
use crate::report::Place;
use crate::yaml::{Located, Span, ValueRef};

/// Most bytes of a line kept on either side of the column: lines of minified JSON are as long as the file.
const REACH: usize = 160;

/// Gives field paths of one object their places.
#[derive(Debug)]
pub struct Places<'t> {
    /// The whole file.
    text: &'t str,
    object: ValueRef<'t>,
    /// The last place, and which offset it is of: many violations point at the container that lacks something.
    last: Option<(usize, Place)>,
}

impl<'t> Places<'t> {
    /// Of an object in `text`, which is the whole file.
    #[must_use]
    pub fn new(text: &'t str, object: ValueRef<'t>) -> Self {
        Self { text, object, last: None }
    }

    /// Where `path`, from the object down, is: the field's key or list item; where the field is not set, the key of the
    /// closest object around it, or that object's first line.
    pub fn place(&mut self, path: &FieldPath) -> Place {
        let located = self.object.locate(path);
        let exact = located.steps == path.segments().len();
        let span = anchor(&located);
        match &self.last {
            Some((start, place)) if *start == span.start && place.exact == exact => place.clone(),
            _ => {
                let place = found(self.text, &located, span, exact);
                self.last = Some((span.start, place.clone()));
                place
            }
        }
    }
}

fn found(text: &str, located: &Located<'_>, span: Span, exact: bool) -> Place {
    let (line_start, line_end) = line_around(text, span.start);
    let before = text[line_start..span.start].chars().count();
    Place {
        line: span.line,
        column: span.column,
        width: width(text, located, span, exact, line_end),
        exact,
        text: text[line_start..line_end].into(),
        cut: (span.column - 1).saturating_sub(before),
    }
}

/// The node to point at: a key where there is one, else the item.
fn anchor(located: &Located<'_>) -> Span {
    located.key.unwrap_or(located.value).span()
}

/// How many characters to underline: a set field with its value where that ends on the same line, else the key; of a
/// list item that lacks the field, its first line.
fn width(text: &str, located: &Located<'_>, span: Span, exact: bool, line_end: usize) -> usize {
    let value = located.value.span();
    let end = if located.key.is_none() {
        let rest = text[span.start..line_end].trim_end();
        if value.end <= line_end && exact { value.end } else { span.start + rest.len() }
    } else if exact && value.end > span.end && value.end <= line_end {
        value.end
    } else {
        span.end
    };
    let end = end.clamp(span.start, line_end);
    text.get(span.start..end).map_or(1, |meant| meant.chars().count()).max(1)
}

/// The line around an offset, without its line break, cut to what is near.
fn line_around(text: &str, at: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let mut low = at.saturating_sub(REACH);
    while !text.is_char_boundary(low) {
        low += 1;
    }
    let mut high = (at + REACH).min(text.len());
    while !text.is_char_boundary(high) {
        high -= 1;
    }
    let is_break = |b: &u8| matches!(*b, b'\n' | b'\r');
    let start = bytes[low..at].iter().rposition(is_break).map_or(low, |feed| low + feed + 1);
    let end = bytes[at..high].iter().position(is_break).map_or(high, |feed| at + feed);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::objects;
    use crate::yaml::{Document, chunks};

    fn placed(text: &str, path: &FieldPath) -> (usize, usize, String, bool) {
        let cut = chunks(text);
        let document = Document::parse(&cut[cut.len() - 1]).unwrap();
        let object = objects(&document).remove(0).unwrap();
        let place = Places::new(text, object.value).place(path);
        let meant = place.text.chars().skip(place.column - 1 - place.cut).take(place.width).collect();
        (place.line, place.column, meant, place.exact)
    }

    const POD: &str = "a: 1\n---\nkind: Pod\nspec:\n  containers:\n  - name: web # main\n    image: x\n    securityContext:\n      privileged: true # why\n      capabilities:\n        add: [NET_RAW, 'SYS_ADMIN']\n";

    fn container() -> FieldPath {
        FieldPath::fields(&["spec", "containers"]).index(0)
    }

    #[test]
    fn a_set_field_is_pointed_at_with_its_value() {
        let path = container().field("securityContext").field("privileged");
        assert_eq!(placed(POD, &path), (9, 7, "privileged: true".to_owned(), true));
        let path = container().field("securityContext").field("capabilities").field("add").index(1);
        assert_eq!(placed(POD, &path), (11, 24, "'SYS_ADMIN'".to_owned(), true));
    }

    #[test]
    fn a_missing_field_is_pointed_at_where_it_belongs() {
        let path = container().field("securityContext").field("runAsNonRoot");
        assert_eq!(placed(POD, &path), (8, 5, "securityContext".to_owned(), false));
        let path = FieldPath::fields(&["spec", "containers"]).index(0).field("livenessProbe");
        assert_eq!(placed(POD, &path), (6, 5, "name: web # main".to_owned(), false));
        let path = FieldPath::fields(&["spec", "securityContext", "runAsNonRoot"]);
        assert_eq!(placed(POD, &path), (4, 1, "spec".to_owned(), false));
    }

    #[test]
    fn long_lines_are_cut_around_the_column() {
        let filler = "é".repeat(5000);
        let text = format!("{{\"kind\":\"Pod\",\"x\":\"{filler}\",\"spec\":{{\"hostPID\":true,\"y\":\"{filler}\"}}}}");
        let path = FieldPath::fields(&["spec", "hostPID"]);
        let (line, column, meant, exact) = placed(&text, &path);
        assert_eq!((line, meant.as_str(), exact), (1, "\"hostPID\":true", true));
        let before = text.split("\"hostPID").next().unwrap();
        assert_eq!(column, before.chars().count() + 1);
    }
}
