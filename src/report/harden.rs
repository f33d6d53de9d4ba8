//! What hardening came to, as plain data.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::{Kept, Opened, Problems, Source};
use crate::model::{Applicability, Edit, FieldPath, Op};
use crate::policy::{Level, Policy};

/// Everything that a run of `harden` has to say.
#[derive(Debug, Clone)]
pub struct HardenReport {
    /// What was to be reached.
    pub policy: Policy,
    /// A result per pod template, in the order of the input.
    pub results: Vec<Hardened>,
    /// The texts that were read, in the order of the input. Empty where objects of a cluster are hardened.
    pub files: Vec<HardenedFile>,
    /// What could not be read, judged or edited, in the order of the input. The rest was hardened all the same.
    pub errors: Problems,
    /// What should be known.
    pub warnings: Problems,
    /// Documents that hold no pod template (empty ones not counted).
    pub without_template: usize,
}

/// What hardening one pod template came to. Paths are from the object's top.
#[derive(Debug, Clone)]
pub struct Hardened {
    /// The object's document and first line.
    pub source: Source,
    /// As `apps/v1`.
    pub api_version: String,
    /// As `Deployment`.
    pub kind: String,
    /// The object's namespace, where it names one.
    pub namespace: Option<String>,
    /// The object's name, or its `generateName`; may be empty.
    pub name: String,
    /// Where in the object the pod template is; the root for a pod.
    pub template: FieldPath,
    /// Whether the kind is not one of Kubernetes' own.
    pub custom: bool,
    /// The strictest level that the template met.
    pub before: Level,
    /// The strictest level that it meets after the edits, judged anew; that before them where they are not made.
    pub after: Level,
    /// Whether it meets the policy now.
    pub reached: bool,
    /// The edits, in the order of their paths.
    pub edits: Vec<PlannedEdit>,
    /// What no edit reaches.
    pub residue: Vec<Residue>,
    /// Why the text could not be edited; then none of the edits is made.
    pub refused: Vec<Refusal>,
    /// What should be known about it, a sentence each: who generated it, what was assumed.
    pub notes: Vec<String>,
    /// The object as it was read.
    pub object: Kept,
}

/// An edit with its reason.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedEdit {
    /// The edit.
    pub edit: Edit,
    /// The check that asks for it, or the choice that does, as `readOnlyRootFilesystem`.
    pub check: &'static str,
    /// How freely it may be made.
    pub fix: Applicability,
    /// The container it is about; `None` where it is about the whole pod.
    pub container: Option<String>,
    /// The value before; `Value::Null` where the field was not set.
    pub before: Value,
    /// What may stop working, a sentence without a final full stop; empty where nothing is known.
    pub risk: String,
    /// What it does in one, where it takes away a whole that several edits would have left empty.
    pub parts: Vec<PlannedEdit>,
}

/// A violation that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Residue {
    /// The check.
    pub check: &'static str,
    /// The field.
    pub path: FieldPath,
    /// Why no edit was made, a sentence without a final full stop: what the field is used for, or who asked to leave it.
    pub why: String,
    /// What could be done, a flag or a sentence each.
    pub ways: Vec<String>,
}

/// A place of a text that cannot be edited safely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The field that was to be edited.
    pub path: FieldPath,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Why it cannot, a fragment without a final full stop.
    pub why: String,
}

/// A text before and after.
#[derive(Debug, Clone)]
pub struct HardenedFile {
    /// As in [`Source::file`].
    pub name: Arc<str>,
    /// The text as it was read.
    pub before: String,
    /// The text with all edits; `None` where there are none.
    pub edited: Option<String>,
    /// Where the texts differ: bytes of the old one, and how many stand there in the new one, in order; none where it is
    /// not known.
    pub changes: Vec<(Range<usize>, usize)>,
    /// Its results in the report.
    pub results: Range<usize>,
}

impl HardenReport {
    /// A report that has nothing to say yet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let (errors, warnings) = (Problems::default(), Problems::default());
        Self { policy, results: Vec::new(), files: Vec::new(), errors, warnings, without_template: 0 }
    }

    /// How many templates do not meet the policy after the edits.
    #[must_use]
    pub fn unreached(&self) -> usize {
        self.results.iter().filter(|result| !result.reached).count()
    }
}

impl HardenedFile {
    /// The text with all edits.
    #[must_use]
    pub fn after(&self) -> &str {
        self.edited.as_deref().unwrap_or(&self.before)
    }

    /// Whether anything is edited.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.edited.as_ref().is_some_and(|edited| *edited != self.before)
    }
}

impl Hardened {
    /// `deployment/web`, as kubectl writes it.
    #[must_use]
    pub fn short_name(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }

    /// Whether the template has a volume of this name.
    pub fn has_volume(&self, name: &str, opened: &Opened) -> bool {
        self.of_spec("volumes", opened, |volumes| {
            let mut volumes = volumes.as_array().into_iter().flatten();
            volumes.any(|volume| volume.get("name").and_then(Value::as_str) == Some(name))
        })
    }

    /// Whether the pods run on Windows nodes only, by what the template says of its system or by its node selector.
    pub fn is_for_windows(&self, opened: &Opened) -> bool {
        const LABELS: [&str; 2] = ["kubernetes.io/os", "beta.kubernetes.io/os"];
        let is_windows = |value: Option<&Value>| value.is_some_and(|value| value == "windows");
        self.of_spec("os", opened, |os| is_windows(os.get("name")))
            || self
                .of_spec("nodeSelector", opened, |selector| LABELS.iter().any(|label| is_windows(selector.get(label))))
    }

    /// Whether something is so of a field of the pod's spec.
    fn of_spec(&self, field: &'static str, opened: &Opened, is_so: impl Fn(&Value) -> bool) -> bool {
        let path = self.template.clone().field("spec").field(field);
        let object = opened.value(&self.object);
        path.find(&object).is_some_and(is_so)
    }

    /// The edits without their reasons.
    pub fn plain_edits(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter().map(|planned| &planned.edit)
    }
}

impl PlannedEdit {
    /// The same of an object in which what it is about stands at `path`.
    #[must_use]
    pub fn under(mut self, path: &FieldPath) -> Self {
        self.edit.path = path.join(&self.edit.path);
        self.parts = self.parts.into_iter().map(|part| part.under(path)).collect();
        self
    }

    /// What is told of it: itself, or its parts where different checks ask for them.
    #[must_use]
    pub fn told(&self) -> &[Self] {
        let is_mixed = self.parts.iter().any(|part| part.check != self.check);
        if is_mixed { &self.parts } else { std::slice::from_ref(self) }
    }

    /// `set` or `remove`.
    #[must_use]
    pub fn op(&self) -> &'static str {
        match self.edit.op {
            Op::Set(_) => "set",
            Op::Remove => "remove",
        }
    }
}
