//! What is no text: told by its first bytes.

/// How many bytes of a text tell whether it is one.
pub(super) const TELLING: usize = 8192;

/// What is said of a file that is none.
pub const NO_TEXT: &str = "this is no manifest but a binary file";

/// Whether a text is none: of a disk image or a program there would be little more to say than an error per line of it.
#[must_use]
pub fn is_binary(text: &str) -> bool {
    has_nul(text.as_bytes())
}

/// Whether bytes that are not decoded yet are no text, as far as their start tells.
pub(super) fn are_binary(bytes: &[u8]) -> bool {
    has_nul(bytes) && !is_utf_16(bytes)
}

/// Whether a byte order mark says that these bytes are UTF-16, where every other one may be NUL.
pub(super) fn is_utf_16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF")
}

fn has_nul(bytes: &[u8]) -> bool {
    bytes.iter().take(TELLING).any(|byte| *byte == 0)
}
