//! `-o kubectl`: the commands that write the labels, for a shell.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::edits::edits;
use crate::render::shell::shell_word;
use crate::render::style::{is_harmful, sanitize};
use crate::report::label::LabelReport;

/// Writes a command per namespace, with what should be known before as comments. Steps that come later are comments,
/// so that the whole can be given to a shell.
pub(super) fn render(report: &LabelReport, out: &mut dyn Write) -> io::Result<()> {
    for edit in edits(report) {
        let name = sanitize(&edit.row.name);
        edit.remarks.iter().try_for_each(|remark| writeln!(out, "# {name}: {remark}"))?;
        if !edit.is_empty() {
            match command(&edit.row.name, &edit.set, &edit.remove) {
                Some(command) => writeln!(out, "{command}")?,
                None => writeln!(out, "# {name}: no command can be written for such a name or such labels")?,
            }
        }
        for step in edit.later {
            let why = sanitize(&step.why);
            if let Some(command) = command(&edit.row.name, &step.labels, &step.remove) {
                writeln!(out, "# {name}, {}: {why}\n#   {command}", sanitize(&step.when))?;
            }
        }
    }
    Ok(())
}

/// The command; `None` where a word of it would not be seen as what it is, or be taken for a flag.
fn command(namespace: &str, set: &BTreeMap<String, String>, remove: &[String]) -> Option<String> {
    let mut words = vec![namespace.to_owned()];
    words.extend(set.iter().map(|(key, value)| format!("{key}={value}")));
    words.extend(remove.iter().map(|key| format!("{key}-")));
    if words.iter().any(|word| word.is_empty() || word.starts_with('-') || word.chars().any(is_harmful)) {
        return None;
    }
    let words: Vec<_> = words.iter().map(|word| shell_word(word)).collect();
    Some(format!("kubectl label --overwrite namespace {}", words.join(" ")))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::render::Style;
    use crate::render::label::{LabelFormat, rendered, sample};

    fn text(report: &LabelReport) -> String {
        rendered(report, LabelFormat::Kubectl, &Style::default())
    }

    /// The arguments that a shell gives to kubectl, command by command.
    fn run(script: &str) -> Vec<Vec<String>> {
        let script = format!("kubectl() {{ printf '%s\\0' \"$@\"; printf '\\n\\0'; }}\n{script}");
        let ran = Command::new("sh").arg("-c").arg(script).output().expect("a shell");
        assert!(ran.status.success() && ran.stderr.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
        let words: Vec<_> = String::from_utf8(ran.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect();
        words.split(|word| word == "\n").filter(|words| !words.is_empty()).map(<[_]>::to_vec).collect()
    }

    #[test]
    fn commands_and_what_they_break() {
        let expected = "\
# infra: enforces baseline, though what runs there only meets privileged
# kube-system: admission does not look at it: namespace \"kube-system\" is exempt
# shop: whoever applies what will be refused is told
kubectl label --overwrite namespace shop pod-security.kubernetes.io/warn=baseline pod-security.kubernetes.io/warn-version=v1.36
# shop, after a week without warnings: nothing violates it
#   kubectl label --overwrite namespace shop pod-security.kubernetes.io/enforce=baseline pod-security.kubernetes.io/enforce-version=v1.36 pod-security.kubernetes.io/warn-version-
# site: enforces the strictest level that is safe already: restricted
";
        let text = text(&sample::planned());
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn a_shell_reads_what_was_meant() {
        let text = text(&sample::labels());
        assert!(text.contains("# shop: enforce baseline:v1.36: 2 of 5 break: statefulset/db, pod/debug\n"), "{text}");
        let key = |rest: &str| format!("pod-security.kubernetes.io/{rest}");
        let labels = [
            key("audit=restricted"),
            key("audit-version=v1.36"),
            key("enforce=baseline"),
            key("enforce-version=v1.36"),
            key("warn=restricted"),
            key("warn-version=v1.36"),
        ];
        let expected = ["clean", "kube-system", "shop", "team-7"].map(|name| {
            let head = ["label", "--overwrite", "namespace", name].map(str::to_owned);
            head.into_iter().chain(labels.clone()).collect::<Vec<_>>()
        });
        assert_eq!(run(&text), expected);
    }

    #[test]
    fn hostile_names_and_labels_reach_no_shell() {
        let text = text(&sample::hostile());
        let ran = run(&text);
        assert_eq!(ran.len(), 3, "the namespaces with honest names and labels: {ran:?}");
        assert!(text.contains("no command can be written for such a name or such labels\n"), "{text}");
        let word = |name: &str, value: &str| command(name, &sample::labels_of(&[("a", value)]), &[]);
        assert_eq!(word("-x", "b"), None);
        let tricky = "$(id) `id` 'x' \"y\" ;|&<>\\ ~ * # ü";
        assert_eq!(run(&word("n", tricky).unwrap())[0].last().unwrap(), &format!("a={tricky}"));
    }
}
