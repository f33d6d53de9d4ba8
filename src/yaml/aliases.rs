//! Refuses aliases that contain themselves or blow a document up, by goyaml's own rules.
//!
//! goyaml counts what it decodes: every key and value, those of an alias each time anew, a merge key's entries too. This
//! walks a document as it stands in the text, before merge keys are applied, and counts alike.

use std::collections::HashMap;

use super::builder::MAX_DEPTH;
use super::merge::no_mapping;
use super::problem::Problem;
use super::scanner::Scan;
use super::tree::{Document, Kind, NodeId};

/// Up to this many decoded nodes nearly all may come from aliases.
const RATIO_LOW: f64 = 400_000.0;
/// From this many on only a tenth may.
const RATIO_HIGH: f64 = 4_000_000.0;

/// Walks the document as the decoder would, aliases followed, and stops where the decoder would.
pub(super) fn check(document: &Document<'_>) -> Scan<()> {
    let Some(root) = document.root else { return Ok(()) };
    let open = vec![false; document.nodes.len()];
    let mut walk = Walk { document, decoded: 0, through_alias: 0, aliases: 0, open, todo: vec![Step::Enter(root, 0)] };
    while let Some(step) = walk.todo.pop() {
        match step {
            Step::Enter(id, depth) => walk.enter(id, depth)?,
            Step::Leave(id) => {
                walk.open[id.0 as usize] = false;
                walk.aliases -= 1;
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Step {
    /// A node, and how many collections there are around it.
    Enter(NodeId, usize),
    /// The end of what an alias stands for.
    Leave(NodeId),
}

struct Walk<'d, 'a> {
    document: &'d Document<'a>,
    decoded: u64,
    through_alias: u64,
    /// How many aliases the walk is in.
    aliases: u32,
    /// Which those are.
    open: Vec<bool>,
    todo: Vec<Step>,
}

impl Walk<'_, '_> {
    fn enter(&mut self, id: NodeId, depth: usize) -> Scan<()> {
        self.decoded += 1;
        self.through_alias += u64::from(self.aliases > 0);
        if self.is_excessive() {
            return Err(self.problem(id, "this document has too many aliases of aliases"));
        }
        if depth > MAX_DEPTH {
            return Err(self.problem(id, "collections nest too deep behind this alias"));
        }
        match self.document.node(id).kind {
            Kind::Alias(target) => {
                if std::mem::replace(&mut self.open[id.0 as usize], true) {
                    return Err(self.problem(id, "the value that this alias stands for contains the alias itself"));
                }
                self.aliases += 1;
                self.todo.push(Step::Leave(id));
                self.todo.push(Step::Enter(target, depth));
            }
            Kind::Sequence(range) => {
                let children = self.document.children(range).iter().rev();
                self.todo.extend(children.map(|child| Step::Enter(*child, depth + 1)));
            }
            Kind::Mapping(range) => {
                let (pairs, _) = self.document.children(range).as_chunks::<2>();
                for [key, value] in pairs.iter().rev() {
                    if self.document.node(*key).may_merge {
                        self.merge(*value, depth)?;
                    } else {
                        self.todo.extend([Step::Enter(*value, depth + 1), Step::Enter(*key, depth + 1)]);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The value of a merge key; a list of mappings is not decoded itself.
    fn merge(&mut self, value: NodeId, depth: usize) -> Scan<()> {
        let document = self.document;
        let sources = match document.node(value).kind {
            Kind::Sequence(range) => document.children(range),
            _ => &[value],
        };
        for source in sources {
            if !matches!(document.node(document.resolve(*source)).kind, Kind::Mapping(_)) {
                return Err(no_mapping(document.node(value)));
            }
            self.todo.push(Step::Enter(*source, depth));
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn is_excessive(&self) -> bool {
        if self.through_alias <= 100 || self.decoded <= 1000 {
            return false;
        }
        let (decoded, through_alias) = (self.decoded as f64, self.through_alias as f64);
        let allowed = if decoded <= RATIO_LOW {
            0.99
        } else if decoded >= RATIO_HIGH {
            0.10
        } else {
            0.99 - 0.89 * ((decoded - RATIO_LOW) / (RATIO_HIGH - RATIO_LOW))
        };
        through_alias / decoded > allowed
    }

    fn problem(&self, id: NodeId, message: &str) -> Box<Problem> {
        Problem::new(self.document.node(id).start as usize, message)
    }
}

/// Refuses the document if one of the unwanted nodes is in it.
pub(super) fn check_reachable(document: &Document<'_>, unwanted: &HashMap<NodeId, &'static str>) -> Scan<()> {
    let mut seen = vec![false; document.nodes.len()];
    let mut todo: Vec<NodeId> = document.root.into_iter().collect();
    while let Some(id) = todo.pop() {
        if std::mem::replace(&mut seen[id.0 as usize], true) {
            continue;
        }
        if let Some(message) = unwanted.get(&id) {
            return Err(Problem::new(document.node(id).start as usize, *message));
        }
        match document.node(id).kind {
            Kind::Alias(target) => todo.push(target),
            Kind::Sequence(range) | Kind::Mapping(range) => todo.extend(document.children(range).iter().rev()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::{assert_refused, read};

    // The limits are those of go.yaml.in/yaml/v2 2.4.4.
    #[test]
    fn aliases_may_be_99_percent_of_a_small_document_and_no_more() {
        let document = |uses: usize| format!("a: &a [{}]\nb: [{}]", "x,".repeat(200), "*a,".repeat(uses));
        assert!(read(&document(500)).is_err());
        assert!(read(&document(50)).is_ok());
        let many = "- *a\n".repeat(2_000);
        assert!(read(&format!("a: &a b\nlist:\n{many}")).is_ok());
    }

    #[test]
    fn bombs_are_refused_before_they_go_off() {
        let bomb = |last: &str| {
            let levels: String =
                (1..30).map(|at| format!("a{at}: &a{at} {{x: *a{0}, q: *a{0}{last}}}\n", at - 1)).collect();
            format!("a0: &a0 {{p: 1}}\n{levels}").replace('@', "*a0")
        };
        for text in [bomb(""), bomb(", <<: @")] {
            let error = read(&text).unwrap_err();
            assert!(error.ends_with("this document has too many aliases of aliases"), "{error}");
        }
    }

    #[test]
    fn what_contains_itself_is_refused() {
        assert_refused(&[
            ("a: &a\n  b: *a", "2:6: the value that this alias stands for contains the alias itself"),
            ("&a [&b [*a], *b]", "1:9: the value that this alias stands for contains the alias itself"),
        ]);
    }
}
