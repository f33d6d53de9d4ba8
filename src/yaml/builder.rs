//! Puts a document together from the values that a parser finds, in the order of the text.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::keys::mixed;
use super::problem::{Problem, shown};
use super::scalar;
use super::scanner::{Scan, small};
use super::tree::{Document, Kind, Node, NodeId, Range, Style};
use super::written::Places;
use super::{aliases, merge};

/// How deep collections may nest, as in Go's JSON decoder.
pub(super) const MAX_DEPTH: usize = 10_000;

/// How many values an object may have: each takes two bytes of JSON at least, and the API server reads 3 MiB of a request
/// (`MaxRequestBodyBytes` in `k8s.io/apiserver/pkg/server/config.go`).
pub(super) const MAX_VALUES: usize = (3 << 20) / 2;

/// Nodes that there is always room for, where some more are needed.
const SPARE: usize = 16;

pub(super) struct Builder<'a> {
    document: Document<'a>,
    /// Collections not ended yet, outermost first.
    open: Vec<Open>,
    /// Children of the open collections, in one stack.
    pending: Vec<NodeId>,
    anchors: HashMap<&'a str, NodeId>,
    has_aliases: bool,
    /// Mappings that do not count as they stand: with merge keys, with a key twice, with an alias as a key.
    unsettled: Vec<NodeId>,
    /// Nodes that the document must not contain in the end, and why. An entry that another overwrites is not contained.
    unwanted: HashMap<NodeId, &'static str>,
}

#[derive(Clone, Copy)]
struct Open {
    node: NodeId,
    /// Where its children start in `pending`.
    first: usize,
    is_mapping: bool,
}

