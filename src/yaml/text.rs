//! From bytes to text: byte order marks, UTF-16, invalid UTF-8.

/// A file's content as text, as kubectl's own decoding makes it (a byte order mark overrides UTF-8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    content: String,
    /// Whether the text is the file's bytes but for a UTF-8 byte order mark, so that offsets in it mean bytes there.
    pub is_verbatim: bool,
    /// How many bytes a byte order mark takes before the text.
    pub mark: usize,
}

impl Text {
    /// Decodes a file: UTF-16 where a byte order mark says so, else UTF-8; what is invalid becomes U+FFFD.
    #[must_use]
    pub fn decode(bytes: Vec<u8>) -> Self {
        match bytes.as_slice() {
            [0xEF, 0xBB, 0xBF, rest @ ..] => Self::utf8(rest.to_vec(), 3),
            [0xFF, 0xFE, rest @ ..] => Self::utf16(rest, u16::from_le_bytes),
            [0xFE, 0xFF, rest @ ..] => Self::utf16(rest, u16::from_be_bytes),
            _ => Self::utf8(bytes, 0),
        }
    }

    fn utf8(bytes: Vec<u8>, mark: usize) -> Self {
        match String::from_utf8(bytes) {
            Ok(content) => Self { content, is_verbatim: true, mark },
            Err(error) => {
                let stand_in = if mark > 0 { REFUSED } else { "\u{FFFD}" };
                let content = replace_invalid(error.as_bytes(), stand_in);
                Self { content, is_verbatim: false, mark }
            }
        }
    }

    fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Self {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let mut content: String = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        if !rest.is_empty() {
            content.push(char::REPLACEMENT_CHARACTER);
        }
        Self { content, is_verbatim: false, mark: 2 }
    }
}

/// A character that YAML does not allow.
///
/// Behind a byte order mark kubectl does not replace what is no UTF-8, and the YAML reader then refuses it.
const REFUSED: &str = "\u{FFFE}";

fn replace_invalid(bytes: &[u8], stand_in: &str) -> String {
    bytes.utf8_chunks().fold(String::with_capacity(bytes.len()), |mut text, chunk| {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push_str(stand_in);
        }
        text
    })
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_override_utf8() {
        let plain = Text::decode(b"a: 1".to_vec());
        assert_eq!((&*plain, plain.is_verbatim, plain.mark), ("a: 1", true, 0));
        let marked = Text::decode(b"\xEF\xBB\xBFa: 1".to_vec());
        assert_eq!((&*marked, marked.is_verbatim, marked.mark), ("a: 1", true, 3));
        assert_eq!(&*Text::decode(b"\xFF\xFEa\0\xE9\0".to_vec()), "aé");
        assert_eq!(&*Text::decode(b"\xFE\xFF\0a\xD8\x3D\xDE\0".to_vec()), "a😀");
    }

    #[test]
    fn invalid_bytes_become_replacement_characters() {
        let text = Text::decode(b"a: \xFFb".to_vec());
        assert_eq!((&*text, text.is_verbatim), ("a: \u{FFFD}b", false));
        assert_eq!(&*Text::decode(b"\xFF\xFEa\0b".to_vec()), "a\u{FFFD}");
        let marked = Text::decode(b"\xEF\xBB\xBFa: \xFFb".to_vec());
        assert!(crate::yaml::Document::parse(&crate::yaml::chunks(&marked)[0]).is_err());
    }
}
