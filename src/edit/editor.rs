//! Walks an object along with its changes, and leaves to block and flow style how the text becomes another.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value as Json;

use super::changes::{Change, Misfit, Within};
use super::entries::{Entry, comments};
use super::lines::Lines;
use super::write::BlockStyle;
use super::{Refused, Splice, compare, style};
use crate::model::{Edit, FieldPath, Step};
use crate::yaml::{Document, Style, Value, ValueRef, reads_as_string};

/// Edits objects of one document.
pub(super) struct Editor<'t, 'd> {
    pub(super) lines: Lines<'t>,
    document: &'d Document<'d>,
    /// What aliases stand for.
    shared: Vec<Range<usize>>,
    /// Whether a change of what aliases stand for is taken for the same change of all of them.
    shares: bool,
    habits: OnceCell<BlockStyle>,
    splices: Vec<Splice>,
}

/// Splices, and the refusals that hold where these would not do.
pub(super) type Spliced = (Vec<Splice>, Option<Vec<Refused>>);

/// Why a value cannot be edited.
pub(super) type Outcome<'e, T = ()> = Result<T, Misfit<'e>>;

/// What becomes of the entries of a collection.
pub(super) struct Plan<'d, 'e> {
    pub(super) collection: ValueRef<'d>,
    pub(super) entries: Vec<Entry<'d>>,
    /// Where the entries of each key are, in order, for those who ask for many.
    places: Option<HashMap<&'d str, Vec<usize>>>,
    has_merge: bool,
    pub(super) is_removed: Vec<bool>,
    /// What is put in behind the last of them; items have no key.
    pub(super) added: Vec<(Option<&'e str>, Json)>,
    /// The edit that is named when something is refused.
    pub(super) path: &'e FieldPath,
}

/// More keys than this are looked up by hashing.
const FEW: usize = 16;

impl<'d, 'e> Plan<'d, 'e> {
    fn new(collection: ValueRef<'d>, entries: Vec<Entry<'d>>, changes: &Within<'e>, path: &'e FieldPath) -> Self {
        let places = (changes.steps.len() > FEW).then(|| {
            let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
            for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.is_merge) {
                places.entry(entry.name()).or_default().push(at);
            }
            places
        });
        let has_merge = entries.iter().any(|entry| entry.is_merge);
        let is_removed = vec![false; entries.len()];
        Self { collection, entries, places, has_merge, is_removed, added: Vec::new(), path }
    }

    /// The entries that a step leads to, in order: of an object all that have the key, of which the last one counts.
    fn places(&self, step: Step<'_>) -> Vec<usize> {
        match (step, &self.places) {
            (Step::Index(index), _) => (index < self.entries.len()).then_some(index).into_iter().collect(),
            (Step::Key(key), Some(places)) => places.get(key).cloned().unwrap_or_default(),
            (Step::Key(key), None) => {
                let entries = self.entries.iter().enumerate();
                entries.filter(|(_, entry)| !entry.is_merge && entry.name() == key).map(|(at, _)| at).collect()
            }
        }
    }

    /// How many entries there are up to the last one that stays.
    pub(super) fn tail(&self) -> usize {
        self.is_removed.iter().rposition(|removed| !removed).map_or(0, |at| at + 1)
    }
}

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct Holder<'a, 'd> {
    pub(super) collection: ValueRef<'d>,
    /// All entries of the collection.
    pub(super) entries: &'a [Entry<'d>],
    /// The value's own.
    pub(super) entry: &'a Entry<'d>,
}

impl<'t, 'd> Editor<'t, 'd> {
    pub(super) fn new(text: &'t str, document: &'d Document<'d>) -> Self {
        let lines = Lines { text, range: document.range() };
        Self { lines, document, shared: document.shared(), shares: false, habits: OnceCell::new(), splices: Vec::new() }
    }

    /// The splices that make some edits in an object.
    ///
    /// Where a value cannot be edited because aliases stand for it too, the edits may be the same for all of them. Then one
    /// change of the text makes them all, which is for who reads the text again to find out; the refusals come too.
    pub(super) fn object(&mut self, object: ValueRef<'d>, edits: &[&Edit]) -> Result<Spliced, Vec<Refused>> {
        let refused = match self.splices(object, edits) {
            Ok(splices) => return Ok((splices, None)),
            Err(refused) => refused,
        };
        self.shares = !self.shared.is_empty();
        let shared = if self.shares { self.splices(object, edits).ok() } else { None };
        self.shares = false;
        match shared {
            Some(splices) => Ok((splices, Some(refused))),
            None => Err(refused),
        }
    }

