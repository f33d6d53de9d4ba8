//! What the log of a container that crashed tells about rights that it lacks.
//!
//! Logs may hold secrets, and so may what a probe printed. Of a line that tells something, only the words are kept that such messages are made of, with
//! paths, addresses and numbers of errors; all others become `…`. Nothing else of a log leaves this module.

/// The most characters of a line that are kept.
const LONGEST: usize = 200;

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogSign {
    /// sudo or the like cannot get more rights.
    NoNewPrivileges,
    /// The service account's token is not there.
    NoToken,
    /// The file system is read-only, at this path.
    ReadOnly(Option<String>),
    /// A port could not be listened on.
    Port(Option<u16>),
    /// The owner of a file, at this path, could not be changed.
    Chown(Option<String>),
    /// The program could not become another user; the ID where the line has it.
    SwitchUser(Option<i64>),
    /// The kernel does not let it do something.
    NotPermitted,
    /// It may not read, write or execute something, at this path.
    Denied(Option<String>),
}

/// The last line of a log that tells something: what, and what is kept of the line.
pub(super) fn read(log: &str) -> Option<(LogSign, String)> {
    log.lines().rev().find_map(|line| Some((sign(line)?, redacted(line))))
}

fn sign(line: &str) -> Option<LogSign> {
    let lower = line.to_lowercase();
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
    let has_word = |wanted: &[&str]| words(&lower).any(|word| wanted.contains(&word));
    let refused = has(&["operation not permitted", "eperm", "os error 1)", "errno 1]"]);
    let denied = has(&["permission denied", "eacces"]);
    if has(&["no new privileges", "no_new_privs"]) {
        Some(LogSign::NoNewPrivileges)
    } else if has(&["/serviceaccount/token"]) && has(&["no such file", "enoent"]) {
        Some(LogSign::NoToken)
    } else if has(&["read-only file system", "erofs"]) {
        Some(LogSign::ReadOnly(path(line)))
    } else if denied && has_word(&["bind", "listen", "make_sock", "socket"]) && is_privileged(port(line)) {
        Some(LogSign::Port(port(line)))
    } else if refused && has(&["chown", "changing ownership"]) {
        Some(LogSign::Chown(path(line)))
    } else if (refused || denied) && has(SWITCHES) {
        Some(LogSign::SwitchUser(switched_to(&lower)))
    } else if refused {
        Some(LogSign::NotPermitted)
    } else if denied {
        Some(LogSign::Denied(path(line)))
    } else {
        None
    }
}

/// System calls and programs that make a process another user's.
const SWITCHES: &[&str] = &[
    "setgid",
    "setuid",
    "setgroups",
    "setresuid",
    "setresgid",
    "initgroups",
    "su-exec",
    "gosu",
    "setpriv",
    "switch user",
];

/// Whether only the privileged may listen on a port, or it is not known which.
fn is_privileged(port: Option<u16>) -> bool {
    port.is_none_or(|port| port < 1024)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// What stands around a path or an address in a message.
fn bare(word: &str) -> &str {
    let around = |c: char| "\"'`()[]{}<>,;".contains(c);
    word.trim_start_matches(around).trim_end_matches(|c: char| around(c) || ":.".contains(c))
}

/// The last absolute path of a line.
fn path(line: &str) -> Option<String> {
    line.split_whitespace().map(bare).rfind(|word| is_path(word)).map(str::to_owned)
}

fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-@+:".contains(c);
    word.len() > 1 && word.len() <= 120 && word.starts_with('/') && !word.starts_with("//") && word.chars().all(plain)
}

/// The number behind the last `HOST:PORT` or `:PORT` of a line; a time of day may stand before it.
fn port(line: &str) -> Option<u16> {
    let addresses = line.split_whitespace().rev().filter(|word| is_address(word));
    addresses.map(bare).find_map(|word| word.rsplit_once(':')?.1.parse().ok())
}

/// `0.0.0.0:80`, `[::]:80`, `:80`, `*:80`, with what stands around it.
fn is_address(word: &str) -> bool {
    let host_and_port = word.trim_matches(|c: char| "\"'`(){}<>,;".contains(c)).trim_end_matches([':', '.', ']']);
    let known = |c: char| c.is_ascii_hexdigit() || ".:[]*".contains(c);
    host_and_port.contains(':')
        && host_and_port.ends_with(|c: char| c.is_ascii_digit())
        && host_and_port.chars().all(known)
}

