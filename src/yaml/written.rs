//! A document as it stands in the text, for those who edit it: what merge keys and later entries overwrite is there too.

use super::scalar::{self, Scalar};
use super::tree::{Document, Kind, Style};
use super::value::ValueRef;

/// Where anchor and tag of a node are; offsets from the start of the document's text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Places {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) anchor: Option<(u32, u32)>,
    pub(super) has_tag: bool,
}

/// An anchor, a tag or both, which stand before a node and are not part of its span. Offsets count bytes from the start
/// of the file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Properties {
    /// First byte.
    pub start: usize,
    /// First byte behind them.
    pub end: usize,
    /// First byte of the anchor, and first byte behind it.
    pub anchor: Option<(usize, usize)>,
    /// Whether there is a tag.
    pub has_tag: bool,
}

/// One entry of a mapping as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub struct WrittenEntry<'d> {
    /// The key.
    pub key: ValueRef<'d>,
    /// The value.
    pub value: ValueRef<'d>,
    /// Whether it brings in entries of other mappings (`<<`).
    pub is_merge: bool,
}

impl<'d> ValueRef<'d> {
    /// The document that it is in.
    #[must_use]
    pub fn document(self) -> &'d Document<'d> {
        self.document
    }

    /// Entries of a mapping as they stand in the text, merge keys and overwritten entries among them; nothing for any
    /// other value. An alias has none.
    pub fn written_entries(self) -> impl ExactSizeIterator<Item = WrittenEntry<'d>> + use<'d> {
        let document = self.document;
        let ids = match document.node(self.id).kind {
            Kind::Mapping(range) => document.children(*document.written.get(&self.id).unwrap_or(&range)),
            _ => &[],
        };
        let (pairs, _) = ids.as_chunks::<2>();
        pairs.iter().map(move |[key, value]| WrittenEntry {
            key: document.value(*key),
            value: document.value(*value),
            is_merge: document.node(*key).may_merge,
        })
    }

    /// The text of a scalar without quotes, aliases followed; none of what is written otherwise.
    #[must_use]
    pub fn plain_text(self) -> Option<&'d str> {
        let node = self.document.node(self.document.resolve(self.id));
        let text = self.document.text.get(node.start as usize..node.end as usize);
        text.filter(|_| node.style == Style::Plain)
    }

    /// Anchor and tag before the node.
    #[must_use]
    pub fn properties(self) -> Option<Properties> {
        let all = &self.document.properties;
        let at = all.binary_search_by_key(&self.id.0, |(id, _)| id.0).ok()?;
        let Places { start, end, anchor, has_tag } = all[at].1;
        let offset = |at: u32| self.document.offset + at as usize;
        let anchor = anchor.map(|(start, end)| (offset(start), offset(end)));
        Some(Properties { start: offset(start), end: offset(end), anchor, has_tag })
    }
}

impl Document<'_> {
    /// Whether it was read as JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// Where the document is in the file's text, in bytes.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.text.len()
    }

    /// The parts of the file's text that aliases and merge keys stand for: in order, none within another.
    #[must_use]
    pub fn shared(&self) -> Vec<std::ops::Range<usize>> {
        let targets = self.nodes.iter().filter_map(|node| match node.kind {
            Kind::Alias(target) => Some(self.node(target)),
            _ => None,
        });
        let mut ranges: Vec<(u32, u32)> = targets.map(|node| (node.start, node.end)).collect();
        ranges.sort_unstable_by_key(|(start, end)| (*start, std::cmp::Reverse(*end)));
        ranges.dedup_by(|next, kept| next.1 <= kept.1 && next.0 >= kept.0);
        ranges.iter().map(|(start, end)| self.offset + *start as usize..self.offset + *end as usize).collect()
    }
}

/// Whether a plain scalar with this text is the string itself, and neither a boolean, a number nor null to kubectl.
///
/// Whether it can stand without quotes where it is to be put is another question.
#[must_use]
pub fn reads_as_string(text: &str) -> bool {
    scalar::resolve(text) == Scalar::String
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::chunks;

    #[test]
    fn what_is_overwritten_or_merged_is_still_written() {
        let text = "---\na: &a {x: 1}\nb:\n  <<: *a\n  k: 1\n  k: 2\n";
        let cut = chunks(text);
        let document = Document::parse(&cut[0]).unwrap();
        let mapping = document.root().unwrap().field("b").unwrap();
        assert_eq!(mapping.entries().map(|entry| entry.key).collect::<Vec<_>>(), ["x", "k"]);
        let written = |value: ValueRef<'_>| text[value.span().start..value.span().end].to_owned();
        let entries: Vec<_> =
            mapping.written_entries().map(|entry| (written(entry.key), written(entry.value), entry.is_merge)).collect();
        let expected = [("<<", "*a", true), ("k", "1", false), ("k", "2", false)];
        assert_eq!(entries, expected.map(|(key, value, is_merge)| (key.to_owned(), value.to_owned(), is_merge)));
        assert_eq!((document.range(), document.is_json()), (0..text.len(), false));
    }

    #[test]
    fn anchors_and_tags_have_their_places() {
        let text = "x: 1\n---\na: !!str &x 1\nb: &y\n  - !t {}\nc: d\n";
        let cut = chunks(text);
        let document = Document::parse(&cut[1]).unwrap();
        let root = document.root().unwrap();
        let found = |value: ValueRef<'_>| {
            let places = value.properties()?;
            let anchor = places.anchor.map(|(start, end)| &text[start..end]);
            Some((&text[places.start..places.end], anchor, places.has_tag))
        };
        let value = |key| root.entry(key).unwrap().value;
        assert_eq!(found(value("a")), Some(("!!str &x", Some("&x"), true)));
        assert_eq!(found(value("b")), Some(("&y", Some("&y"), false)));
        assert_eq!(found(value("b").items().next().unwrap()), Some(("!t", None, true)));
        assert_eq!((found(value("c")), found(root)), (None, None));
    }

    #[test]
    fn shared_parts_are_told_once() {
        let text = "a: &a {x: &x 1, k: *x}\nb: [*a, *a]\nc: &c 2\nd: &d {z: 1}\ne: {<<: *d}\n";
        let cut = chunks(text);
        let document = Document::parse(&cut[0]).unwrap();
        let shared: Vec<&str> = document.shared().into_iter().map(|range| &text[range]).collect();
        assert_eq!(shared, ["{x: &x 1, k: *x}", "{z: 1}"]);
    }

    #[test]
    fn strings_without_quotes_are_told_from_other_scalars() {
        assert_eq!(["yes", "0777", "1e3", "~", ""].map(reads_as_string), [false; 5]);
        assert_eq!(["RuntimeDefault", "1.2.3", "nil"].map(reads_as_string), [true; 3]);
    }
}
