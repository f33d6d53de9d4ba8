//! How a rollout goes, for people.

#[cfg(test)]
mod sample;

use std::io::{self, Write};

use super::measure::{cut, wrap};
use super::shell::shell_word;
use super::style::{Style, Tone, counted, sanitize};
use crate::report::harden::PlannedEdit;
use crate::report::rollout::{Confidence, Diagnosis, Origin, Phase, Remedy, RolloutStatus};

/// One line on how a rollout goes, without a line break, no wider than the terminal: it can be drawn over with the next.
#[must_use]
pub fn rollout_line(status: &RolloutStatus, style: &Style) -> String {
    let (sign, tone) = sign(status.phase, style);
    let rest = format!("{}: {}", sanitize(&status.workload), told(status));
    let room = style.width.map_or(usize::MAX, |width| width.saturating_sub(4));
    format!("  {} {}", style.paint(tone, sign), cut(&rest, room, style.ellipsis()))
}

fn sign(phase: Phase, style: &Style) -> (&'static str, Tone) {
    let (unicode, ascii, tone) = match phase {
        Phase::Progressing => ("…", ".", Tone::Faint),
        Phase::Done => ("✓", "+", Tone::StrongGood),
        Phase::Deferred => ("-", "-", Tone::StrongWarning),
        Phase::Stuck | Phase::Failed => ("✗", "x", Tone::StrongBad),
    };
    (if style.unicode { unicode } else { ascii }, tone)
}

/// What the line says: the counts while it goes on or does not, the message once it is over.
fn told(status: &RolloutStatus) -> String {
    let pods = status.pods;
    let new = match pods.wanted {
        Some(wanted) => format!("{} of {} ready", pods.ready, counted(wanted, "new pod", "new pods")),
        None => format!("{} ready", counted(pods.ready, "new pod", "new pods")),
    };
    let failing = status.failing_pods();
    let failing = (failing > 0).then(|| format!("{failing} failing"));
    let old = (pods.old > 0).then(|| format!("{} old", pods.old));
    let counts: Vec<String> = [Some(new), failing, old].into_iter().flatten().collect();
    let message = sanitize(&status.message);
    match (&status.trouble, status.phase) {
        (Some(trouble), _) => format!("trying again: {}", sanitize(trouble)),
        (None, Phase::Done | Phase::Deferred) => message.into_owned(),
        (None, Phase::Progressing) => counts.join(", "),
        (None, Phase::Stuck | Phase::Failed) => format!("{message} ({})", counts.join(", ")),
    }
}

/// What a rollout came to: the line, what fails and why, and what helps.
///
/// # Errors
/// Those of `out`.
pub fn rollout(status: &RolloutStatus, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    // Of a line that stays, nothing is cut.
    let whole = Style { width: None, ..style.clone() };
    writeln!(out, "{}", rollout_line(status, &whole))?;
    status.diagnoses.iter().try_for_each(|diagnosis| write_diagnosis(diagnosis, style, out))?;
    if !status.to_delete.is_empty() {
        let words = ["kubectl", "delete", "pod", "-n", &status.namespace].into_iter();
        let words: Vec<String> =
            words.chain(status.to_delete.iter().map(String::as_str)).map(|word| shell_word(&sanitize(word))).collect();
        writeln!(out, "    = {}", words.join(" "))?;
    }
    for note in &status.notes {
        write_wrapped(out, style, "  ! ", &sanitize(note), Tone::Warning)?;
    }
    Ok(())
}

fn write_diagnosis(diagnosis: &Diagnosis, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    let tone = if diagnosis.origin == Origin::Edits { Tone::StrongBad } else { Tone::Strong };
    write_wrapped(out, style, "  ", &sanitize(&diagnosis.what), tone)?;
    if !diagnosis.pods.is_empty() {
        write_wrapped(out, style, "    ", &pods(&diagnosis.pods), Tone::Faint)?;
    }
    if !diagnosis.evidence.is_empty() {
        write_wrapped(out, style, "    > ", &sanitize(&diagnosis.evidence), Tone::Plain)?;
    }
    write_wrapped(out, style, "    ", &origin(diagnosis), Tone::Plain)?;
    for edit in &diagnosis.edits {
        write_wrapped(out, style, "      ", &edit_text(edit), Tone::Warning)?;
    }
    for (at, remedy) in diagnosis.remedies.iter().enumerate() {
        let lead = if at == 0 { "    = " } else { "    = or " };
        write_wrapped(out, style, lead, &remedy_text(remedy), Tone::Plain)?;
    }
    Ok(())
}

