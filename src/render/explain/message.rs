//! Pasted messages, part by part.

use std::io;

use super::lines::Lines;
use super::page::Page;
use crate::checks;
use crate::explain::{Kind, Message, Part, Pasted};
use crate::model::Applicability;
use crate::render::measure::{columns, cut};
use crate::render::style::{Tone, counted, sanitize};
use crate::render::words::fix_words;

/// Most lines without a message that are shown.
const MOST_IGNORED: usize = 3;

/// Writes what each message says and what to do.
pub(super) fn write(page: &mut Page<'_>, pasted: &Pasted) -> io::Result<()> {
    pasted.messages.iter().try_for_each(|message| write_message(page, message))?;
    write_ignored(page, &pasted.ignored)
}

fn write_message(page: &mut Page<'_>, message: &Message) -> io::Result<()> {
    page.gap()?;
    let tone = if matches!(message.kind, Kind::Refusal) { Tone::StrongBad } else { Tone::StrongWarning };
    page.out.write_all(page.style.paint(tone, &head(message)).to_string().as_bytes())?;
    writeln!(page.out)?;
    if let Some(note) = message.note {
        page.hanging(4, "", note)?;
    }
    message.parts.iter().try_for_each(|part| write_part(page, part))?;
    for unknown in &message.unknown {
        page.gap()?;
        let text = format!("not understood, perhaps a control newer than this program: {}", sanitize(unknown));
        page.hanging(2, "", &text)?;
    }
    write_lines(page, message)?;
    if let Some(file) = &message.file {
        page.gap()?;
        let next = format!("kubectl secctx explain -f {}", sanitize(file));
        page.hanging(0, "next: ", &next)?;
    }
    Ok(())
}

/// What was decided about what, in a line.
fn head(message: &Message) -> String {
    let object = message.object.as_deref().map(sanitize);
    let policy = message.policy.as_deref().map_or("its policy".into(), sanitize);
    let text = match message.kind {
        Kind::Refusal => format!("{} was not let in: it violates {policy}", object.as_deref().unwrap_or("a pod")),
        Kind::Warning => format!("{} was let in, but violates {policy}", object.as_deref().unwrap_or("an object")),
        Kind::Namespace => {
            format!("{}: pods in it violate the new level {policy}", object.as_deref().unwrap_or("a namespace"))
        }
        Kind::Pods => format!("{}: running, but would violate {policy}", object.as_deref().unwrap_or("pods")),
        Kind::Sentence => "reasons of Pod Security admission".to_owned(),
        Kind::Note => "a remark of Pod Security admission".to_owned(),
    };
    if message.count > 1 {
        format!("{text} ({} say the same)", counted(message.count, "message", "messages"))
    } else {
        text
    }
}

fn write_part(page: &mut Page<'_>, part: &Part) -> io::Result<()> {
    let Some(check) = checks::by_id(part.check) else { return Ok(()) };
    page.gap()?;
    let (tone, remark) = (Tone::broken(check.level).strong(), fix_words(check.fix));
    let gap = page.width().saturating_sub(2 + columns(check.id) + columns(remark)).max(2);
    let remark = page.style.paint(Tone::fix(check.fix), remark);
    writeln!(page.out, "  {}{:gap$}{remark}", page.style.paint(tone, check.id), "")?;
    page.hanging(4, "", &words(part))?;
    if part.is_cut {
        page.hanging(4, "", "(the message ends here: what is missing was cut off)")?;
    }
    for (at, field) in part.fields().into_iter().enumerate() {
        page.hanging(4, if at == 0 { "field: " } else { "       " }, field)?;
    }
    page.hanging(4, "fix: ", check.meaning.remedy)?;
    if page.was_told(check.id) {
        return Ok(());
    }
    page.hanging(4, "why: ", check.meaning.why)?;
    let breaks = if check.fix == Applicability::Manual { "before you do: " } else { "may break: " };
    page.hanging(4, breaks, check.meaning.breaks)
}

/// The server's own words.
fn words(part: &Part) -> String {
    let detail = sanitize(&part.detail);
    match (part.detail.is_empty(), part.is_cut) {
        (true, false) => part.reason.to_owned(),
        (_, false) => format!("{} ({detail})", part.reason),
        (_, true) => format!("{} ({detail}", part.reason),
    }
}

fn write_lines(page: &mut Page<'_>, message: &Message) -> io::Result<()> {
    let mut lines = Lines::default();
    message.parts.iter().for_each(|part| lines.add_part(part));
    let text = lines.into_text();
    if text.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.hanging(2, "", "lines to write, in a pod (in a workload below spec.template):")?;
    writeln!(page.out)?;
    page.yaml(4, &text)
}

fn write_ignored(page: &mut Page<'_>, ignored: &[String]) -> io::Result<()> {
    if ignored.is_empty() {
        return Ok(());
    }
    page.gap()?;
    let count = counted(ignored.len(), "line holds", "lines hold");
    let head = format!("{count} no message of Pod Security admission:");
    writeln!(page.out, "{}", page.style.paint(Tone::Faint, &head))?;
    for line in ignored.iter().take(MOST_IGNORED) {
        let line = sanitize(line);
        let line = cut(&line, page.width() - 4, page.style.ellipsis());
        writeln!(page.out, "    {}", page.style.paint(Tone::Faint, &line))?;
    }
    if ignored.len() > MOST_IGNORED {
        writeln!(page.out, "    {}", page.style.paint(Tone::Faint, page.style.ellipsis()))?;
    }
    Ok(())
}
