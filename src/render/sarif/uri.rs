//! File paths as URIs.

/// The URI of a file as it was given: relative for a relative path, `file:` for an absolute one; a URL stays one.
pub(super) fn of(file: &str) -> String {
    if file.starts_with("http://") || file.starts_with("https://") {
        return escape(file, |byte| is_plain(byte) || b":?#[]%".contains(&byte));
    }
    let file = if cfg!(windows) { file.replace('\\', "/") } else { file.to_owned() };
    let path = escape(file.strip_prefix("./").unwrap_or(&file), is_plain);
    if path.starts_with('/') { format!("file://{path}") } else { path }
}

fn escape(text: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if keep(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Whether RFC 3986 lets a byte stand in a path for itself. A colon would end a scheme in the first part of a path.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(of("deploy/shop.yaml"), "deploy/shop.yaml");
        assert_eq!(of("./shop.yaml"), "shop.yaml");
        assert_eq!(of("../a b#%:ü\u{1b}.yaml"), "../a%20b%23%25%3A%C3%BC%1B.yaml");
        assert_eq!(of("/tmp/x.yaml"), "file:///tmp/x.yaml");
        assert_eq!(of("-"), "-");
        assert_eq!(of("https://h:8/a b?c=%20#d"), "https://h:8/a%20b?c=%20#d");
    }
}
