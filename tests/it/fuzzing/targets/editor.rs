//! The editor: edits change what they should, and no byte of anything else, or are refused.

use kubectl_secctx::edit::{Edited, Splice, Target, edited, spliced};
use kubectl_secctx::model::{Edit, FieldPath, Op, Segment};
use kubectl_secctx::yaml::{Chunk, Document, Text, Value, ValueRef, chunks};
use serde_json::{Value as Json, json};

use super::{Outcome, Random, ensure};

/// How deep documents are that are compared as trees, as in `harden`.
const DEEPEST: usize = 256;

/// Eight bytes that choose the edits, then a file.
pub(crate) fn editor(data: &[u8]) -> Outcome {
    let Some((seed, file)) = data.split_first_chunk() else { return Ok(()) };
    let mut random = Random(u64::from_le_bytes(*seed));
    let text = Text::decode(file.to_vec());
    let cut = chunks(&text);
    let documents = readable(&cut);
    let roots: Vec<ValueRef<'_>> = documents.iter().filter_map(Document::root).collect();
    if roots.iter().any(|root| !is_small(*root)) {
        return Ok(());
    }
    let all: Vec<Vec<Edit>> = roots.iter().map(|root| edits(*root, &mut random)).collect();
    let borrowed: Vec<Vec<&Edit>> = all.iter().map(|edits| edits.iter().collect()).collect();
    let targets: Vec<Target<'_>> =
        roots.iter().zip(&borrowed).map(|(object, edits)| Target { object: *object, edits }).collect();
    let found = edited(&text, &targets);
    splices(&text, &targets, &found)
        .and_then(|()| reread(&targets, &found))
        .map_err(|why| format!("{why}\n{:?}\n--- {all:?}\n{:?}\n--- {:?}", &*text, found.text, found.unedited))
}

/// The documents that can be read.
fn readable<'t>(chunks: &[Chunk<'t>]) -> Vec<Document<'t>> {
    chunks.iter().filter_map(|chunk| Document::parse(chunk).ok()).collect()
}

/// Whether a value can be made a tree of, and of no more nodes than a machine does thousands of times.
fn is_small(root: ValueRef<'_>) -> bool {
    let (mut nodes, mut todo) = (0, vec![(root, 0)]);
    while let Some((value, depth)) = todo.pop() {
        nodes += 1;
        if nodes > 2_000 || depth > DEEPEST {
            return false;
        }
        todo.extend(value.items().map(|item| (item, depth + 1)));
        todo.extend(value.entries().map(|entry| (entry.value, depth + 1)));
    }
    true
}

/// The splices make the new text of the old one, and lie within the documents of their targets.
fn splices(text: &str, targets: &[Target<'_>], found: &Edited) -> Outcome {
    ensure(spliced(text, &found.splices) == found.text, || "the splices make another text".to_owned())?;
    let apart = |pair: &[Splice]| pair[0].range.end <= pair[1].range.start;
    ensure(found.splices.windows(2).all(apart), || format!("splices overlap: {:?}", found.splices))?;
    for Splice { range, .. } in &found.splices {
        let edited = |target: &Target<'_>| {
            let document = target.object.document().range();
            !target.edits.is_empty() && document.start <= range.start && range.end <= document.end
        };
        ensure(targets.iter().any(edited), || format!("{range:?} is in no target's document"))?;
        ensure(text.get(range.clone()).is_some(), || format!("{range:?} cuts a character"))?;
    }
    let refused = |target: usize| found.unedited.iter().any(|unedited| unedited.target == target);
    let nothing = targets.iter().enumerate().all(|(at, target)| refused(at) || target.edits.is_empty());
    ensure(!nothing || found.text == text, || "nothing was to be edited".to_owned())
}

