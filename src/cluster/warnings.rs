//! `Warning:` headers of the server.

use http::HeaderMap;

/// The warnings of the server so far, each once, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Warnings(Vec<String>);

impl Warnings {
    /// Keeps what an answer warns of.
    pub(super) fn collect(&mut self, texts: &[String]) {
        for text in texts {
            if !self.0.contains(text) {
                self.0.push(text.clone());
            }
        }
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.0.clone()
    }
}

/// What the headers of one answer warn of, in the order they came.
pub(super) fn read(headers: &HeaderMap) -> Vec<String> {
    let all = headers.get_all(http::header::WARNING).iter();
    // Bytes beyond ASCII are allowed in the header and are UTF-8 here.
    all.flat_map(|header| parse(&String::from_utf8_lossy(header.as_bytes()))).collect()
}

/// The texts of code 299 in a header's value: `299 agent "text" ["date"]`, several joined by commas. What comes after
/// something malformed is left out.
fn parse(header: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = header;
    while let Some((code, text, after)) = warning(rest) {
        if code == "299" {
            texts.push(text);
        }
        let Some(next) = after.trim_start().strip_prefix(',') else { break };
        rest = next;
    }
    texts
}

/// The first warning: code, text, and what is after its date.
fn warning(header: &str) -> Option<(&str, String, &str)> {
    let (code, rest) = header.trim_start().split_once(' ')?;
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (_agent, rest) = rest.trim_start().split_once(' ')?;
    let (text, rest) = quoted(rest.trim_start())?;
    let after = match quoted(rest.trim_start()) {
        Some((_date, after)) => after,
        None => rest,
    };
    Some((code, text, after))
}

/// A quoted text with its escapes resolved, and what is after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut read = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return inner.get(at + 1..).map(|after| (read, after)),
            '\\' => read.push(chars.next()?.1),
            _ => read.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_warnings_escapes_and_dates() {
        let header = r#"299 - "a \"quoted\" \\ text", 299 host:80 "b" "Wed, 01 Jan 2025 00:00:00 GMT", 299 - "c""#;
        assert_eq!(parse(header), [r#"a "quoted" \ text"#, "b", "c"]);
    }

    #[test]
    fn only_code_299_counts_and_malformed_ends_it() {
        assert_eq!(parse(r#"199 - "no", 299 - "yes", nonsense, 299 - "lost""#), ["yes"]);
        for wrong in ["", "299", "299 -", "299 - text", r#"299 - "open"#, r#"29 - "short""#] {
            assert!(parse(wrong).is_empty(), "{wrong}");
        }
    }

    #[test]
    fn a_text_is_kept_once() {
        let mut headers = HeaderMap::new();
        for value in [r#"299 - "one""#, r#"299 - "two""#, r#"299 - "one""#] {
            headers.append(http::header::WARNING, value.parse().unwrap());
        }
        let mut warnings = Warnings::default();
        assert_eq!(read(&headers), ["one", "two", "one"]);
        warnings.collect(&read(&headers));
        warnings.collect(&read(&headers));
        assert_eq!(warnings.all(), ["one", "two"]);
    }
}
