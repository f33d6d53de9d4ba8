//! The edits of an object as a tree, which is walked once along with the object.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::model::{Edit, FieldPath, Op, Step};

/// What happens to a value.
#[derive(Debug)]
pub(super) enum Change<'e> {
    Set(&'e Value, &'e FieldPath),
    Remove(&'e FieldPath),
    Within(Within<'e>),
}

/// What happens to the fields of an object or the items of a list, in the order of the edits.
#[derive(Debug, Default)]
pub(super) struct Within<'e> {
    pub(super) steps: Vec<(Step<'e>, Change<'e>)>,
    /// Where there are many steps.
    places: Option<Box<Places<'e>>>,
}

/// The last position of each step. Few nodes have them, so they are kept apart.
#[derive(Debug)]
struct Places<'e>(HashMap<Step<'e>, usize>);

/// An edit that does not fit, and why.
pub(super) type Misfit<'e> = (&'e FieldPath, &'static str);

/// Up to here, looking through the steps of a node takes less time and memory than a map.
const FEW: usize = 16;

/// How deep a path may lead. Pod templates are looked for to a small part of that.
const DEEPEST: usize = 200;

impl<'e> Within<'e> {
    /// The tree of some edits.
    pub(super) fn of(edits: &[&'e Edit]) -> Result<Self, Misfit<'e>> {
        let mut root = Self::default();
        for edit in edits {
            let segments = edit.path.segments();
            let Some((last, way)) = segments.split_last() else {
                return Err((&edit.path, "a whole object is not edited"));
            };
            if way.len() > DEEPEST {
                return Err((&edit.path, "the path is too deep"));
            }
            let mut at = &mut root;
            for segment in way {
                at = at.within(segment.step()).ok_or((&edit.path, "two edits are in each other's way"))?;
            }
            let change = match &edit.op {
                Op::Set(value) => Change::Set(value, &edit.path),
                Op::Remove => Change::Remove(&edit.path),
            };
            at.add(last.step(), change);
        }
        Ok(root)
    }

    fn within(&mut self, step: Step<'e>) -> Option<&mut Self> {
        let at = match self.place(step) {
            Some(at) => at,
            None => self.add(step, Change::Within(Self { steps: Vec::with_capacity(1), places: None })),
        };
        match self.steps.get_mut(at) {
            Some((_, Change::Within(within))) => Some(within),
            _ => None,
        }
    }

    /// The last position of a step.
    fn place(&self, step: Step<'_>) -> Option<usize> {
        match &self.places {
            Some(places) => places.0.get(&step).copied(),
            None => self.steps.iter().rposition(|(known, _)| *known == step),
        }
    }

    /// Adds a change, and returns its position. Several of one step are all kept: they may be items behind a list's end.
    pub(super) fn add(&mut self, step: Step<'e>, change: Change<'e>) -> usize {
        let at = self.steps.len();
        self.steps.push((step, change));
        if let Some(places) = &mut self.places {
            places.0.insert(step, at);
        } else if at >= FEW {
            let places = self.steps.iter().enumerate().map(|(at, (step, _))| (*step, at)).collect();
            self.places = Some(Box::new(Places(places)));
        }
        at
    }

    /// The path of the first edit.
    pub(super) fn path(&self) -> &'e FieldPath {
        static ROOT: OnceLock<FieldPath> = OnceLock::new();
        self.steps.first().map_or_else(|| ROOT.get_or_init(FieldPath::root), |(_, change)| change.path())
    }

    /// What the changes make of nothing.
    pub(super) fn made(&self) -> Result<Value, Misfit<'e>> {
        if self.steps.iter().any(|(step, _)| matches!(step, Step::Index(_))) {
            let items = self.steps.iter().map(|(step, change)| match (step, change) {
                (Step::Index(0), Change::Set(value, _)) => Ok((*value).clone()),
                _ => Err((change.path(), "the list has no such item")),
            });
            return items.collect::<Result<Vec<_>, _>>().map(Value::Array);
        }
        let mut fields = Map::new();
        for (step, change) in &self.steps {
            let Step::Key(key) = step else { continue };
            fields.insert((*key).to_owned(), change.made()?);
        }
        Ok(fields.into())
    }
}

impl<'e> Change<'e> {
    /// What the change makes of nothing.
    pub(super) fn made(&self) -> Result<Value, Misfit<'e>> {
        match self {
            Self::Set(value, _) => Ok((*value).clone()),
            Self::Remove(path) => Err((path, "there is no such field")),
            Self::Within(within) => within.made(),
        }
    }

    /// The path of the edit, or of the first of the edits, that the change comes from.
    pub(super) fn path(&self) -> &'e FieldPath {
        match self {
            Self::Set(_, path) | Self::Remove(path) => path,
            Self::Within(within) => within.path(),
        }
    }
}