/// Each object is the old one with its edits, if they were made; a second run of those that only set fields changes nothing.
pub(crate) fn reread(targets: &[Target<'_>], found: &Edited) -> Outcome {
    let cut = chunks(&found.text);
    let documents = readable(&cut);
    let new: Vec<ValueRef<'_>> = documents.iter().filter_map(Document::root).collect();
    ensure(new.len() == targets.len(), || format!("{} documents became {}", targets.len(), new.len()))?;
    for (at, (target, new)) in targets.iter().zip(&new).enumerate() {
        let mut expected = target.object.to_json();
        if !found.unedited.iter().any(|unedited| unedited.target == at) {
            Edit::apply(&mut expected, target.edits.iter().copied())
                .map_err(|misfit| format!("edited, and yet {misfit}"))?;
        }
        ensure(is_same(&new.to_json(), &expected), || format!("object {at} is not {expected}"))?;
        let was_json = target.object.document().is_json();
        ensure(!was_json || new.document().is_json(), || "it is no JSON any more".to_owned())?;
    }
    again(targets, found, &new)
}

/// Whether two values are equal; 1e3 and 1000 are, of which an edit need not make one of the other.
fn is_same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        _ => a == b,
    }
}

fn again(targets: &[Target<'_>], found: &Edited, new: &[ValueRef<'_>]) -> Outcome {
    let sets_fields = |edit: &&Edit| edit.op != Op::Remove && !matches!(edit.path.last(), Some(Segment::Index(_)));
    if !found.unedited.is_empty() || !targets.iter().all(|target| target.edits.iter().all(sets_fields)) {
        return Ok(());
    }
    let again: Vec<Target<'_>> =
        new.iter().zip(targets).map(|(object, target)| Target { object: *object, edits: target.edits }).collect();
    let second = edited(&found.text, &again);
    ensure(second.text == found.text && second.unedited.is_empty(), || {
        format!("a second run makes\n{}\n{:?}", second.text, second.unedited)
    })
}

/// Up to four edits, none in another's way.
pub(crate) fn edits(root: ValueRef<'_>, random: &mut Random) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for _ in 0..=random.below(4) {
        let Some(edit) = edit(root, random) else { continue };
        let is_in = |a: &FieldPath, b: &FieldPath| b.segments().starts_with(a.segments());
        if !edits.iter().any(|other| is_in(&other.path, &edit.path) || is_in(&edit.path, &other.path)) {
            edits.push(edit);
        }
    }
    edits
}

fn edit(root: ValueRef<'_>, random: &mut Random) -> Option<Edit> {
    let (mut at, mut path) = (root, FieldPath::root());
    for _ in 0..random.below(6) {
        match at.get() {
            Value::Mapping if at.entries().len() > 0 => {
                let entry = at.entries().nth(random.below(at.entries().len()))?;
                (at, path) = (entry.value, path.name(entry.key));
            }
            Value::Sequence if at.items().len() > 0 => {
                let index = random.below(at.items().len());
                (at, path) = (at.items().nth(index)?, path.index(index));
            }
            _ => break,
        }
    }
    if path == FieldPath::root().name("kind") {
        return None;
    }
    if !path.segments().is_empty() && random.percent(25) {
        return Some(Edit::remove(path));
    }
    let value = value(random);
    match at.get() {
        Value::Mapping => Some(Edit::set(missing(path, random), value)),
        Value::Sequence => Some(Edit::set(path.index(at.items().len()), value)),
        Value::Null if random.percent(50) => Some(Edit::set(missing(path, random), value)),
        _ if path.segments().is_empty() => None,
        _ => Some(Edit::set(path, value)),
    }
}

fn missing(path: FieldPath, random: &mut Random) -> FieldPath {
    let path = path.name(random.pick(&["new", "runAsNonRoot", "yes", "x y"]));
    if random.percent(40) { path.field("deep").field("deeper") } else { path }
}

fn value(random: &mut Random) -> Json {
    match random.below(8) {
        0 | 1 => true.into(),
        2 => 1000.into(),
        3 => random.pick(&["RuntimeDefault", "yes", "a: b", "it's", "", "é\n", "# x"]).into(),
        4 => json!(["ALL"]),
        5 => json!({"type": "RuntimeDefault", "list": [{"a": 1, "b": [2]}, "x"]}),
        6 => json!({}),
        _ => json!([]),
    }
}
