//! Symbolic field paths: where in an object something is, before anyone asks for a line and a column.

use std::fmt::{self, Write};

use serde_json::Value;

/// One step of a [`FieldPath`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// A field of a struct whose name the API fixes, as `securityContext`.
    Field(&'static str),
    /// A field name that comes from the input, as a custom resource's `workload`.
    Name(Box<str>),
    /// A key of a free map, as an annotation's.
    Key(Box<str>),
    /// A position in a list, counted from 0.
    Index(usize),
}

/// A [`Segment`] wherever its name comes from: paths whose steps are equal lead to the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step<'p> {
    /// A field or a map key.
    Key(&'p str),
    /// A position in a list, counted from 0.
    Index(usize),
}

/// A path from the top of an object to a field, written as Kubernetes' own messages do:
/// `spec.template.spec.containers[0].securityContext`, map keys in brackets (`metadata.annotations[a/b]`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FieldPath(Vec<Segment>);

impl FieldPath {
    /// The empty path: the object itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of struct fields, as `FieldPath::fields(&["spec", "hostNetwork"])`.
    #[must_use]
    pub fn fields(names: &[&'static str]) -> Self {
        /// Most paths that begin so end within as many steps; then nothing is moved while they grow.
        const STEPS: usize = 7;
        let mut path = Vec::with_capacity(names.len().max(STEPS));
        path.extend(names.iter().copied().map(Segment::Field));
        Self(path)
    }

    /// This path, one field further.
    #[must_use]
    pub fn field(mut self, name: &'static str) -> Self {
        self.0.push(Segment::Field(name));
        self
    }

    /// This path, one field further, its name taken from the input.
    #[must_use]
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.0.push(Segment::Name(name.into()));
        self
    }

    /// This path, one map key further.
    #[must_use]
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.0.push(Segment::Key(key.into()));
        self
    }

    /// This path, one list position further.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// This path, one step of any kind further.
    #[must_use]
    pub fn then(mut self, segment: Segment) -> Self {
        self.0.push(segment);
        self
    }

    /// This path with `other` put behind it.
    #[must_use]
    pub fn join(&self, other: &FieldPath) -> Self {
        Self([self.segments(), other.segments()].concat())
    }

    /// The path as it is displayed.
    #[must_use]
    pub fn text(&self) -> String {
        /// Bytes that a step takes, a little above the average.
        const STEP: usize = 16;
        let mut text = String::with_capacity(self.0.len() * STEP);
        let written = write!(text, "{self}");
        debug_assert!(written.is_ok(), "a string takes everything");
        text
    }

    /// The steps from the top down.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The same to compare and to look up by.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = Step<'_>> {
        self.0.iter().map(Segment::step)
    }

    /// The last step; `None` for the root.
    #[must_use]
    pub fn last(&self) -> Option<&Segment> {
        self.0.last()
    }

    /// The first `count` steps of the path.
    #[must_use]
    pub fn head(&self, count: usize) -> Self {
        Self(self.0.get(..count).unwrap_or(&self.0).to_vec())
    }

    /// The path of what this one is a field or an item of.
    #[must_use]
    pub fn parent(&self) -> Self {
        self.head(self.0.len().saturating_sub(1))
    }

    /// Whether this path is `other` or leads further into it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.len() >= other.0.len() && self.steps().zip(other.steps()).all(|(own, wanted)| own == wanted)
    }

    /// What stands at this path in an object; `None` where the way to it ends.
    #[must_use]
    pub fn find<'v>(&self, object: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(object, |value, segment| segment.find(value))
    }

    /// The same to change it.
    #[must_use]
    pub fn find_mut<'v>(&self, object: &'v mut Value) -> Option<&'v mut Value> {
        Segment::find_mut(&self.0, object)
    }

    /// The path from step `at` on.
    #[must_use]
    pub fn tail(&self, at: usize) -> Self {
        Self(self.0.get(at..).unwrap_or_default().to_vec())
    }
}

impl Segment {
    /// The field name or map key of this step; `None` for a list position.
    #[must_use]
    pub fn as_key(&self) -> Option<&str> {
        match self.step() {
            Step::Key(name) => Some(name),
            Step::Index(_) => None,
        }
    }

    /// What stands at this step in an object or a list, if anything.
    #[must_use]
    pub fn find<'v>(&self, holder: &'v Value) -> Option<&'v Value> {
        match self.step() {
            Step::Key(name) => holder.as_object()?.get(name),
            Step::Index(index) => holder.as_array()?.get(index),
        }
    }

    /// What stands at the end of some steps, to change it.
    pub(super) fn find_mut<'v>(way: &[Self], object: &'v mut Value) -> Option<&'v mut Value> {
        way.iter().try_fold(object, |value, segment| match segment.step() {
            Step::Key(name) => value.as_object_mut()?.get_mut(name),
            Step::Index(index) => value.as_array_mut()?.get_mut(index),
        })
    }

    /// The step without where its name comes from.
    #[must_use]
    pub fn step(&self) -> Step<'_> {
        match self {
            Self::Field(name) => Step::Key(name),
            Self::Name(name) | Self::Key(name) => Step::Key(name),
            Self::Index(index) => Step::Index(*index),
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => write!(f, "[{key}]")?,
                Segment::Field(_) | Segment::Name(_) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(segment.as_key().unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_as_kubernetes_writes_paths() {
        let path = FieldPath::fields(&["spec", "containers"]).index(2).field("securityContext");
        assert_eq!(path.to_string(), "spec.containers[2].securityContext");
        let path = FieldPath::fields(&["metadata", "annotations"]).key("a.b/c");
        assert_eq!(path.to_string(), "metadata.annotations[a.b/c]");
        let joined = FieldPath::root().name("spec").field("template").join(&path);
        assert_eq!(joined.to_string(), "spec.template.metadata.annotations[a.b/c]");
        assert_eq!(joined.tail(2), path);
        assert_eq!(joined.head(2).to_string(), "spec.template");
        assert_eq!(joined.head(9), joined);
    }

    #[test]
    fn finds_values_and_knows_what_is_within() {
        let object = serde_json::json!({"spec": {"containers": [{"name": "a"}, null]}});
        let containers = FieldPath::fields(&["spec", "containers"]);
        let name = containers.clone().index(0).name("name");
        assert_eq!(name.find(&object), Some(&"a".into()));
        assert_eq!(containers.clone().index(1).find(&object), Some(&Value::Null));
        assert_eq!(containers.clone().index(1).field("name").find(&object), None);
        assert_eq!(containers.clone().field("name").find(&object), None);
        assert!(name.is_within(&containers) && name.is_within(&name) && !containers.is_within(&name));
        assert!(FieldPath::root().key("spec").is_within(&FieldPath::fields(&["spec"])));
    }
}
