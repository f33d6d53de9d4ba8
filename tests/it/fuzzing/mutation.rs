//! Changes texts as careless people, broken programs and attackers do.

use super::targets::Random;

/// Longest text that a mutation makes, in bytes.
const LONGEST: usize = 1 << 14;

/// What means something to a reader of YAML, of JSON, of messages, or to a terminal.
const SPECIALS: &[&str] = &[
    "---\n",
    "--- # x\n",
    "---x\n",
    "...\n",
    "%YAML 1.1\n",
    "%TAG ! tag:a,2000:\n",
    "&a ",
    "*a",
    "*a\n",
    "<<: *a\n",
    "<<: [*a, *a]\n",
    "? ",
    ": ",
    ":",
    "- ",
    "-",
    "| ",
    "|+\n",
    ">-\n",
    "|2\n",
    ">9\n",
    "!!str ",
    "!!binary ",
    "!!bool ",
    "!x ",
    "!<a> ",
    "'",
    "\"",
    "''",
    "\\",
    "\\u202e",
    "\\x",
    "{",
    "}",
    "[",
    "]",
    ",",
    "[]",
    "{}",
    "{{ .Values.x }}",
    "{{",
    "}}",
    "#",
    " # c",
    "\t",
    " ",
    "  ",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffe}",
    "\u{0}",
    "\u{7f}",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{200b}",
    "é",
    "漢",
    "😀",
    "~",
    "null",
    "yes",
    "No",
    "on",
    "0x1F",
    "0o17",
    "0777",
    "0b11",
    "1_000",
    "-0",
    "1e400",
    "-1e-400",
    ".inf",
    "-.inf",
    ".nan",
    "99999999999999999999",
    "-9223372036854775808",
    "18446744073709551616",
    "1.0",
    "2001-01-01",
    "2001-01-01T00:00:00Z",
    "12:30:45",
    "a: b\n",
    "a: b: c\n",
    "\"a\": 1,",
    "@",
    "`",
    "=",
    "<<",
    "!!null ''",
    "runAsNonRoot: true\n",
    "privileged: true\n",
    "kind: List\nitems:\n",
    "kind: Namespace\n",
    "apiVersion: v1\n",
    "PodSecurity ",
    "violates PodSecurity \"restricted:latest\": ",
    "would violate ",
    "privileged (container \"a\" must not set securityContext.privileged=true)",
    ", ",
    " (",
    ")",
    "; container",
    "containers \"a\", \"b\"",
    "is forbidden: ",
    "Warning: ",
    "\\\"",
    "\\n",
    "existing pods in namespace \"x\" violate the new PodSecurity enforce level \"baseline:latest\"",
];

/// Changes a text in a few places; `other` is where pieces may come from.
pub(super) fn mutate_text(text: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..=random.below(5) {
        match random.below(13) {
            0..=3 => insert(text, random.pick(SPECIALS).as_bytes(), random),
            4 => remove(text, random),
            5 => with_lines(text, random, |lines, at, _| lines.insert(at, lines[at].clone())),
            6 => with_lines(text, random, |lines, at, _| drop(lines.remove(at))),
            7 => with_lines(text, random, |lines, at, random| {
                let with = random.below(lines.len());
                lines.swap(at, with);
            }),
            8 => with_lines(text, random, |lines, at, random| indent(lines, at, random)),
            9 => splice(text, other, random),
            10 => repeat(text, random),
            11 => line_breaks(text, random),
            _ => with_lines(text, random, |lines, at, random| value(lines, at, random)),
        }
    }
    text.truncate(LONGEST);
}

/// Changes bytes, whatever they mean.
pub(super) fn mutate_bytes(bytes: &mut Vec<u8>, random: &mut Random) {
    match random.below(8) {
        0 => bytes.truncate(place(bytes, random)),
        1 => bytes
            .splice(0..0, random.pick(&[&b"\xEF\xBB\xBF"[..], b"\xFF\xFE", b"\xFE\xFF"]).iter().copied())
            .for_each(drop),
        2 => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            *bytes = [0xFF, 0xFE].into_iter().chain(units).collect();
        }
        _ => {
            for _ in 0..=random.below(6) {
                let at = place(bytes, random);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
}

/// A place in a text, its end among them.
fn place(text: &[u8], random: &mut Random) -> usize {
    random.below(text.len() + 1)
}

fn insert(text: &mut Vec<u8>, piece: &[u8], random: &mut Random) {
    let at = place(text, random);
    text.splice(at..at, piece.iter().copied()).for_each(drop);
}

fn remove(text: &mut Vec<u8>, random: &mut Random) {
    let at = place(text, random);
    let end = (at + 1 + random.below(12)).min(text.len());
    text.drain(at.min(end)..end);
}

fn with_lines(text: &mut Vec<u8>, random: &mut Random, change: impl FnOnce(&mut Vec<Vec<u8>>, usize, &mut Random)) {
    let mut lines: Vec<Vec<u8>> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if !lines.is_empty() {
        let at = random.below(lines.len());
        change(&mut lines, at, random);
        *text = lines.concat();
    }
}

/// Moves a line, or all from there on, to the right or to the left.
fn indent(lines: &mut [Vec<u8>], at: usize, random: &mut Random) {
    let end = if random.percent(50) { at + 1 } else { (at + 1 + random.below(8)).min(lines.len()) };
    let (right, by) = (random.percent(50), 1 + random.below(4));
    for line in &mut lines[at..end] {
        if right {
            line.splice(0..0, std::iter::repeat_n(b' ', by)).for_each(drop);
        } else {
            let blanks = line.iter().take_while(|byte| **byte == b' ').count().min(by);
            line.drain(..blanks);
        }
    }
}

/// Puts something else behind a line's colon.
fn value(lines: &mut [Vec<u8>], at: usize, random: &mut Random) {
    if let Some(colon) = lines[at].iter().position(|byte| *byte == b':') {
        lines[at].truncate(colon + 1);
        lines[at].push(b' ');
        lines[at].extend(random.pick(SPECIALS).as_bytes());
        lines[at].push(b'\n');
    }
}

fn splice(text: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let (from, at) = (place(other, random), place(text, random));
    let length = random.below(300).min(other.len() - from);
    text.splice(at..at, other[from..from + length].iter().copied()).for_each(drop);
}

/// The same piece many times: depth, length, and what grows with them.
fn repeat(text: &mut Vec<u8>, random: &mut Random) {
    let piece = random.pick(&[
        "[", "{", "- ", "? ", "{a: ", "\"", " ", "\n", "#\n", "*a ", "!!x ", "&a ", "a: ", "(", "\\", "é", ", ",
        "- *a\n",
    ]);
    let times = random.pick(&[3, 3, 10, 10, 50, 50, 400, 3_000]);
    insert(text, piece.repeat(times).as_bytes(), random);
}

fn line_breaks(text: &mut Vec<u8>, random: &mut Random) {
    let with: &[u8] = random.pick(&[&b"\r\n"[..], b"\r", b" \n", b"\n\n"]);
    *text = text.iter().flat_map(|byte| if *byte == b'\n' { with.to_vec() } else { vec![*byte] }).collect();
}
