//! The loader: from bytes to documents, objects, templates and verdicts, and from those to every format.

use std::io::{Seek as _, Write as _};

use kubectl_secctx::check::{Request, check, unlabelled_namespaces};
use kubectl_secctx::policy::{AdmissionConfig, Level, NamespacePolicy, Version};
use kubectl_secctx::render::{Format, Style, render, sanitize};
use kubectl_secctx::report::{Asked, Report, Source};
use kubectl_secctx::source::Input;
use kubectl_secctx::yaml::{Chunk, ChunkKind, Document, Text, ValueRef, chunks};
use serde_json::Value as Json;
use tempfile::NamedTempFile;

use super::{Outcome, Random, ensure};

/// Most values of a document that are looked at.
const MOST: usize = 5_000;

/// A file as it lies on a disk.
pub(crate) fn loader(data: &[u8]) -> Outcome {
    let text = Text::decode(data.to_vec());
    let is_whole = text.first_loss().is_none();
    ensure(!is_whole || text.encoding.encode(&text) == data, || "the bytes do not come back".to_owned())?;
    let cut = chunks(&text);
    places(&text, &cut)?;
    for chunk in &cut {
        match Document::parse(chunk) {
            Ok(document) => values(&text, &document)?,
            Err(error) => {
                let last = text.matches('\n').count() + 1;
                let is_placed = (chunk.line..=last + 1).contains(&error.line) && error.column > 0;
                ensure(is_placed && !error.message.is_empty(), || format!("an error out of place: {error:?}"))?;
            }
        }
    }
    as_json(&text, &cut)?;
    judged(data)
}

