//! From bytes to text and back: byte order marks, UTF-16, invalid UTF-8.

/// A file's content as text, as kubectl's own decoding makes it (a byte order mark overrides UTF-8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    content: String,
    /// Whether the text is the file's bytes but for a UTF-8 byte order mark, so that offsets in it mean bytes there.
    pub is_verbatim: bool,
    /// How many bytes a byte order mark takes before the text.
    pub mark: usize,
    /// How the file writes its characters.
    pub encoding: Encoding,
    /// Where in the text the first invalid bytes were.
    first_loss: Option<usize>,
}

/// How a file writes characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, without a byte order mark.
    Utf8,
    /// UTF-8 behind a byte order mark.
    MarkedUtf8,
    /// UTF-16 behind a byte order mark, the low byte first.
    Utf16Le,
    /// UTF-16 behind a byte order mark, the high byte first.
    Utf16Be,
}

impl Encoding {
    /// The bytes of a file that holds `text`.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
            mark.iter().copied().chain(text.encode_utf16().flat_map(bytes)).collect()
        };
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::MarkedUtf8 => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            Self::Utf16Le => utf16(b"\xFF\xFE", u16::to_le_bytes),
            Self::Utf16Be => utf16(b"\xFE\xFF", u16::to_be_bytes),
        }
    }
}

impl Text {
    /// Decodes a file: UTF-16 where a byte order mark says so, else UTF-8; what is invalid becomes U+FFFD.
    #[must_use]
    pub fn decode(bytes: Vec<u8>) -> Self {
        match bytes.as_slice() {
            [0xEF, 0xBB, 0xBF, rest @ ..] => Self::utf8(rest.to_vec(), 3),
            [0xFF, 0xFE, rest @ ..] => Self::utf16(rest, Encoding::Utf16Le),
            [0xFE, 0xFF, rest @ ..] => Self::utf16(rest, Encoding::Utf16Be),
            _ => Self::utf8(bytes, 0),
        }
    }

    /// Where in the text something stands for bytes that mean no character; where nothing does, [`Encoding::encode`] gives
    /// the file's bytes again.
    #[must_use]
    pub fn first_loss(&self) -> Option<usize> {
        self.first_loss
    }

    /// The text alone.
    #[must_use]
    pub fn into_string(self) -> String {
        self.content
    }

    fn utf8(bytes: Vec<u8>, mark: usize) -> Self {
        let encoding = if mark > 0 { Encoding::MarkedUtf8 } else { Encoding::Utf8 };
        match String::from_utf8(bytes) {
            Ok(content) => Self { content, is_verbatim: true, mark, encoding, first_loss: None },
            Err(error) => {
                let stand_in = if mark > 0 { REFUSED } else { "\u{FFFD}" };
                let first_loss = Some(error.utf8_error().valid_up_to());
                let content = replace_invalid(error.as_bytes(), stand_in);
                Self { content, is_verbatim: false, mark, encoding, first_loss }
            }
        }
    }

    fn utf16(bytes: &[u8], encoding: Encoding) -> Self {
        let unit = if encoding == Encoding::Utf16Le { u16::from_le_bytes } else { u16::from_be_bytes };
        let (pairs, rest) = bytes.as_chunks::<2>();
        let mut content = String::with_capacity(bytes.len() / 2);
        let mut first_loss = None;
        for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
            if decoded.is_err() {
                first_loss.get_or_insert(content.len());
            }
            content.push(decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if !rest.is_empty() {
            first_loss.get_or_insert(content.len());
            content.push(char::REPLACEMENT_CHARACTER);
        }
        Self { content, is_verbatim: false, mark: 2, encoding, first_loss }
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
    fn what_was_decoded_is_encoded_again() {
        let files: [&[u8]; 5] =
            [b"a: \xC3\xA9", b"\xEF\xBB\xBFa", b"\xFF\xFEa\0=\xD8\0\xDE", b"\xFE\xFF\0a\xD8\x3D\xDE\0", b""];
        for bytes in files {
            let text = Text::decode(bytes.to_vec());
            assert_eq!((text.encoding.encode(&text).as_slice(), text.first_loss()), (bytes, None));
        }
        for (bytes, at) in
            [(&b"a: \xFFb"[..], 3), (b"\xFF\xFEa\0b", 1), (b"\xFE\xFF\0a\xDE\0", 1), (b"\xEF\xBB\xBF\xFF", 0)]
        {
            assert_eq!(Text::decode(bytes.to_vec()).first_loss(), Some(at), "{bytes:?}");
        }
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
