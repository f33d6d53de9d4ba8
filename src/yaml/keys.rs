//! Keys of mappings: where those with very many entries have them, and a number to tell keys apart by.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use super::tree::NodeId;

/// For each mapping in which a key was looked for, the positions of its entries by the hashes of their keys.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<HashMap<NodeId, HashMap<u64, u32>>>);

impl Clone for Keys {
    /// Begins anew: it is made again when it is needed.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Keys {
    /// The first of a mapping's `count` entries that has this key; `key_at` tells the key of one.
    pub(super) fn position<'k>(
        &self,
        mapping: NodeId,
        count: usize,
        key_at: impl Fn(usize) -> Option<&'k str>,
        key: &str,
    ) -> Option<usize> {
        let mut mappings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let positions = mappings.entry(mapping).or_insert_with(|| {
            let mut positions = HashMap::with_capacity(count);
            for at in 0..count {
                if let (Some(key), Ok(position)) = (key_at(at), u32::try_from(at)) {
                    positions.entry(hash(key)).or_insert(position);
                }
            }
            positions
        });
        let at = *positions.get(&hash(key))? as usize;
        // Two keys may have the same hash; then all are looked at.
        let is_it = |at: &usize| key_at(*at) == Some(key);
        if is_it(&at) { Some(at) } else { (0..count).find(is_it) }
    }
}

/// A number that differs for most of the keys that stand in one mapping; cheap.
#[inline]
pub(super) fn mixed(key: &str) -> usize {
    let bytes = key.as_bytes();
    let at = |index: usize| bytes.get(index).copied().map_or(0, usize::from);
    let last = bytes.len().saturating_sub(1);
    bytes.len().wrapping_mul(7) ^ at(0).wrapping_mul(31) ^ at(last).wrapping_mul(13) ^ at(last / 2).wrapping_mul(3)
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Document, chunks};

    #[test]
    fn entries_of_wide_mappings_are_found() {
        let lines: String = (0..1000).map(|at| format!("  \"key{at}\": {at}\n")).collect();
        let text = format!("a: &a\n{lines}  key7: again\nb: *a\n");
        let cut = chunks(&text);
        let document = Document::parse(&cut[0]).unwrap();
        for name in ["a", "b"] {
            let wide = document.root().unwrap().entry(name).unwrap().value;
            for at in [0, 1, 500, 999] {
                let entry = wide.entry(&format!("key{at}")).unwrap();
                assert_eq!((entry.key, entry.value.to_json()), (format!("key{at}").as_str(), at.into()));
            }
            assert_eq!(wide.entry("key7").unwrap().value.as_str(), Some("again"));
            assert!(wide.entry("key1000").is_none() && wide.entry("").is_none());
        }
    }
}
