//! The tokens that the scanner cuts a document into.

/// A token and where it is.
#[derive(Debug, Clone, Copy)]
pub(in crate::yaml) struct Token {
    pub(in crate::yaml) kind: TokenKind,
    /// Of scalars only.
    pub(in crate::yaml) style: ScalarStyle,
    pub(in crate::yaml) start: u32,
    pub(in crate::yaml) end: u32,
    /// Which of the scanner's made-up strings is its text; `NO_STRING` where the text is a slice of the document.
    pub(in crate::yaml) string: u32,
    /// Of [`TokenKind::SimpleKey`]: the first byte behind its colon.
    pub(in crate::yaml) colon: u32,
}

/// The text of a token is a slice of the document.
const NO_STRING: u32 = u32::MAX;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::yaml) enum ScalarStyle {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::yaml) enum TokenKind {
    StreamEnd,
    /// `%YAML 1.1`
    VersionDirective,
    /// `%YAML` with any other version.
    UnknownVersion,
    /// `%TAG`: handle and prefix are two strings in a row.
    TagDirective,
    /// `---`
    DocumentStart,
    /// `...`
    DocumentEnd,
    /// Before the first entry of a block sequence; no text of its own.
    BlockSequenceStart,
    /// Before the first key of a block mapping; no text of its own.
    BlockMappingStart,
    /// After the last entry of either; no text of its own.
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    /// `-`
    BlockEntry,
    /// `,`
    FlowEntry,
    /// `?`, or nothing at all before a key that turned out to be one.
    Key,
    /// `:`
    Value,
    /// A key, the scalar that it is, and the colon behind it: nearly all keys are that.
    SimpleKey,
    Alias,
    Anchor,
    /// Handle and suffix are two strings in a row.
    Tag,
    Scalar,
}

impl Token {
    pub(super) fn new(kind: TokenKind, start: usize, end: usize) -> Self {
        let (start, end) = (small(start), small(end));
        Self { kind, style: ScalarStyle::Plain, start, end, string: NO_STRING, colon: 0 }
    }

    /// Whether a key starts here.
    pub(in crate::yaml) fn is_key(&self) -> bool {
        matches!(self.kind, TokenKind::Key | TokenKind::SimpleKey)
    }
}

/// Offsets inside one document; [`Document::parse`](crate::yaml::Document::parse) refuses those that do not fit.
pub(in crate::yaml) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
