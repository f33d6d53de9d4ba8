//! Classes of bytes, for loops that run over the text byte by byte.

/// Space and tab.
pub(super) const BLANK: u8 = 1;
/// Line feed and carriage return.
pub(super) const BREAK: u8 = 2;
/// The first byte of the line breaks beyond ASCII: NEL, LS and PS.
pub(super) const ODD: u8 = 4;
/// The colon.
pub(super) const COLON: u8 = 8;
/// What ends a plain scalar inside brackets: `,?[]{}`.
pub(super) const FLOW: u8 = 16;
/// The single quote.
pub(super) const SINGLE: u8 = 32;
/// The double quote and the backslash.
pub(super) const DOUBLE: u8 = 64;
/// What names of anchors consist of: ASCII letters and digits, `_` and `-`.
pub(super) const NAME: u8 = 128;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let byte = at as u8;
        classes[at] = match byte {
            b' ' | b'\t' => BLANK,
            b'\n' | b'\r' => BREAK,
            0xC2 | 0xE2 => ODD,
            b':' => COLON,
            b',' | b'?' | b'[' | b']' | b'{' | b'}' => FLOW,
            b'\'' => SINGLE,
            b'"' | b'\\' => DOUBLE,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-' => NAME,
            _ => 0,
        };
        at += 1;
    }
    classes
}

/// The class of a byte; 0 for most.
#[inline]
pub(super) fn class(byte: u8) -> u8 {
    CLASSES[byte as usize]
}

/// Where the first byte of one of the classes is, from `at` on; the length of the text if there is none.
#[inline]
pub(super) fn find(bytes: &[u8], at: usize, classes: u8) -> usize {
    skip(bytes, at, |byte| class(byte) & classes == 0)
}

/// Where the first byte is that does not belong to one of the classes.
#[inline]
pub(super) fn skip_class(bytes: &[u8], at: usize, classes: u8) -> usize {
    skip(bytes, at, |byte| class(byte) & classes != 0)
}

/// Where the first byte is for which `goes_on` is false.
#[inline]
pub(super) fn skip(bytes: &[u8], at: usize, goes_on: impl Fn(u8) -> bool) -> usize {
    let mut at = at;
    while let Some(&byte) = bytes.get(at) {
        if !goes_on(byte) {
            break;
        }
        at += 1;
    }
    at
}

/// What a look over a whole text tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// The first character that YAML does not allow at all.
    pub(super) forbidden: Option<usize>,
    /// Whether there are line breaks beyond ASCII.
    pub(super) has_odd_breaks: bool,
}

/// How many bytes are looked at before asking whether one of them needs a closer look.
const STRIDE: usize = 64;

/// Looks for forbidden characters and unusual line breaks.
pub(super) fn survey(text: &str) -> Survey {
    let bytes = text.as_bytes();
    let mut survey = Survey::default();
    let mut at = 0;
    while at < bytes.len() {
        let end = (at + STRIDE).min(bytes.len());
        // No early exit: so the compiler makes a few vector instructions of it.
        let is_clean = bytes[at..end].iter().fold(0, |found, byte| found | u8::from(is_suspicious(*byte))) == 0;
        if is_clean {
            at = end;
            continue;
        }
        while at < end {
            match text[at..].chars().next() {
                Some(c) if is_allowed(c) => {
                    survey.has_odd_breaks |= matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
                    at += c.len_utf8();
                }
                _ => {
                    survey.forbidden = Some(at);
                    return survey;
                }
            }
        }
    }
    survey
}

/// All but printable ASCII, line feed, carriage return and tab.
fn is_suspicious(byte: u8) -> bool {
    byte >= 0x7F || (byte < 0x20 && byte != b'\n' && byte != b'\r' && byte != b'\t')
}

fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The characters are those of "5.1. Character Set" in the YAML 1.1 specification; goyaml allows U+FEFF too.
    #[test]
    fn forbidden_characters_are_found_anywhere() {
        for c in ['\0', '\u{8}', '\u{B}', '\u{1F}', '\u{7F}', '\u{80}', '\u{9F}', '\u{FFFE}', '\u{FFFF}'] {
            for at in [0, 1, 63, 64, 200] {
                let text = format!("{}{c}é", "x".repeat(at));
                assert_eq!(survey(&text).forbidden, Some(at), "{c:?}");
            }
        }
        for c in ['\t', '\n', '\r', ' ', '~', '\u{85}', '\u{A0}', '\u{D7FF}', '\u{E000}', '\u{FEFF}', '\u{FFFD}', '😀']
        {
            assert_eq!(survey(&format!("a{c}b")).forbidden, None, "{c:?}");
        }
    }

    #[test]
    fn line_breaks_beyond_ascii_are_noticed() {
        assert!(!survey("a\r\nb é €").has_odd_breaks);
        for text in ["a\u{85}", "\u{2028}b", "c\u{2029}d"] {
            assert!(survey(text).has_odd_breaks, "{text:?}");
        }
    }

    #[test]
    fn searches_end_at_the_end() {
        assert_eq!(find(b"ab: c", 0, COLON), 2);
        assert_eq!(find(b"abc", 1, COLON | BLANK), 3);
        assert_eq!(skip_class(b"  \tx", 0, BLANK), 3);
        assert_eq!(skip_class(b"  ", 0, BLANK), 2);
    }
}