/// What is between the first and the last byte of a node.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(document: Document<'a>) -> Self {
        Self {
            document,
            open: Vec::new(),
            pending: Vec::new(),
            anchors: HashMap::new(),
            has_aliases: false,
            unsettled: Vec::new(),
            unwanted: HashMap::new(),
        }
    }

    /// The document, once all its values are there.
    pub(super) fn finish(mut self) -> Scan<Document<'a>> {
        let document = &mut self.document;
        if self.has_aliases {
            aliases::check(document)?;
        }
        for mapping in self.unsettled {
            merge::settle(document, mapping, &mut self.unwanted)?;
        }
        if !self.unwanted.is_empty() {
            aliases::check_reachable(document, &self.unwanted)?;
        }
        let nodes = &document.nodes;
        document.duplicates.sort_by_key(|duplicate| nodes[duplicate.by.0 as usize].start);
        Ok(self.document)
    }

    #[inline]
    fn push(&mut self, kind: Kind, style: Style, place: Place) -> Scan<NodeId> {
        let count = self.document.nodes.len();
        if count == self.document.nodes.capacity() {
            self.make_room(place.start)?;
        }
        let (start, end) = (small(place.start), small(place.end));
        self.document.nodes.push(Node { kind, style, may_merge: false, start, end });
        Ok(NodeId(small(count)))
    }

    /// Makes room for more nodes than were expected: as many as there will be if the rest of the text, from `at` on, is
    /// like what came before, but not much more than the object that is read may have; and half as many as there are, lest
    /// they be moved too often.
    #[cold]
    fn make_room(&mut self, at: usize) -> Scan<()> {
        let room = self.room_of_object()?;
        let nodes = &mut self.document.nodes;
        let rest = self.document.text.len().saturating_sub(at) as u128;
        let expected = usize::try_from(nodes.len() as u128 * rest / at.max(1) as u128).unwrap_or_default();
        nodes.reserve_exact(expected.min(room).max(nodes.len() / 2) + SPARE);
        Ok(())
    }

    /// How many more nodes the object that is read may have. One that no server takes is refused: texts of hardly anything
    /// but commas become trees many times as large. That is seen only when room is made, so a few more may pass.
    fn room_of_object(&self) -> Scan<usize> {
        let object = match self.open.as_slice() {
            [root, items, rest @ ..] if root.is_mapping && !items.is_mapping && self.is_named(items, "items") => {
                rest.first()
            }
            open => open.first(),
        };
        let Some(object) = object else { return Ok(usize::MAX) };
        let values = self.document.nodes.len() - object.node.0 as usize;
        if values <= MAX_VALUES {
            return Ok(MAX_VALUES + 1 - values);
        }
        let message =
            format!("more than {MAX_VALUES} values in one object: the API server takes none that is larger than 3 MiB");
        Err(Problem::new(self.document.node(object.node).start as usize, message))
    }

    /// Whether an open collection is the value of this key, if it is the value of one.
    fn is_named(&self, collection: &Open, key: &str) -> bool {
        let before = collection.first.checked_sub(1).and_then(|at| self.pending.get(at));
        before.is_some_and(|id| self.key_text(*id) == Some(key))
    }

    /// A finished node: a child of the innermost open collection, or the document itself.
    #[inline]
    fn add(&mut self, id: NodeId) {
        if self.open.is_empty() {
            self.document.root = Some(id);
        } else {
            self.pending.push(id);
        }
    }

    /// Adds a scalar.
    #[inline]
    pub(super) fn scalar(&mut self, kind: Kind, style: Style, place: Place) -> Scan<NodeId> {
        let id = self.push(kind, style, place)?;
        if let Kind::Float(bits) = kind
            && !f64::from_bits(bits.into()).is_finite()
        {
            self.unwanted.insert(id, "numbers must be finite: JSON has neither .inf nor .nan");
        }
        self.add(id);
        Ok(id)
    }

    /// The last scalar is a merge key, if it is a key.
    pub(super) fn may_merge(&mut self, id: NodeId) {
        self.document.nodes[id.0 as usize].may_merge = true;
    }

    /// Keeps a string that does not stand in the text as it is.
    pub(super) fn string(&mut self, text: Cow<'a, str>) -> Kind {
        make_string(&mut self.document, text)
    }

    pub(super) fn anchor(&mut self, name: &'a str, id: NodeId) {
        self.anchors.insert(name, id);
    }

    /// The last node that was added or started has an anchor or a tag.
    pub(super) fn properties(&mut self, id: NodeId, places: Places) {
        self.document.properties.push((id, places));
    }

    pub(super) fn alias(&mut self, name: &str, place: Place) -> Scan<()> {
        let Some(target) = self.anchors.get(name).copied() else {
            let message = format!("unknown anchor {}: it must be set earlier in the same document", shown(name));
            return Err(Problem::new(place.start, message));
        };
        self.has_aliases = true;
        let id = self.push(Kind::Alias(target), Style::Alias, place)?;
        self.add(id);
        Ok(())
    }

    /// Starts a collection; what follows is in it until it ends.
    pub(super) fn start(&mut self, is_mapping: bool, style: Style, start: usize) -> Scan<NodeId> {
        let range = Range::default();
        let kind = if is_mapping { Kind::Mapping(range) } else { Kind::Sequence(range) };
        let node = self.push(kind, style, Place { start, end: start })?;
        self.open.push(Open { node, first: self.pending.len(), is_mapping });
        if self.open.len() > MAX_DEPTH {
            return Err(Problem::new(start, format!("collections nest deeper than {MAX_DEPTH} levels")));
        }
        Ok(node)
    }

    /// Ends the innermost collection.
    pub(super) fn end(&mut self, end: usize) -> Scan<()> {
        let Some(Open { node, first, is_mapping }) = self.open.pop() else { return Ok(()) };
        if is_mapping && !self.keys_are_settled(first)? {
            self.unsettled.push(node);
        }
        let edges = &mut self.document.edges;
        let from = small(edges.len());
        edges.extend_from_slice(&self.pending[first..]);
        self.pending.truncate(first);
        let range = Range { first: from, end: small(edges.len()) };
        let slot = &mut self.document.nodes[node.0 as usize];
        slot.kind = if is_mapping { Kind::Mapping(range) } else { Kind::Sequence(range) };
        slot.end = small(end).max(slot.start);
        self.add(node);
        Ok(())
    }

    /// Makes strings of a mapping's keys; false when its entries do not count as they stand.
    fn keys_are_settled(&mut self, first: usize) -> Scan<bool> {
        let mut settled = true;
        // A bit for each key. Two keys seldom share one by chance, so few comparisons are left.
        let mut seen = 0u64;
        let mut may_repeat = false;
        for at in (first..self.pending.len()).step_by(2) {
            let key = self.pending[at];
            let node = self.document.node(key);
            settled &= !node.may_merge && !matches!(node.kind, Kind::Alias(_));
            if !matches!(node.kind, Kind::Text | Kind::Inner | Kind::Alias(_)) {
                self.pending[at] = make_string_key(&mut self.document, key, &mut self.unwanted)?;
            }
            let bit = 1 << (mixed(self.key_text(self.pending[at]).unwrap_or_default()) & 63);
            may_repeat |= seen & bit != 0;
            seen |= bit;
        }
        Ok(settled && !(may_repeat && self.has_duplicates(first)))
    }

    /// The string that a key is; `None` for those that are none.
    #[inline]
    fn key_text(&self, key: NodeId) -> Option<&str> {
        self.document.string(self.document.node(key))
    }

    fn has_duplicates(&self, first: usize) -> bool {
        /// Up to here comparing each with each is faster than hashing.
        const FEW: usize = 12;
        let keys = &self.pending[first..];
        let texts = || keys.iter().step_by(2).filter_map(|key| self.key_text(*key));
        if keys.len() <= 2 * FEW {
            return texts().enumerate().any(|(at, key)| texts().take(at).any(|before| before == key));
        }
        let mut seen = HashSet::with_capacity(keys.len() / 2);
        texts().any(|key| !seen.insert(key))
    }
}