    fn splices(&mut self, object: ValueRef<'d>, edits: &[&Edit]) -> Result<Vec<Splice>, Vec<Refused>> {
        let made = Within::of(edits).and_then(|changes| match changes.steps.is_empty() {
            true => Ok(()),
            false => self.within(object, None, &changes),
        });
        let splices = std::mem::take(&mut self.splices);
        match made {
            Ok(()) => Ok(splices),
            Err((path, why)) => Err(vec![Refused::at(object, path, why)]),
        }
    }

    pub(super) fn splice(&mut self, range: Range<usize>, text: impl Into<String>) {
        let text = text.into();
        if !(range.is_empty() && text.is_empty()) {
            self.splices.push(Splice { range, text });
        }
    }

    /// The last splice in the text that starts behind an offset.
    pub(super) fn last_splice_behind(&mut self, at: usize) -> Option<&mut Splice> {
        self.splices.iter_mut().filter(|splice| splice.range.start > at).max_by_key(|splice| splice.range.start)
    }

    /// What the document does most.
    pub(super) fn habits(&self) -> BlockStyle {
        *self.habits.get_or_init(|| style::of_document(&self.lines, self.document))
    }

    pub(super) fn is_json(&self) -> bool {
        self.document.is_json()
    }

    fn within<'e>(&mut self, value: ValueRef<'d>, holder: Option<Holder<'_, 'd>>, changes: &Within<'e>) -> Outcome<'e> {
        let path = changes.path();
        if value.style() == Style::Alias {
            if self.shares {
                return Ok(());
            }
            return Err((path, "the value is an alias (*) of one that stands elsewhere"));
        }
        if value.is_null() {
            let made = changes.made()?;
            let holder = holder.ok_or((path, "there is no object"))?;
            return self.set(holder, &made, path);
        }
        let span = value.span();
        if self.is_within_shared(span.start, span.end) {
            return Err((path, "aliases (*) or merge keys (<<) elsewhere stand for this value too"));
        }
        let mut plan = self.plan(value, changes, path)?;
        for (step, change) in &changes.steps {
            self.step(&mut plan, *step, change)?;
        }
        match value.style() {
            Style::Flow => self.flow(&plan, holder),
            Style::Block => self.block(&plan, holder),
            _ if plan.added.is_empty() && !plan.is_removed.contains(&true) => Ok(()),
            _ => Err((path, "an entry of a list in brackets that has no braces of its own can only be replaced")),
        }
    }

