//! Looks at what the server made of a change.

use serde_json::Value;

use super::Planned;
use super::reverse::{differences, field};
use crate::harden::{self, Task};
use crate::model::Choices;

/// Whether all templates of an object meet the policy, judged anew.
pub(super) fn meets(planned: &Planned, object: &Value) -> bool {
    let choices = Choices::default();
    planned.subject.templates.iter().all(|path| {
        let template = path.find(object).unwrap_or(&Value::Null);
        harden::plan(&Task { template, policy: planned.policy, choices: &choices })
            .is_ok_and(|plan| plan.before >= planned.policy.level)
    })
}

/// Where the templates are otherwise than planned, a sentence each. What the server adds by default is no difference.
pub(super) fn altered(planned: &Planned, object: &Value) -> Vec<String> {
    let before = &planned.subject.object;
    let mut told = Vec::new();
    for path in &planned.subject.templates {
        let (Some(wanted), Some(found)) = (path.find(&planned.after), path.find(object)) else { continue };
        let was = path.find(before).unwrap_or(&Value::Null);
        for difference in differences(found, wanted) {
            told.extend(difference.told(&path.to_string(), was));
        }
    }
    told
}

impl super::reverse::Difference {
    /// What is to be told of a difference between what the server has and what was planned.
    fn told(&self, template: &str, before: &Value) -> Option<String> {
        let name = field(&self.pointer);
        let name = if template.is_empty() { name } else { format!("{template}.{name}") };
        match (self.now(), self.then()) {
            // A default that the server gave to something new is not of the template before.
            (Some(_), None) if before.pointer(&self.pointer).is_none() => None,
            (Some(now), None) => Some(format!("{name} is {now} again, which was to be removed")),
            (None, Some(then)) => Some(format!("{name} is not set, which was to be {then}")),
            (Some(now), Some(then)) if only_adds(now, then) => None,
            (Some(now), Some(then)) => Some(format!("{name} is {now}, which was to be {then}")),
            (None, None) => None,
        }
    }
}

/// Whether a value is another one with more in it: defaults in the items of a list.
fn only_adds(now: &Value, then: &Value) -> bool {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            then.iter().all(|(key, then)| now.get(key).is_some_and(|now| only_adds(now, then)))
        }
        (Value::Array(now), Value::Array(then)) => {
            now.len() >= then.len() && then.iter().all(|then| now.iter().any(|now| only_adds(now, then)))
        }
        (now, then) => now == then,
    }
}