/// Documents come in order, each where it says that it is.
fn places(text: &str, cut: &[Chunk<'_>]) -> Outcome {
    let (mut end, mut line, mut counted) = (0, 1, 0);
    for (index, chunk) in cut.iter().enumerate() {
        let before = text.get(..chunk.offset).ok_or("a document in the middle of a character")?;
        line += before.get(counted..).unwrap_or_default().matches('\n').count();
        counted = chunk.offset.max(counted);
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let is_there = text[chunk.offset..].starts_with(chunk.text);
        ensure(chunk.index == index && chunk.offset >= end && is_there, || format!("out of order: {chunk:?}"))?;
        ensure((chunk.line, chunk.column) == (line, column), || format!("it is in {line}:{column}: {chunk:?}"))?;
        end = chunk.offset + chunk.text.len();
    }
    Ok(())
}

/// Every value lies in its document, on its line, and between whole characters.
fn values(text: &str, document: &Document<'_>) -> Outcome {
    let range = document.range();
    let mut todo: Vec<ValueRef<'_>> = document.root().into_iter().collect();
    let mut seen = 0;
    while let Some(value) = todo.pop() {
        seen += 1;
        if seen > MOST {
            break;
        }
        let span = value.span();
        let is_inside = range.start <= span.start && span.start <= span.end && span.end <= range.end;
        ensure(is_inside && text.get(span.start..span.end).is_some(), || format!("{span:?} is not in {range:?}"))?;
        if seen < 12 {
            let line = text[..span.start].matches('\n').count() + 1;
            ensure(span.line == line && span.column > 0, || format!("{span:?} is in line {line}"))?;
        }
        todo.extend(value.items());
        todo.extend(value.entries().flat_map(|entry| [entry.key_ref, entry.value]));
    }
    let duplicates = document.duplicates().iter().take(MOST);
    duplicates.into_iter().try_for_each(|duplicate| {
        let (old, new) = (document.value(duplicate.overwritten), document.value(duplicate.by));
        ensure(old.id() != new.id(), || format!("{duplicate:?} overwrites itself"))
    })
}

/// One JSON object is what any reader of JSON takes it for.
fn as_json(text: &str, cut: &[Chunk<'_>]) -> Outcome {
    let Some(expected) = text.starts_with('{').then(|| serde_json::from_str::<Json>(text).ok()).flatten() else {
        return Ok(());
    };
    let [chunk] = cut else { return Err(format!("{} documents", cut.len())) };
    ensure(chunk.kind == ChunkKind::Json, || "not taken for JSON".to_owned())?;
    let document = Document::parse(chunk).map_err(|error| error.to_string())?;
    let found = document.root().map(ValueRef::to_json).unwrap_or_default();
    ensure(found == expected, || format!("read as {found}, is {expected}"))
}

thread_local! {
    static FILE: NamedTempFile = NamedTempFile::new().expect("a temporary file");
}

/// A name that a hostile folder could hold.
const NAME: &str = "a\u{1b}[31m\u{202e}b\n%0A]]>&\".yaml";

/// Judges the file as `check -f` does, and writes what it found in a format.
fn judged(data: &[u8]) -> Outcome {
    let mut random = Random::of(data);
    let version = Version::Minor(u16::try_from(random.below(40)).unwrap_or_default());
    let levels = [Asked::Namespace, Asked::Level(Level::Baseline), Asked::Level(Level::Restricted)];
    let request = Request {
        asked: random.pick(&levels),
        version,
        namespace: random.percent(20).then(|| "shop".to_owned()),
        admission: AdmissionConfig::default(),
        defaults: NamespacePolicy::default(),
    };
    let report = FILE.with(|file| {
        let mut handle = file.as_file();
        let write = handle.rewind().and_then(|()| handle.set_len(0)).and_then(|()| handle.write_all(data));
        write.map_err(|error| error.to_string())?;
        let path = file.path().to_owned();
        Ok::<_, String>(check(&request, &[Input::File { name: NAME.into(), path }]))
    })?;
    let _ = unlabelled_namespaces(&report, &request);
    told(&report)?;
    let format = random.pick(&Format::ALL);
    written(&report, format)
}

/// Every result and every problem has its place in the file.
fn told(report: &Report) -> Outcome {
    let is_placed = |source: &Source| {
        let on_line = source.line.is_none_or(|line| line > 0) && source.column.is_none_or(|column| column > 0);
        *source.file == *NAME && on_line
    };
    let (errors, warnings) = (report.errors.listed("errors"), report.warnings.listed("warnings"));
    let problems = errors.iter().chain(&warnings);
    let sources = problems.map(|problem| &problem.source).chain(report.results.iter().map(|verdict| &verdict.source));
    ensure(sources.into_iter().all(is_placed), || "something has no place".to_owned())?;
    let fits = report.results.iter().all(|verdict| {
        let placed = verdict.findings.iter().all(|found| found.places.len() == found.finding.violations.len());
        placed && verdict.allowed == verdict.findings.is_empty()
    });
    ensure(fits, || "a verdict that contradicts its findings".to_owned())
}

/// No format lets through what would harm a terminal, and programs can read theirs.
fn written(report: &Report, format: Format) -> Outcome {
    let style = Style { unicode: true, width: Some(100), ..Style::default() };
    let mut out = Vec::new();
    render(report, format, &style, &mut out).map_err(|error| error.to_string())?;
    let text = String::from_utf8(out).map_err(|error| error.to_string())?;
    ensure(is_harmless(&text), || format!("harmful in {format}: {text:?}"))?;
    match format {
        Format::Json | Format::Sarif => {
            serde_json::from_str::<Json>(&text).map(|_| ()).map_err(|error| format!("{format}: {error}: {text}"))
        }
        Format::Yaml => {
            let cut = chunks(&text);
            let documents: Result<Vec<_>, _> = cut.iter().map(Document::parse).collect();
            documents.map(|_| ()).map_err(|error| format!("{format}: {error}: {text}"))
        }
        Format::Junit => is_xml(&text),
        _ => Ok(()),
    }
}

/// Whether a text can be shown on a terminal line by line.
pub(super) fn is_harmless(text: &str) -> bool {
    text.lines().all(|line| sanitize(line) == line)
}

/// Whether tags are closed in turn, attributes quoted, and nothing else holds their characters.
fn is_xml(text: &str) -> Outcome {
    let wrong = |rest: &str| Err(format!("no XML from here on: {rest:?}"));
    let mut open = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        if rest[..start].contains("]]>") || !are_entities(&rest[..start]) {
            return wrong(rest);
        }
        rest = &rest[start..];
        if let Some(cdata) = rest.strip_prefix("<![CDATA[") {
            let Some(end) = cdata.find("]]>") else { return wrong(rest) };
            rest = &cdata[end + 3..];
            continue;
        }
        let Some(end) = end_of_tag(rest) else { return wrong(rest) };
        let tag = &rest[1..end];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return wrong(rest);
            }
        } else if !tag.ends_with('/') && !tag.starts_with('?') {
            open.extend(tag.split_whitespace().next());
        }
        rest = &rest[end + 1..];
    }
    ensure(open.is_empty() && rest.trim().is_empty(), || format!("not closed: {open:?} {rest:?}"))
}

/// Where the `>` of a tag is, those in quotes left out.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, c) in tag.char_indices().skip(1) {
        match c {
            '"' => quoted = !quoted,
            '<' => return None,
            '>' if !quoted => return Some(at).filter(|end| are_entities(&tag[..*end])),
            _ => {}
        }
    }
    None
}

/// Whether each `&` begins an entity.
fn are_entities(text: &str) -> bool {
    let known = ["amp;", "lt;", "gt;", "quot;", "apos;", "#"];
    text.split('&').skip(1).all(|rest| known.iter().any(|entity| rest.starts_with(entity)))
}
