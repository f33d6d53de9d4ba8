//! Which objects arguments name, by kubectl's rules (`builder.go` of `k8s.io/cli-runtime`).

/// A kind of objects, or one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The type as it was typed: `deploy`, `deployments.apps`, `rollouts.v1alpha1.argoproj.io`.
    pub resource: String,
    /// The name; `None` for all of the type.
    pub name: Option<String>,
}

/// Reads `TYPE`, `TYPE NAME…`, `TYPE/NAME…` and `TYPE,TYPE NAME…`; nothing where there are no arguments.
///
/// # Errors
///
/// What is wrong with the arguments, a sentence.
pub fn parse(arguments: &[String]) -> Result<Vec<Target>, String> {
    if arguments.iter().any(|argument| argument.contains('/')) {
        return arguments.iter().map(|argument| pair(argument)).collect();
    }
    let Some((types, names)) = arguments.split_first() else { return Ok(Vec::new()) };
    let mut targets = Vec::new();
    for resource in types.split(',') {
        if resource.is_empty() {
            return Err(format!("{types:?} holds an empty resource type"));
        }
        let target = |name: Option<String>| Target { resource: resource.to_owned(), name };
        if names.is_empty() {
            targets.push(target(None));
        }
        targets.extend(names.iter().map(|name| target(Some(name.clone()))));
    }
    Ok(targets)
}

fn pair(argument: &str) -> Result<Target, String> {
    match argument.split('/').collect::<Vec<_>>().as_slice() {
        [resource, name] if !resource.is_empty() && !name.is_empty() => {
            Ok(Target { resource: (*resource).to_owned(), name: Some((*name).to_owned()) })
        }
        [_] => Err(format!("{argument:?} stands beside arguments of the form TYPE/NAME: give all of them that form")),
        [_, _] => Err(format!("{argument:?} must have a type before the slash and a name behind it")),
        _ => Err(format!("{argument:?} has more than one slash: the form is TYPE/NAME")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Vec<String>, String> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let shown = |target: Target| format!("{} {}", target.resource, target.name.unwrap_or("*".to_owned()));
        parse(&arguments).map(|targets| targets.into_iter().map(shown).collect())
    }

    #[test]
    fn all_forms_of_kubectl() {
        assert_eq!(read(&[]), Ok(vec![]));
        assert_eq!(read(&["deploy"]).unwrap(), ["deploy *"]);
        assert_eq!(read(&["deploy", "a", "b"]).unwrap(), ["deploy a", "deploy b"]);
        assert_eq!(read(&["deploy/a", "sts/b"]).unwrap(), ["deploy a", "sts b"]);
        assert_eq!(read(&["deploy,sts", "a"]).unwrap(), ["deploy a", "sts a"]);
    }

    #[test]
    fn mixed_and_broken_forms_are_refused() {
        assert!(read(&["deploy/a", "b"]).unwrap_err().contains("\"b\""));
        assert!(read(&["deploy/a/b"]).unwrap_err().contains("more than one slash"));
        assert!(read(&["deploy/"]).is_err() && read(&["/a"]).is_err());
        assert!(read(&["deploy,,sts"]).is_err());
    }
}
