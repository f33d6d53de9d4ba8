//! Anchors, aliases and tags.

use super::{Scan, Scanner, Token, TokenKind};
use crate::yaml::bytes::{self, NAME};
use crate::yaml::problem::Problem;

impl Scanner<'_> {
    pub(super) fn anchor(&mut self) -> Scan<()> {
        self.add_candidate()?;
        self.key_allowed = false;
        let token = self.name(TokenKind::Anchor)?;
        self.queue.push_back(token);
        Ok(())
    }

    pub(super) fn alias(&mut self) -> Scan<()> {
        let node = self.start_node()?;
        let token = self.name(TokenKind::Alias)?;
        self.end_node(token, node)
    }

    /// A `&` or `*` and the name behind it.
    fn name(&mut self, kind: TokenKind) -> Scan<Token> {
        let start = self.at;
        self.at = bytes::skip_class(self.bytes, start + 1, NAME);
        let is_ended = self.is_blank_or_end(self.at)
            || matches!(self.byte(self.at), Some(b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`'));
        if self.at == start + 1 || !is_ended {
            let (what, example) = if kind == TokenKind::Anchor { ("an anchor", "&") } else { ("an alias", "*") };
            let message = format!(
                "the name of {what} ({example}name) must consist of ASCII letters, digits, \"-\" and \"_\"; \
                 put quotes around other text that starts with {example:?}"
            );
            return Err(Problem::new(self.at, message));
        }
        Ok(Token::new(kind, start, self.at))
    }

    pub(super) fn tag(&mut self) -> Scan<()> {
        self.add_candidate()?;
        self.key_allowed = false;
        let start = self.at;
        let (handle, suffix) =
            if self.byte(start + 1) == Some(b'<') { self.verbatim_tag()? } else { self.short_tag()? };
        if !self.is_blank_or_end(self.at) {
            return Err(Problem::new(self.at, "expected a blank or the end of the line behind the tag"));
        }
        let mut token = Token::new(TokenKind::Tag, start, self.at);
        token.string = self.keep(handle.into());
        self.keep(suffix.into());
        self.queue.push_back(token);
        Ok(())
    }

    /// `!<tag:yaml.org,2002:str>`: there is no handle.
    fn verbatim_tag(&mut self) -> Scan<(String, String)> {
        let start = self.at;
        self.at += 2;
        let suffix = self.uri(start, String::new())?;
        if self.byte(self.at) != Some(b'>') {
            return Err(Problem::new(start, "this tag is never closed; expected \">\""));
        }
        self.at += 1;
        Ok((String::new(), suffix))
    }

    /// `!suffix`, `!!suffix`, `!handle!suffix` or `!` alone.
    fn short_tag(&mut self) -> Scan<(String, String)> {
        let start = self.at;
        let head = self.tag_handle();
        if head.len() > 1 && head.ends_with('!') {
            return Ok((head, self.uri(start, String::new())?));
        }
        let suffix = self.uri_after(head[1..].to_owned())?;
        // The tag "!" alone is one without a handle.
        Ok(if suffix.is_empty() { (String::new(), "!".to_owned()) } else { ("!".to_owned(), suffix) })
    }

    /// A `!`, what letters follow, and a second `!` if there is one.
    pub(super) fn tag_handle(&mut self) -> String {
        let start = self.at;
        self.at = bytes::skip_class(self.bytes, start + 1, NAME);
        if self.byte(self.at) == Some(b'!') {
            self.at += 1;
        }
        self.text[start..self.at].to_owned()
    }

    /// The characters of a URI; there must be some.
    pub(super) fn uri(&mut self, tag: usize, head: String) -> Scan<String> {
        let from = self.at;
        let uri = self.uri_after(head)?;
        if self.at == from {
            return Err(Problem::new(tag, "this tag has no name"));
        }
        Ok(uri)
    }

    fn uri_after(&mut self, head: String) -> Scan<String> {
        let mut uri = head.into_bytes();
        while let Some(byte) = self.byte(self.at) {
            match byte {
                b'%' => self.uri_escape(&mut uri)?,
                _ if bytes::class(byte) == NAME || b";/?:@&=+$,.!~*'()[]".contains(&byte) => {
                    uri.push(byte);
                    self.at += 1;
                }
                _ => break,
            }
        }
        Ok(String::from_utf8_lossy(&uri).into_owned())
    }

    /// One character in `%` escapes, one for each of its bytes.
    fn uri_escape(&mut self, uri: &mut Vec<u8>) -> Scan<()> {
        let first = self.escaped_byte()?;
        let length = match first {
            0..0x80 => 1,
            0xC0..0xE0 => 2,
            0xE0..0xF0 => 3,
            0xF0..0xF8 => 4,
            _ => return Err(Problem::new(self.at - 3, "this escape starts no UTF-8 character")),
        };
        uri.push(first);
        for _ in 1..length {
            let next = self.escaped_byte()?;
            if next & 0xC0 != 0x80 {
                return Err(Problem::new(self.at - 3, "this escape continues no UTF-8 character"));
            }
            uri.push(next);
        }
        Ok(())
    }

    fn escaped_byte(&mut self) -> Scan<u8> {
        let digit = |at: usize| self.byte(at).and_then(|byte| char::from(byte).to_digit(16));
        match (self.byte(self.at), digit(self.at + 1), digit(self.at + 2)) {
            (Some(b'%'), Some(high), Some(low)) => {
                self.at += 3;
                Ok(u8::try_from(high * 16 + low).unwrap_or_default())
            }
            _ => Err(Problem::new(self.at, "expected \"%\" and two hexadecimal digits in a tag")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::{assert_read, assert_refused};

    // Expected values: kubectl 1.37 (go.yaml.in/yaml/v2 2.4.4, sigs.k8s.io/yaml 1.6.0).
    #[test]
    fn anchors_aliases_and_tags_are_kubectls() {
        assert_read(&[
            ("a: &x 1\nb: *x", "{\"a\":1,\"b\":1}"),
            ("a: &x k\nb: {*x : 1}", "{\"a\":\"k\",\"b\":{\"k\":1}}"),
            ("&a a: &b b\nc: *a", "{\"a\":\"b\",\"c\":\"a\"}"),
            ("a: &x-1_y v\nb: [*x-1_y]", "{\"a\":\"v\",\"b\":[\"v\"]}"),
            ("a: !!str 1", "{\"a\":\"1\"}"),
            ("a: !t v", "{\"a\":\"v\"}"),
            ("a: !<tag:yaml.org,2002:str> 1", "{\"a\":\"1\"}"),
            ("a: !!!x v", "{\"a\":\"v\"}"),
            ("a: !] v", "{\"a\":\"v\"}"),
            ("a: ! 1", "{\"a\":\"1\"}"),
            ("[!!str, a]", "[\"a\"]"),
            ("a: !%41 v", "{\"a\":\"v\"}"),
            ("&a", "null"),
            ("&a &b c", "null"),
            ("!!str", "\"\""),
            ("a: !!int &x 3\nb: *x", "{\"a\":3,\"b\":3}"),
            ("- &a\n- *a", "[null,null]"),
        ]);
    }

    #[test]
    fn wrong_names_are_pointed_at() {
        assert_refused(&[
            ("*x: v", "1:1: unknown anchor \"x\": it must be set earlier in the same document"),
            (
                "a: &x.y v",
                "1:6: the name of an anchor (&name) must consist of ASCII letters, digits, \"-\" and \"_\"; put quotes around other text that starts with \"&\"",
            ),
            (
                "a: &é v",
                "1:5: the name of an anchor (&name) must consist of ASCII letters, digits, \"-\" and \"_\"; put quotes around other text that starts with \"&\"",
            ),
            (
                "a: & v",
                "1:5: the name of an anchor (&name) must consist of ASCII letters, digits, \"-\" and \"_\"; put quotes around other text that starts with \"&\"",
            ),
            ("a: *x", "1:4: unknown anchor \"x\": it must be set earlier in the same document"),
            ("a: !e!x v", "1:4: unknown tag handle \"!e!\": no %TAG directive defines it"),
            ("a: !%zz v", "1:5: expected \"%\" and two hexadecimal digits in a tag"),
        ]);
    }
}