    fn plan<'e>(&self, value: ValueRef<'d>, changes: &Within<'e>, path: &'e FieldPath) -> Outcome<'e, Plan<'d, 'e>> {
        let fits = |(step, _): &(Step<'_>, Change<'_>)| match step {
            Step::Key(_) => value.get() == Value::Mapping,
            Step::Index(_) => value.get() == Value::Sequence,
        };
        if let Some((step, change)) = changes.steps.iter().find(|step| !fits(step)) {
            let is_item = matches!(step, Step::Index(_));
            return Err((
                change.path(),
                if is_item { "it is no list" } else { "it leads through something that is no object" },
            ));
        }
        let entries = Entry::all(&self.lines, value);
        Ok(Plan::new(value, entries, changes, path))
    }

    fn step<'e>(&mut self, plan: &mut Plan<'d, 'e>, step: Step<'e>, change: &Change<'e>) -> Outcome<'e> {
        let places = plan.places(step);
        let at = places.last().copied();
        if let Step::Key(key) = step
            && plan.has_merge
            && let Some(merged) = plan.collection.entry(key).filter(|entry| entry.value.style() == Style::Merged)
        {
            return overriding(plan, key, change, at.is_some() || !self.is_string(merged.key_ref));
        }
        let Some(at) = at else { return append(plan, step, change) };
        let entries = &plan.entries;
        let holder = Holder { collection: plan.collection, entries, entry: &entries[at] };
        match change {
            Change::Set(value, path) => self.set(holder, value, path),
            Change::Within(within) => self.within(holder.entry.value, Some(holder), within),
            Change::Remove(path) => {
                for at in places {
                    let Entry { start, end, .. } = plan.entries[at];
                    self.check_unshared(start, end, path)?;
                    plan.is_removed[at] = true;
                }
                Ok(())
            }
        }
    }

    /// Whether a key is written as a string: a number or a boolean is another key to kubectl's reader, though both end up
    /// as the same field, and which of the two counts is left to chance there.
    fn is_string(&self, key: ValueRef<'_>) -> bool {
        let span = key.span();
        key.style() != Style::Plain || reads_as_string(self.lines.text.get(span.start..span.end).unwrap_or_default())
    }

    /// Gives an entry another value.
    pub(super) fn set<'e>(&mut self, holder: Holder<'_, 'd>, value: &Json, path: &'e FieldPath) -> Outcome<'e> {
        let old = holder.entry.value;
        if compare::equal(old, value) {
            return Ok(());
        }
        if old.style() != Style::Alias {
            if let Some(changes) = compare::difference(old, value, path) {
                return self.within(old, Some(holder), &changes).map_err(|(_, why)| (path, why));
            }
            self.check_unshared(old.span().start, old.span().end, path)?;
        } else if self.is_within_shared(old.span().start, old.span().end) {
            return Err((path, "aliases (*) or merge keys (<<) elsewhere stand for this value too"));
        }
        if holder.collection.style() == Style::Block {
            self.set_in_block(holder, value, path)
        } else {
            self.set_in_flow(holder, value, path)
        }
    }

    /// Whether an alias stands for what is between two offsets, or for what that is in.
    fn is_within_shared(&self, start: usize, end: usize) -> bool {
        if self.shares {
            return false;
        }
        let at = self.shared.partition_point(|range| range.start <= start);
        self.shared[..at].last().is_some_and(|range| end <= range.end)
    }

    /// Refuses to replace what an alias stands for, in whole or in part.
    pub(super) fn check_unshared<'e>(&self, start: usize, end: usize, path: &'e FieldPath) -> Outcome<'e> {
        let first = self.shared.partition_point(|range| range.end <= start);
        let overlaps = self.shared.get(first).is_some_and(|range| range.start < end);
        if (overlaps && !self.shares) || self.is_within_shared(start, end) {
            return Err((path, "aliases (*) or merge keys (<<) elsewhere stand for this value too"));
        }
        Ok(())
    }

    /// Refuses to lose a comment in a value that is replaced.
    pub(super) fn check_uncommented<'e>(
        &self,
        range: Range<usize>,
        value: &Entry<'d>,
        path: &'e FieldPath,
    ) -> Outcome<'e> {
        let value = Entry { key: None, ..*value };
        if comments(&self.lines, range.start, range.end, &[value]).is_empty() {
            return Ok(());
        }
        Err((path, "the value that would be replaced has comments in it"))
    }

    /// The comments that have lines of their own in a part of a collection.
    pub(super) fn comment_lines(&self, range: Range<usize>, entries: &[Entry<'d>]) -> Vec<&'t str> {
        let found = comments(&self.lines, range.start, range.end, entries);
        found.into_iter().filter(|comment| comment.is_line).map(|comment| comment.text).collect()
    }
}

/// A field that comes through a merge key: one of the mapping's own overrides it.
fn overriding<'e>(plan: &mut Plan<'_, 'e>, key: &'e str, change: &Change<'e>, stands: bool) -> Outcome<'e> {
    let why = match change {
        Change::Set(value, _) if !stands => {
            plan.added.push((Some(key), (*value).clone()));
            return Ok(());
        }
        Change::Set(..) => "a merge key (<<) would overwrite it",
        _ => "the value comes from another mapping, through a merge key (<<)",
    };
    Err((change.path(), why))
}

/// A field or an item that is not there yet.
fn append<'e>(plan: &mut Plan<'_, 'e>, step: Step<'e>, change: &Change<'e>) -> Outcome<'e> {
    match (step, change) {
        (Step::Key(key), _) => plan.added.push((Some(key), change.made()?)),
        (Step::Index(index), Change::Set(value, _)) if index == plan.entries.len() => {
            plan.added.push((None, (*value).clone()));
        }
        _ => return Err((change.path(), "the list has no such item")),
    }
    Ok(())
}
