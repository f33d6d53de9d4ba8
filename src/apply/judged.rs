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
        let say = |value: &Value| shown(&self.pointer, value);
        match (self.now(), self.then()) {
            // A default that the server gave to something new is not of the template before.
            (Some(_), None) if before.pointer(&self.pointer).is_none() => None,
            (Some(now), None) => Some(format!("{name} is {} again, which was to be removed", say(now))),
            (None, Some(then)) => Some(format!("{name} is not set, which was to be {}", say(then))),
            (Some(now), Some(then)) if only_adds(now, then) => {
                let is_back = came_back(now, then, before.pointer(&self.pointer));
                is_back.then(|| format!("{name} has items again that were to be removed"))
            }
            (Some(now), Some(then)) => Some(format!("{name} is {}, which was to be {}", say(now), say(then))),
            (None, None) => None,
        }
    }
}

/// Whether a list has items that it had before and was to have no more.
fn came_back(now: &Value, then: &Value, before: Option<&Value>) -> bool {
    let (Some(now), Some(then), Some(before)) = (now.as_array(), then.as_array(), before.and_then(Value::as_array))
    else {
        return false;
    };
    now.iter().any(|item| before.contains(item) && !then.iter().any(|then| only_adds(item, then)))
}

/// A value for people, if it is short and no environment variable's, which may be a secret.
fn shown(pointer: &str, value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    if pointer.contains("/env/") || text.contains("\"env\"") || text.len() > LONGEST {
        "another value".to_owned()
    } else {
        text
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: &Value, wanted: &Value, found: &Value) -> Vec<String> {
        let all = differences(found, wanted);
        all.iter().filter_map(|difference| difference.told("spec.template", before)).collect()
    }

    #[test]
    fn what_is_otherwise_is_told_and_defaults_are_not() {
        let before = json!({"spec": {"hostPID": true}});
        let wanted = json!({"spec": {"volumes": [{"name": "tmp", "emptyDir": {}}], "os": {"name": "linux"}}});
        let found =
            json!({"spec": {"volumes": [{"name": "tmp", "emptyDir": {"medium": ""}}], "os": {"name": "linux"}}});
        assert_eq!(told(&before, &wanted, &found), Vec::<String>::new());
        let found = json!({"spec": {"hostPID": true, "volumes": [], "os": {"name": "windows"}}});
        let expected = [
            "spec.template.spec.hostPID is true again, which was to be removed",
            r#"spec.template.spec.volumes is [], which was to be [{"name":"tmp","emptyDir":{}}]"#,
            r#"spec.template.spec.os.name is "windows", which was to be "linux""#,
        ];
        assert_eq!(told(&before, &wanted, &found), expected);
        let volumes =
            |names: &[&str]| json!({"volumes": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()});
        let (before, wanted) = (volumes(&["node", "tmp"]), volumes(&["tmp"]));
        let expected = ["spec.template.volumes has items again that were to be removed"];
        assert_eq!(told(&before, &wanted, &before), expected);
        assert_eq!(told(&before, &wanted, &volumes(&["tmp", "injected"])), Vec::<String>::new());
    }

    #[test]
    fn values_of_variables_are_not_told() {
        let spec = |value: &str| json!({"spec": {"containers": [{"env": [{"name": "A", "value": value}]}]}});
        let told = told(&spec("old"), &spec("old"), &spec("secret"));
        assert_eq!(
            told,
            ["spec.template.spec.containers[0].env[0].value is another value, which was to be another value"]
        );
    }
}
