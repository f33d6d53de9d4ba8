//! Lines that start with `%`.

use super::{Scan, Scanner, Token, TokenKind};
use crate::yaml::bytes::{self, BLANK, NAME};
use crate::yaml::problem::{Problem, shown};

impl Scanner<'_> {
    pub(super) fn directive(&mut self) -> Scan<()> {
        self.unroll(-1);
        self.drop_candidate()?;
        self.key_allowed = false;
        let start = self.at;
        self.at = bytes::skip_class(self.bytes, start + 1, NAME);
        if !self.is_blank_or_end(self.at) {
            return Err(self.unknown(start));
        }
        let token = match &self.text[start + 1..self.at] {
            "YAML" => self.version(start)?,
            "TAG" => self.tag_directive(start)?,
            _ => return Err(self.unknown(start)),
        };
        self.at = bytes::skip_class(self.bytes, self.at, BLANK);
        if self.byte(self.at) == Some(b'#') {
            self.at = self.line_end(self.at);
        }
        if self.at < self.bytes.len() && !self.skip_break() {
            return Err(Problem::new(self.at, "only a comment may follow a directive on its line"));
        }
        self.queue.push_back(token);
        Ok(())
    }

    fn unknown(&self, start: usize) -> Box<Problem> {
        let line = &self.text[start..self.line_end(start)];
        Problem::new(
            start,
            format!("unknown directive {}; put quotes around a value that starts with \"%\"", shown(line)),
        )
    }

    fn version(&mut self, start: usize) -> Scan<Token> {
        self.at = bytes::skip_class(self.bytes, self.at, BLANK);
        let major = self.version_number()?;
        if self.byte(self.at) != Some(b'.') {
            return Err(Problem::new(self.at, "expected a version number, as in \"%YAML 1.1\""));
        }
        self.at += 1;
        let minor = self.version_number()?;
        let is_known = (major, minor) == (1, 1);
        let kind = if is_known { TokenKind::VersionDirective } else { TokenKind::UnknownVersion };
        Ok(Token::new(kind, start, self.at))
    }

    /// One or two digits.
    fn version_number(&mut self) -> Scan<u32> {
        let from = self.at;
        self.at = bytes::skip(self.bytes, from, |byte| byte.is_ascii_digit());
        match self.text[from..self.at].parse() {
            Ok(number) if self.at - from <= 2 => Ok(number),
            _ => Err(Problem::new(from, "expected a version number, as in \"%YAML 1.1\"")),
        }
    }

    fn tag_directive(&mut self, start: usize) -> Scan<Token> {
        self.at = bytes::skip_class(self.bytes, self.at, BLANK);
        let wrong = |at: usize| Problem::new(at, "expected a handle and a prefix, as in \"%TAG !e! tag:example.com:\"");
        if self.byte(self.at) != Some(b'!') {
            return Err(wrong(self.at));
        }
        let handle = self.tag_handle();
        let is_handle = handle == "!" || (handle.len() > 1 && handle.ends_with('!'));
        if !is_handle || !matches!(self.byte(self.at), Some(b' ' | b'\t')) {
            return Err(wrong(self.at));
        }
        self.at = bytes::skip_class(self.bytes, self.at, BLANK);
        let prefix = self.uri(start, String::new())?;
        if !self.is_blank_or_end(self.at) {
            return Err(wrong(self.at));
        }
        let mut token = Token::new(TokenKind::TagDirective, start, self.at);
        token.string = self.keep(handle.into());
        self.keep(prefix.into());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::assert_refused;

    // Expected values: kubectl 1.37 (go.yaml.in/yaml/v2 2.4.4, sigs.k8s.io/yaml 1.6.0).
    #[test]
    fn directives_are_refused_as_kubectl_refuses_them() {
        assert_refused(&[
            (
                "%YAML 1.1\n---\na: 1",
                "1:1: a line that starts with \"%\" cannot stand before \"---\": kubectl cuts the file between them",
            ),
            ("%YAML 1.2\n---\na: 1", "1:1: only YAML version 1.1 can be read, found \"%YAML 1.2\""),
            (
                "%YAML 1.1\na: 1",
                "1:1: a line that starts with \"%\" cannot stand before \"---\": kubectl cuts the file between them",
            ),
            (
                "%TAG !e! tag:yaml.org,2002:\n---\na: !e!str 1",
                "1:1: a line that starts with \"%\" cannot stand before \"---\": kubectl cuts the file between them",
            ),
            (
                "%TAG ! tag:yaml.org,2002:\n---\na: !str 1",
                "1:1: a line that starts with \"%\" cannot stand before \"---\": kubectl cuts the file between them",
            ),
            ("%TAG !e tag:x:\n---\na: 1", "1:8: expected a handle and a prefix, as in \"%TAG !e! tag:example.com:\""),
            ("%FOO\n---\na: 1", "1:1: unknown directive \"%FOO\"; put quotes around a value that starts with \"%\""),
            ("%YAML 1.1\n%YAML 1.1\n---\na", "2:1: there is a second %YAML directive"),
            (
                "%YAML 1.1 # c\n---\n",
                "1:1: a line that starts with \"%\" cannot stand before \"---\": kubectl cuts the file between them",
            ),
            ("a: 1\n%YAML 9\n", "2:8: expected a version number, as in \"%YAML 1.1\""),
        ]);
    }
}