/// Text broken to fit, its later lines below the first.
fn write_wrapped(out: &mut dyn Write, style: &Style, lead: &str, text: &str, tone: Tone) -> io::Result<()> {
    let width = style.width.map(|width| width.max(40) - lead.len());
    for (at, line) in wrap(text, width).into_iter().enumerate() {
        let lead = if at == 0 { lead.to_owned() } else { " ".repeat(lead.len()) };
        writeln!(out, "{lead}{}", style.paint(tone, line))?;
    }
    Ok(())
}

/// The most names of pods that are told.
const MOST_PODS: usize = 3;

fn pods(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(MOST_PODS).map(|name| sanitize(name).into_owned()).collect();
    let more = names.len() - shown.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}{rest}", if names.len() == 1 { "pod" } else { "pods" }, shown.join(", "))
}

fn origin(diagnosis: &Diagnosis) -> String {
    match (diagnosis.origin, diagnosis.confidence) {
        (Origin::Before, _) => "it failed like this before the edits, too".to_owned(),
        (Origin::Elsewhere, _) => "probably not from the edits: none of them has such an effect".to_owned(),
        (Origin::Edits, Confidence::Certain) => "caused by".to_owned(),
        (Origin::Edits, Confidence::Likely) => "most likely caused by".to_owned(),
        (Origin::Edits, Confidence::Possible) => "possibly caused by".to_owned(),
    }
}

fn edit_text(edit: &PlannedEdit) -> String {
    let text = match &edit.edit.op {
        crate::model::Op::Set(value) => format!("{}: {value}", edit.edit.path),
        crate::model::Op::Remove => format!("{} removed", edit.edit.path),
    };
    format!("{} ({})", sanitize(&text), edit.check)
}

fn remedy_text(remedy: &Remedy) -> String {
    let text = sanitize(&remedy.text).into_owned();
    if remedy.add.is_empty() {
        return text;
    }
    let words: Vec<String> = remedy.add.iter().map(|word| shell_word(&sanitize(word))).collect();
    let without =
        if remedy.leave_out.is_empty() { String::new() } else { format!(" without {}", remedy.leave_out.join(" ")) };
    format!("{}{without}: {text}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(status: &RolloutStatus, style: &Style) -> String {
        let mut out = Vec::new();
        rollout(status, style, &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("it is UTF-8")
    }

    fn plain() -> Style {
        Style { unicode: true, ..Style::default() }
    }

    #[test]
    fn the_line_of_a_rollout() {
        let mut status = sample::stuck();
        status.phase = Phase::Progressing;
        assert_eq!(rollout_line(&status, &plain()), "  … deployment/web: 1 of 3 new pods ready, 1 failing, 2 old");
        let narrow = Style { width: Some(30), ..plain() };
        assert_eq!(rollout_line(&status, &narrow), "  … deployment/web: 1 of 3 ne…");
        status.trouble = Some("the server closed\nthe connection".to_owned());
        assert_eq!(
            rollout_line(&status, &plain()),
            "  … deployment/web: trying again: the server closed\\nthe connection"
        );
        let done =
            RolloutStatus { phase: Phase::Done, message: "all 3 new pods are ready".to_owned(), ..sample::stuck() };
        assert_eq!(rollout_line(&done, &Style::default()), "  + deployment/web: all 3 new pods are ready");
    }

    #[test]
    fn what_it_came_to() {
        let expected = r#"  ✗ deployment/web: new pods do not come up (1 of 3 new pods ready, 1 failing, 2 old)

  container "web" ends: it may not listen on port 80
    pod web-1
    > bind() to 0.0.0.0:80 failed (13: Permission denied)
    most likely caused by
      spec.template.spec.containers[0].securityContext.capabilities.drop:
      ["ALL"] (capabilities_restricted)
    = --keep-capability NET_BIND_SERVICE: keep the capability
    = or let it listen above 1024
  ! logs may not be read
"#;
        assert_eq!(rendered(&sample::stuck(), &Style { width: Some(76), ..plain() }), expected);
    }

    #[test]
    fn pods_to_delete_are_a_command() {
        let status = RolloutStatus {
            workload: "statefulset/db".to_owned(),
            phase: Phase::Deferred,
            message: "a pod has to be deleted".to_owned(),
            to_delete: vec!["db-1".to_owned()],
            diagnoses: Vec::new(),
            notes: Vec::new(),
            ..sample::stuck()
        };
        let expected = "  - statefulset/db: a pod has to be deleted\n    = kubectl delete pod -n shop db-1\n";
        assert_eq!(rendered(&status, &plain()), expected);
    }

    #[test]
    fn hostile_strings_are_made_harmless() {
        let text = rendered(&sample::hostile(), &Style::default());
        assert!(!text.chars().any(|c| c != '\n' && crate::render::style::is_harmful(c)), "{text}");
    }
}
