//! What is wrong with the labels of namespaces that decide.

use super::NamespaceLabels;
use crate::policy::{LabelContext, NamespacePolicy, label_mistakes};

/// A sentence per mistake. Verdicts are by what the server makes of the labels, so none of them is an error here.
pub(super) fn mistakes(namespaces: &NamespaceLabels, defaults: NamespacePolicy, newest: u16) -> Vec<String> {
    let context = LabelContext { annotations: None, defaults, newest: Some(newest) };
    let of = |(name, labels)| {
        label_mistakes(labels, &context).into_iter().map(move |mistake| format!("namespace {name:?}: {mistake}"))
    };
    namespaces.iter().flat_map(of).collect()
}
