//! Refuses aliases that contain themselves or blow a document up, by goyaml's own rules (`decode.go`).

use super::Error;
use super::tree::{Document, Kind, NodeId};

/// Up to this many decoded nodes nearly all may come from aliases.
const RATIO_LOW: f64 = 400_000.0;
/// From this many on only a tenth may.
const RATIO_HIGH: f64 = 4_000_000.0;

/// Walks the document as the decoder would, aliases followed, and stops where the decoder would.
///
/// Mappings are walked as they count, so a merged mapping's entries are counted where they were merged. That differs
/// from goyaml by a few nodes per merge key, far from what the limits are about.
pub(super) fn check(document: &Document<'_>) -> Result<(), Error> {
    let Some(root) = document.root else { return Ok(()) };
    let mut walk = Walk { decoded: 0, through_alias: 0, depth: 0, open: vec![false; document.nodes.len()] };
    let mut todo = vec![Step::Enter(root)];
    while let Some(step) = todo.pop() {
        match step {
            Step::Enter(id) => walk.enter(document, id, &mut todo)?,
            Step::Leave(id) => {
                walk.open[id.0 as usize] = false;
                walk.depth -= 1;
            }
        }
    }
    Ok(())
}

enum Step {
    Enter(NodeId),
    /// The end of what an alias stands for.
    Leave(NodeId),
}

struct Walk {
    decoded: u64,
    through_alias: u64,
    depth: u32,
    /// Aliases whose value is being walked.
    open: Vec<bool>,
}

impl Walk {
    fn enter(&mut self, document: &Document<'_>, id: NodeId, todo: &mut Vec<Step>) -> Result<(), Error> {
        self.decoded += 1;
        if self.depth > 0 {
            self.through_alias += 1;
        }
        if self.is_excessive() {
            return Err(error(document, id, "document contains excessive aliasing"));
        }
        match &document.node(id).kind {
            Kind::Alias(target) => {
                if std::mem::replace(&mut self.open[id.0 as usize], true) {
                    return Err(error(document, id, "an anchor's value contains itself"));
                }
                self.depth += 1;
                todo.push(Step::Leave(id));
                todo.push(Step::Enter(*target));
            }
            Kind::Sequence(range) | Kind::Mapping(range) => {
                todo.extend(document.children(range).iter().rev().map(|child| Step::Enter(*child)));
            }
            _ => {}
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn is_excessive(&self) -> bool {
        let (decoded, through_alias) = (self.decoded as f64, self.through_alias as f64);
        let allowed = if decoded <= RATIO_LOW {
            0.99
        } else if decoded >= RATIO_HIGH {
            0.10
        } else {
            0.99 - 0.89 * ((decoded - RATIO_LOW) / (RATIO_HIGH - RATIO_LOW))
        };
        self.through_alias > 100 && self.decoded > 1000 && through_alias / decoded > allowed
    }
}

fn error(document: &Document<'_>, id: NodeId, message: &str) -> Error {
    let span = document.span(id);
    Error { line: span.line, column: span.column, message: message.to_owned() }
}
