//! Reads text as kubectl does, and keeps the place of every node.
//!
//! kubectl decodes a file to UTF-8, cuts it into documents at lines that start with `---` (or into JSON values), turns
//! each document from YAML 1.1 into JSON with `sigs.k8s.io/yaml`, and sends that. [`Text::decode`], [`chunks`] and
//! [`Document::parse`] are these three steps. For the last there are a [`scanner`] that cuts the text into tokens, a
//! [`parser`] that knows the grammar, and a [`builder`] that makes a tree of it; [`scalar`] knows what plain scalars
//! mean. [`ValueRef`] reads a document's values, [`de`] decodes them into Rust types as strictly as the API server, and
//! [`shape`] only finds out whether that would succeed.

mod aliases;
mod builder;
mod bytes;
mod chunks;
pub mod de;
mod json;
mod keys;
mod lines;
mod merge;
mod mismatch;
mod parser;
mod problem;
mod scalar;
mod scanner;
pub mod shape;
mod tags;
#[cfg(test)]
mod testing;
mod text;
mod timestamp;
mod tree;
mod value;
mod written;

pub use chunks::{Chunk, ChunkKind, Start, are_chunks, chunks, chunks_from, starts_as_json, whole_documents};
pub use text::{Encoding, Text};
pub use tree::{Document, Duplicate, NodeId, Span, Style};
pub use value::{Entry, Located, Value, ValueRef};
pub use written::{Properties, WrittenEntry, reads_as_string};

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
