//! Words as a shell takes them.

/// A word in quotes where a POSIX shell would do something with it.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-:=@%+,~".contains(c);
    if !word.is_empty() && !word.starts_with('~') && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn only_what_a_shell_would_touch_is_quoted() {
        assert_eq!(
            shell_word("pod-security.kubernetes.io/enforce=baseline"),
            "pod-security.kubernetes.io/enforce=baseline"
        );
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("$(x)"), "'$(x)'");
        assert_eq!(shell_word("it's"), "'it'\\''s'");
        assert_eq!(shell_word("~root"), "'~root'");
        assert_eq!(shell_word("a~1"), "a~1");
    }
}