fn make_string<'a>(document: &mut Document<'a>, text: Cow<'a, str>) -> Kind {
    document.strings.push(text);
    Kind::Made(small(document.strings.len() - 1))
}

/// Makes a string of a key, as `sigs.k8s.io/yaml` does; returns the node that is the string.
///
/// That is a new one, where the key was none: an alias may stand for the key as it is written.
pub(super) fn make_string_key(
    document: &mut Document<'_>,
    key: NodeId,
    unwanted: &mut HashMap<NodeId, &'static str>,
) -> Scan<NodeId> {
    let id = NodeId(small(document.nodes.len()));
    let target = document.node(document.resolve(key));
    let text = match target.kind {
        Kind::Bool(value) => value.to_string(),
        Kind::Int(bits) => u64::from(bits).cast_signed().to_string(),
        Kind::Float(bits) => scalar::float_key(f64::from_bits(bits.into())),
        Kind::Null => {
            unwanted.insert(key, "a key must not be null");
            return Ok(key);
        }
        Kind::Uint(_) => {
            unwanted.insert(key, "a number as a key must fit into 64 bits with a sign");
            return Ok(key);
        }
        Kind::Sequence(_) | Kind::Mapping(_) => {
            let at = document.node(key).start as usize;
            return Err(Problem::new(at, "a key must be a string, a number or a boolean"));
        }
        // An alias as a key then stands for a string.
        Kind::Text | Kind::Inner | Kind::Made(_) | Kind::Alias(_) => return Ok(key),
    };
    let kind = make_string(document, text.into());
    document.nodes.push(Node { kind, ..*document.node(key) });
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::MAX_VALUES;
    use crate::yaml::testing::{assert_read, assert_refused};
    use crate::yaml::{Document, chunks};

    // Expected values: kubectl 1.37 (go.yaml.in/yaml/v2 2.4.4, sigs.k8s.io/yaml 1.6.0).
    #[test]
    fn values_are_what_kubectl_makes_of_them() {
        assert_read(&[
            (".inf: 1", "{\".inf\":1}"),
            ("1.5: a", "{\"1.5\":\"a\"}"),
            ("12345678: a\n123456789.0: b\n1e20: c", "{\"1.2345679e+08\":\"b\",\"12345678\":\"a\",\"1e+20\":\"c\"}"),
            ("0x10: a", "{\"16\":\"a\"}"),
            ("yes: a", "{\"true\":\"a\"}"),
            ("a: 1.0", "{\"a\":1}"),
            ("1e20", "100000000000000000000"),
            ("12345678901234567890.0", "12345678901234567000"),
            ("{a: {~: 1}, a: 2}", "{\"a\":2}"),
            ("[a, &x b, *x]", "[\"a\",\"b\",\"b\"]"),
            ("a: &x 0b1\nb: *x", "{\"a\":1,\"b\":1}"),
            ("&x 1: a\nb: *x", "{\"1\":\"a\",\"b\":1}"),
        ]);
    }

    #[test]
    fn an_object_has_no_more_values_than_a_request_has_room_for() {
        let many = "1,".repeat(2 * MAX_VALUES);
        let objects = "{\"a\":[1,2,3,4,5,6]},".repeat(MAX_VALUES / 4);
        let message = format!("more than {MAX_VALUES} values in one object");
        for (text, line, column) in [
            (format!("a: 1\nb: [{many}]\n"), 1, 1),
            (format!("{{\"a\": [{many}1]}}"), 1, 1),
            (format!("kind: List\nitems:\n- a: 1\n- a: 1\n  b: [{many}]\n"), 4, 3),
        ] {
            let error = Document::parse(&chunks(&text)[0]).map(|_| ()).unwrap_err();
            assert!(error.message.contains(&message), "{}", error.message);
            assert_eq!((error.line, error.column), (line, column));
        }
        for text in [format!("items: [{objects}]\n"), format!("{{\"items\": [{objects}1]}}")] {
            assert!(Document::parse(&chunks(&text)[0]).is_ok());
        }
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        assert_refused(&[
            (".nan", "1:1: numbers must be finite: JSON has neither .inf nor .nan"),
            ("~: 1", "1:1: a key must not be null"),
            ("{[a]: 1}", "1:2: a key must be a string, a number or a boolean"),
            ("18446744073709551615: a", "1:1: a number as a key must fit into 64 bits with a sign"),
            ("&x [*x]", "1:5: the value that this alias stands for contains the alias itself"),
        ]);
    }
}
