//! Reads text as kubectl does, and keeps the place of every node.
//!
//! kubectl decodes a file to UTF-8, cuts it into documents at lines that start with `---` (or into JSON values), turns
//! each document from YAML 1.1 into JSON with `sigs.k8s.io/yaml`, and sends that. [`Text::decode`], [`chunks`] and
//! [`Document::parse`] are these three steps; `granit-parser` does the syntax, [`scalar`] the YAML 1.1 meaning of plain
//! scalars. [`ValueRef`] reads a document's values, [`de`] decodes them into Rust types as strictly as the API server.

mod aliases;
mod build;
mod chunks;
pub mod de;
mod json;
mod scalar;
mod text;
mod tree;

pub use chunks::{Chunk, ChunkKind, chunks};
pub use text::Text;
pub use tree::{Document, Duplicate, Entry, Located, NodeId, Span, Value, ValueRef};

/// A document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Line in the file, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong: a fragment in lower case without a full stop.
    pub message: String,
}
