//! What counts in a mapping that has merge keys or the same key twice.
//!
//! Entries are taken in the order of the text, a merge key's where it stands, and the last one of a key wins. So a merge
//! key overwrites what stands before it, unlike in YAML's own words.

use std::collections::HashMap;

use super::builder::make_string_key;
use super::problem::Problem;
use super::scanner::{Scan, small};
use super::tree::{Document, Duplicate, Kind, Node, NodeId, Range, Style};

/// Leaves only the entries that count in a mapping; those that it merges must have been settled before.
///
/// The document has no more aliases than goyaml decodes, which bounds what merge keys can bring in.
pub(super) fn settle(
    document: &mut Document<'_>,
    mapping: NodeId,
    unwanted: &mut HashMap<NodeId, &'static str>,
) -> Scan<()> {
    let Kind::Mapping(range) = document.node(mapping).kind else { return Ok(()) };
    for at in (range.first..range.end).step_by(2) {
        let key = document.edges[at as usize];
        if !document.node(key).may_merge {
            document.edges[at as usize] = make_string_key(document, key, unwanted)?;
        }
    }
    let mut entries = Entries::default();
    let (pairs, _) = document.children(range).as_chunks::<2>();
    let mut duplicates = Vec::new();
    for [key, value] in pairs {
        if document.node(*key).may_merge {
            for source in sources(document, *value)? {
                entries.merge(document, source);
            }
        } else if let Some(overwritten) = entries.set(document, Entry { key: *key, value: *value, is_merged: false }) {
            duplicates.push(Duplicate { overwritten, by: *key });
        }
    }
    let entries = entries.list;
    document.duplicates.extend(duplicates);
    let first = small(document.edges.len());
    for entry in entries {
        let value = if entry.is_merged { merged(document, entry.value) } else { entry.value };
        document.edges.extend([entry.key, value]);
    }
    document.written.insert(mapping, range);
    document.nodes[mapping.0 as usize].kind = Kind::Mapping(Range { first, end: small(document.edges.len()) });
    Ok(())
}

/// The mappings that a merge key's value names, in the order in which they are applied: of a list the last first, so
/// that the earlier ones win.
fn sources(document: &Document<'_>, value: NodeId) -> Scan<Vec<NodeId>> {
    let node = document.node(value);
    let named = match node.kind {
        Kind::Sequence(range) => document.children(range).iter().rev().copied().collect(),
        _ => vec![value],
    };
    let mut sources = named.into_iter().map(|id| document.resolve(id));
    let is_mapping = |id: &NodeId| matches!(document.node(*id).kind, Kind::Mapping(_));
    match sources.by_ref().map(|id| Some(id).filter(is_mapping)).collect() {
        Some(sources) => Ok(sources),
        None => Err(no_mapping(node)),
    }
}

/// A merge key with something else than mappings.
pub(super) fn no_mapping(node: &Node) -> Box<Problem> {
    Problem::new(node.start as usize, "a merge key (<<) needs a mapping or a list of mappings")
}

/// A value that stands in another mapping: an alias of the original, since that is what it is.
fn merged(document: &mut Document<'_>, original: NodeId) -> NodeId {
    let mut node = *document.node(original);
    // What was merged from a merged entry is one alias, not a chain of them.
    if node.style != Style::Merged {
        node.kind = Kind::Alias(original);
        node.style = Style::Merged;
    }
    let id = NodeId(small(document.nodes.len()));
    document.nodes.push(node);
    id
}

#[derive(Clone, Copy)]
struct Entry {
    key: NodeId,
    value: NodeId,
    is_merged: bool,
}

/// Entries by key, in the order in which the keys first came.
#[derive(Default)]
struct Entries<'d> {
    list: Vec<Entry>,
    /// Position in `list` of each key.
    at: HashMap<&'d str, usize>,
}

impl<'d> Entries<'d> {
    /// Sets a key; returns the key that it overwrites, unless that came through a merge.
    fn set(&mut self, document: &'d Document<'_>, entry: Entry) -> Option<NodeId> {
        let node = document.node(document.resolve(entry.key));
        let Some(text) = document.string(node) else {
            // Neither null nor a number too large is a key at all, and the document will be refused.
            self.list.push(entry);
            return None;
        };
        match self.at.get(text) {
            Some(at) => {
                let before = std::mem::replace(&mut self.list[*at], entry);
                (!before.is_merged).then_some(before.key)
            }
            None => {
                self.at.insert(text, self.list.len());
                self.list.push(entry);
                None
            }
        }
    }

    fn merge(&mut self, document: &'d Document<'_>, source: NodeId) {
        let Kind::Mapping(range) = document.node(source).kind else { return };
        let (pairs, _) = document.children(range).as_chunks::<2>();
        for [key, value] in pairs {
            self.set(document, Entry { key: *key, value: *value, is_merged: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::{assert_read, assert_refused};

    // Expected values: kubectl 1.37 (go.yaml.in/yaml/v2 2.4.4, sigs.k8s.io/yaml 1.6.0).
    #[test]
    fn entries_are_merged_in_the_order_of_the_text() {
        assert_read(&[
            ("b: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3", "{\"b\":{\"true\":2,\"x\":1},\"c\":{\"true\":3,\"x\":1}}"),
            ("b: &b {x: 1}\nc: {x: 0, <<: *b}", "{\"b\":{\"x\":1},\"c\":{\"x\":1}}"),
            (
                "b: &b {x: 1}\nd: &d {x: 2, y: 3}\nc: {<<: [*b, *d]}",
                "{\"b\":{\"x\":1},\"c\":{\"true\":3,\"x\":1},\"d\":{\"true\":3,\"x\":2}}",
            ),
            ("c: {<<: {x: 1}}", "{\"c\":{\"x\":1}}"),
            ("c: {\"<<\": {x: 1}}", "{\"c\":{\"<<\":{\"x\":1}}}"),
            ("{!!str <<: {x: 1}}", "{\"<<\":{\"x\":1}}"),
            ("{! <<: {x: 1}}", "{\"x\":1}"),
            ("{!!merge \"<<\": {x: 1}}", "{\"x\":1}"),
            ("a: 1\nb: 2\na: 3", "{\"a\":3,\"b\":2}"),
            (
                "b: &b {x: {y: 1}}\nc: &c {<<: *b}\nd: {<<: *c}",
                "{\"b\":{\"x\":{\"true\":1}},\"c\":{\"x\":{\"true\":1}},\"d\":{\"x\":{\"true\":1}}}",
            ),
        ]);
    }

    #[test]
    fn wrong_merges_are_pointed_at() {
        assert_refused(&[
            ("c: {<<: 1}", "1:9: a merge key (<<) needs a mapping or a list of mappings"),
            ("c: {<<: [1]}", "1:9: a merge key (<<) needs a mapping or a list of mappings"),
            ("a: &x\n  <<: *x\n  b: c", "2:7: the value that this alias stands for contains the alias itself"),
        ]);
    }
}
