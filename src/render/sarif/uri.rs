//! File paths as URIs.

/// The URI of a file as it was given: relative for a relative path, `file:` for an absolute one; a URL stays one.
pub(super) fn of(file: &str) -> String {
    of_path(file, cfg!(windows))
}

/// The same; on Windows backslashes part folders, and drives and shares are absolute.
fn of_path(file: &str, is_windows: bool) -> String {
    if file.starts_with("http://") || file.starts_with("https://") {
        return escape(file, |byte| is_plain(byte) || b":?#[]%".contains(&byte));
    }
    let file = if is_windows { file.replace('\\', "/") } else { file.to_owned() };
    let file = file.strip_prefix("./").unwrap_or(&file);
    if let Some((drive, path)) = file.split_once(":/").filter(|(drive, _)| is_windows && is_drive(drive)) {
        return format!("file:///{drive}:/{}", escape(path, is_plain));
    }
    let path = escape(file, is_plain);
    match path.strip_prefix("//") {
        Some(share) if is_windows => format!("file://{share}"),
        _ if path.starts_with('/') => format!("file://{path}"),
        _ => path,
    }
}

fn is_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter] if letter.is_ascii_alphabetic())
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

    #[test]
    fn paths_of_windows_become_uris_too() {
        let uri = |file| of_path(file, true);
        assert_eq!(uri(r"deploy\shop.yaml"), "deploy/shop.yaml");
        assert_eq!(uri(r".\a b\shop.yaml"), "a%20b/shop.yaml");
        assert_eq!(uri(r"C:\a b\x.yaml"), "file:///C:/a%20b/x.yaml");
        assert_eq!(uri("c:/x.yaml"), "file:///c:/x.yaml");
        assert_eq!(uri(r"\\server\share\x.yaml"), "file://server/share/x.yaml");
        assert_eq!(uri(r"\x.yaml"), "file:///x.yaml");
        assert_eq!(uri("https://h/x"), "https://h/x");
        assert_eq!(of_path(r"a\b.yaml", false), "a%5Cb.yaml", "elsewhere a backslash is part of a name");
    }
}
