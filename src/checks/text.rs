//! Words that several checks put into their messages.

use std::collections::BTreeSet;

use super::go_print::is_print;

/// `"a", "b"`: each item in double quotes, not escaped, as admission joins names.
pub(super) fn join_quote<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    joined(items, "\"")
}

/// `a, b`: each item as it is.
pub(super) fn join<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    joined(items, "")
}

fn joined<S: AsRef<str>>(items: impl IntoIterator<Item = S>, quote: &str) -> String {
    let mut text = String::new();
    for (at, item) in items.into_iter().enumerate() {
        text.push_str(if at == 0 { "" } else { ", " });
        text.push_str(quote);
        text.push_str(item.as_ref());
        text.push_str(quote);
    }
    text
}

/// Each item once, sorted. Never more of them in memory, as they would be if they were collected and then sorted.
pub(super) fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

/// The first word for one, the second for any other number.
pub(super) fn plural(one: &'static str, many: &'static str, count: usize) -> &'static str {
    if count == 1 { one } else { many }
}

/// `container "a"` or `containers "a", "b"`; `None` where there is none.
pub(super) fn containers<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Option<String> {
    named(["container", "containers"], names).map(|(who, _)| who)
}

/// `container "a" uses` or `containers "a", "b" use`; `None` where there is none.
pub(super) fn containers_use<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Option<String> {
    named(["container", "containers"], names).map(using)
}

/// `volume "a"` or `volumes "a", "b"`; `None` where there is none.
pub(super) fn volumes<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Option<String> {
    named(["volume", "volumes"], names).map(|(who, _)| who)
}

/// `volume "a" uses` or `volumes "a", "b" use`; `None` where there is none.
pub(super) fn volumes_use<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Option<String> {
    named(["volume", "volumes"], names).map(using)
}

/// The names behind the noun for one or for many, and how many there are.
fn named<S: AsRef<str>>([one, many]: [&'static str; 2], names: impl IntoIterator<Item = S>) -> Option<(String, usize)> {
    let mut count = 0;
    let list = join_quote(names.into_iter().inspect(|_| count += 1));
    (count > 0).then(|| (format!("{} {list}", plural(one, many, count)), count))
}

fn using((who, count): (String, usize)) -> String {
    format!("{who} {}", plural("uses", "use", count))
}

/// A string as Go's `%q` writes it, as admission does with annotation values.
pub(super) fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            c if is_print(c) => quoted.push(c),
            c if c.is_ascii() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c <= '\u{ffff}' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values: what Go 1.26 prints for the same strings with %q.
    #[test]
    fn quotes_as_go_does() {
        assert_eq!(go_quote("plain"), r#""plain""#);
        assert_eq!(go_quote("a\"b\\c'd"), r#""a\"b\\c'd""#);
        assert_eq!(go_quote("\n\t\u{0}\u{7f}\u{1b}"), r#""\n\t\x00\x7f\x1b""#);
        assert_eq!(go_quote("é\u{301}世"), "\"é\u{301}世\"");
        assert_eq!(go_quote("\u{a0}\u{200b}\u{202e}\u{feff}"), r#""\u00a0\u200b\u202e\ufeff""#);
        assert_eq!(go_quote("😀\u{e0001}"), "\"😀\\U000e0001\"");
        assert_eq!(go_quote("\u{ad}\u{fffd}\u{301}"), "\"\\u00ad\u{fffd}\u{301}\"");
        assert_eq!(go_quote("\u{85}\u{378}\u{e000}\u{1c89}"), r#""\u0085\u0378\ue000\u1c89""#);
    }

    #[test]
    fn joins_with_quotes() {
        assert_eq!(volumes_use(Vec::<&str>::new()), None);
        assert_eq!(volumes_use(["a"]).as_deref(), Some("volume \"a\" uses"));
        assert_eq!(containers_use(["a", "b"]).as_deref(), Some("containers \"a\", \"b\" use"));
        assert_eq!(containers(["a"]).as_deref(), Some("container \"a\""));
        assert_eq!(containers(["a", "b"]).as_deref(), Some("containers \"a\", \"b\""));
        assert_eq!(join_quote(Vec::<&str>::new()), "");
        assert_eq!((join_quote(["", "a"]), join(["", "a", ""])), ("\"\", \"a\"".to_owned(), ", a, ".to_owned()));
        assert_eq!(distinct(["b", "a", "b"]).into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
