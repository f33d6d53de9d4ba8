//! The fields of a struct, found by their names.

use super::FormId;
use crate::yaml::keys::mixed;

/// Names and forms of a struct's fields.
#[derive(Debug)]
pub(super) struct Fields {
    /// Their names, in the type's order.
    pub(super) names: &'static [&'static str],
    forms: Vec<FormId>,
    /// Positions in `names`, each where its name's number says, or in the next slot that is free; [`FREE`] in the others.
    /// A power of two of them, so many that most names are where they should be.
    slots: Vec<u8>,
}

const FREE: u8 = u8::MAX;

impl Fields {
    /// One form per name; `None` where there are more fields than are ever looked up here.
    pub(super) fn new(names: &'static [&'static str], forms: Vec<FormId>) -> Option<Self> {
        if names.len() >= usize::from(FREE) || forms.len() != names.len() {
            return None;
        }
        let mut fields = Self { names, forms, slots: vec![FREE; (4 * names.len()).next_power_of_two()] };
        for (at, name) in (0..).zip(names) {
            if let Some(slot) = fields.way(name).find(|slot| fields.slots[*slot] == FREE) {
                fields.slots[slot] = at;
            }
        }
        Some(fields)
    }

    /// The form of the field of this name.
    #[inline]
    pub(super) fn form(&self, name: &str) -> Option<FormId> {
        for slot in self.way(name) {
            let at = usize::from(self.slots[slot]);
            if self.names.get(at)? == &name {
                return self.forms.get(at).copied();
            }
        }
        None
    }

    /// The slots in which a name may be, the likeliest first.
    #[inline]
    fn way(&self, name: &str) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len() - 1;
        let first = mixed(name);
        (0..=mask).map(move |step| first.wrapping_add(step) & mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_and_nothing_else() {
        const NAMES: &[&str] = &["a", "aa", "ab", "ba", "name", "mane", "namespace", ""];
        let fields = Fields::new(NAMES, (0..8).map(FormId).collect()).unwrap();
        for (name, at) in NAMES.iter().zip(0..) {
            assert_eq!(fields.form(name), Some(FormId(at)), "{name:?}");
        }
        for other in ["b", "Name", "names", "aaa", "namespac", "\u{0}"] {
            assert_eq!(fields.form(other), None, "{other:?}");
        }
        let nothing = Fields::new(&[], Vec::new()).unwrap();
        assert_eq!(nothing.form("a"), None);
    }
}