/// The user or group of `setgid(101)`.
fn switched_to(lower: &str) -> Option<i64> {
    let call = ["setgid(", "setuid(", "setresuid(", "setresgid("].into_iter().find_map(|call| lower.split_once(call));
    let (_, rest) = call?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Words that such messages are made of; compared in lower case, without what stands around them.
const KNOWN: &str = "\
    a access address an and applying as at attempt attr awaiting be bind by call can can't cannot change \
    changing chgrp chmod chown command connect connection context copy could cp create creating current deadline \
    denied dial directory does due eacces enoent entrypoint eperm erofs errno error errored exceeded exec \
    execute exist exit fail failed failure fatal fchown file flag folder for from get gosu group headers host \
    http i/o in initgroups install into ioerror is it key lchown link listen listener listening liveness ln lock \
    log make make_sock mkdir mkdirat mount move mv necessary new no not of on open openat opening operation or \
    os oserror out owner ownership peer permission permissionerror permissions permitted pid port prevents \
    privileges probe process read read-only readiness readonly refused remove removed rename renaming reset rm \
    root route run running save server set setgid setgroups setpriv setresgid setresuid setuid sh socket start \
    starting startup stat statuscode su-exec such sudo switch switching symlink syscall system tcp tcp4 tcp6 \
    temp temporary the this timed timeout to touch udp unable unlink user which while with write writing you";

/// A line with all words left out that may be anything.
pub(super) fn redacted(line: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for word in line.split_whitespace() {
        if is_harmless(word) {
            kept.push(word);
        } else if kept.last() != Some(&"…") {
            kept.push("…");
        }
    }
    // What a log puts before its messages, times and levels, says nothing here.
    let lead = kept.iter().position(|word| *word != "…").unwrap_or_default();
    kept[lead..].join(" ").chars().take(LONGEST).collect()
}

fn is_harmless(word: &str) -> bool {
    let core = bare(word).to_lowercase();
    let core = core.trim_end_matches(|c: char| c == ')' || c.is_ascii_digit()).trim_end_matches('(');
    let known = |word: &str| KNOWN.split(' ').any(|known| known == word);
    let number = |word: &str| word.len() <= 4 && !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    // `(13)Permission` of Apache, `EACCES:`, `(os`, `13:`.
    let parts: Vec<_> = core.split([')', '(']).filter(|part| !part.is_empty()).collect();
    let plain = bare(word);
    known(core)
        || number(plain)
        || is_path(plain)
        || is_address(word)
        || (!parts.is_empty() && parts.iter().all(|part| known(part) || number(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(path: &str) -> Option<String> {
        Some(path.to_owned())
    }

    #[test]
    fn messages_of_programs() {
        let cases: &[(&str, LogSign)] = &[
            (
                "2026/11/24 10:00:00 [emerg] 1#1: bind() to 0.0.0.0:80 failed (13: Permission denied)",
                LogSign::Port(Some(80)),
            ),
            ("(13)Permission denied: AH00072: make_sock: could not bind to address [::]:80", LogSign::Port(Some(80))),
            ("Error: listen EACCES: permission denied 0.0.0.0:443", LogSign::Port(Some(443))),
            ("listen tcp :80: bind: permission denied", LogSign::Port(Some(80))),
            ("cannot bind socket (Permission denied) [0.0.0.0:80]", LogSign::Port(Some(80))),
            ("listen tcp :8080: bind: permission denied", LogSign::Denied(None)),
            (
                "[emerg] 1#1: mkdir() \"/var/cache/nginx/client_temp\" failed (13: Permission denied)",
                LogSign::Denied(some("/var/cache/nginx/client_temp")),
            ),
            ("PermissionError: [Errno 13] Permission denied: '/app/data.db'", LogSign::Denied(some("/app/data.db"))),
            ("Error: EACCES: permission denied, mkdir '/home/node/.cache'", LogSign::Denied(some("/home/node/.cache"))),
            ("OSError: [Errno 30] Read-only file system: '/tmp/x'", LogSign::ReadOnly(some("/tmp/x"))),
            ("Error: EROFS: read-only file system, open '/app/log.txt'", LogSign::ReadOnly(some("/app/log.txt"))),
            ("chown: changing ownership of '/data': Operation not permitted", LogSign::Chown(some("/data"))),
            ("chown: /var/lib/x: Operation not permitted", LogSign::Chown(some("/var/lib/x"))),
            ("[emerg] 1#1: setgid(101) failed (1: Operation not permitted)", LogSign::SwitchUser(Some(101))),
            ("error: failed switching to \"redis\": operation not permitted (gosu)", LogSign::SwitchUser(None)),
            (
                "sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root.",
                LogSign::NoNewPrivileges,
            ),
            ("open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory", LogSign::NoToken),
            ("ping: socket: Operation not permitted", LogSign::NotPermitted),
            ("Os { code: 1, kind: PermissionDenied, message: \"Operation not permitted\" }", LogSign::NotPermitted),
        ];
        for (line, expected) in cases {
            assert_eq!(sign(line).as_ref(), Some(expected), "{line}");
        }
        for line in ["fatal: cannot go on", "connection refused", "FATAL: password authentication failed", ""] {
            assert_eq!(sign(line), None, "{line}");
        }
    }

    #[test]
    fn the_last_line_that_tells_something_counts() {
        let log = "mkdir '/a': Permission denied\nmkdir '/b': Read-only file system\nbye\n";
        assert_eq!(read(log).unwrap().0, LogSign::ReadOnly(some("/b")));
    }

    #[test]
    fn only_known_words_of_a_line_are_kept() {
        let kept = |line: &str| redacted(line);
        for whole in [
            "bind() to 0.0.0.0:80 failed (13: Permission denied)",
            "chown: changing ownership of '/data': Operation not permitted",
            "touch: cannot touch '/tmp/file': Read-only file system",
            "open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory",
            "setgid(101) failed (1: Operation not permitted)",
            "sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root.",
            "open() \"/var/run/app.pid\" failed (13: Permission denied)",
        ] {
            assert_eq!(kept(whole), whole);
        }
        assert_eq!(
            kept("2026-11-24 level=error dsn=postgres://u:hunter2@db/x open '/d': Permission denied"),
            "open '/d': Permission denied"
        );
        assert_eq!(kept("open key hunter2 token=s3cr3t /a?k=v failed: EACCES"), "open key … failed: EACCES");
        assert_eq!(kept(&format!("denied {}", "to ".repeat(300))).chars().count(), LONGEST);
        assert_eq!(
            kept(
                "Readiness probe failed: Get \"http://10.0.0.7:80/?key=s3cr3t\": dial tcp 10.0.0.7:80: connect: connection refused"
            ),
            "Readiness probe failed: Get … dial tcp 10.0.0.7:80: connect: connection refused"
        );
        assert_eq!(kept("AKIAABCDEFGH 12345678 permission denied"), "permission denied");
    }
}
