//! Files that are small and want to be big, and files that are big: time and memory stay in proportion to what is read.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::folder;
use crate::support::secctx::{peak_of, secctx};

/// Longest that one of these runs may take on a busy machine, without optimization.
const PATIENCE: Duration = Duration::from_secs(100);

/// What a run may take beyond four times its input, in bytes.
const BASE: u64 = 64 << 20;

/// A run that has ended.
struct Measured {
    code: Option<i32>,
    stderr: String,
    /// The most memory that it had, in bytes.
    peak: u64,
}

/// Runs a command on a file, and looks how much memory it has as long as it runs.
fn measured(command: &str, file: &Path) -> Measured {
    let (mut told, log) = (tempfile::tempfile().unwrap(), Stdio::null());
    let mut secctx = secctx();
    secctx.args(command.split(' ')).arg("-f").arg(file).stdout(log).stderr(told.try_clone().unwrap());
    let mut child = secctx.spawn().unwrap();
    let (began, mut peak) = (Instant::now(), 0);
    let status = loop {
        // The kernel keeps the peak, so that nothing before the last look is missed.
        peak = peak.max(peak_of(&child));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{command} -f {} takes more than {PATIENCE:?}", file.display());
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    std::io::Seek::rewind(&mut told).unwrap();
    Measured { code: status.code(), stderr: std::io::read_to_string(told).unwrap(), peak }
}

/// Both commands end with a code, with few words, and within the memory that the file allows them.
fn assert_bounded(name: &str, file: &Path, code: i32) {
    let size = fs::metadata(file).unwrap().len();
    for command in ["check", "harden"] {
        let run = measured(command, file);
        assert_eq!(run.code, Some(code), "{command} {name}: {}", start(&run.stderr));
        assert!(run.stderr.len() < 2_000, "{command} {name}: {}", start(&run.stderr));
        let most = 4 * size + BASE;
        assert!(run.peak <= most, "{command} {name}: {} of {} MB", run.peak >> 20, most >> 20);
    }
}

fn start(text: &str) -> String {
    text.chars().take(500).collect()
}

const HEAD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n";

#[test]
fn small_files_that_want_to_be_big() {
    let level = |at: u8| char::from(b'a' + at);
    let bomb = |first: &str, item: fn(char) -> String| {
        (1..20_u8).fold(format!("{HEAD}a: &a {first}\n"), |mut text, at| {
            let items = vec![item(level(at - 1)); 9].join(", ");
            let _ = writeln!(
                text,
                "{}: &{} {}",
                level(at),
                level(at),
                if first.starts_with('{') { format!("{{{items}}}") } else { format!("[{items}]") }
            );
            text
        })
    };
    let merges = (1..2_000).fold(format!("{HEAD}x0: &x0 {{a: 1}}\n"), |mut text, at| {
        let _ = writeln!(text, "x{at}: &x{at} {{<<: *x{}, k{at}: 1}}", at - 1);
        text
    });
    let nested = |open: &str, close: &str| format!("{HEAD}x: {}{}\n", open.repeat(100_000), close.repeat(100_000));
    let blocks = (0..200).fold(format!("{HEAD}x:\n"), |text, at| text + &" ".repeat(at + 1) + "a:\n");
    let cases = [
        ("laughs", bomb("[x, x, x]", |name| format!("*{name}")), 2),
        ("laughing mappings", bomb("{x: 1}", |name| format!("? *{name} : 1")), 2),
        ("a circle", format!("{HEAD}x: &x [*x]\n"), 2),
        ("a circle of merges", format!("{HEAD}x: &x {{<<: *x}}\n"), 2),
        ("a circle of two", format!("{HEAD}x: &x [&y [*x], *y]\n"), 2),
        ("merges of merges", merges, 2),
        ("brackets", nested("[", "]"), 2),
        ("brackets that stay open", nested("[", ""), 2),
        ("braces", nested("{a: ", "}"), 2),
        ("JSON", format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000)), 2),
        ("dashes", format!("{HEAD}x:\n  {}1\n", "- ".repeat(100_000)), 2),
        ("questions", format!("{HEAD}x:\n  {}1\n", "? ".repeat(100_000)), 2),
        ("blocks", blocks, 0),
        ("tags", format!("{HEAD}x: {}1\n", "!a ".repeat(100_000)), 2),
        ("anchors", format!("{HEAD}x: {}1\n", "&a ".repeat(100_000)), 2),
        ("quotes", format!("{HEAD}x: {}\n", "\"\" ".repeat(100_000)), 2),
        ("separators", "---\n".repeat(200_000) + HEAD, 0),
    ];
    for (name, text, code) in cases {
        let files = folder(&[("a.yaml", &text)]);
        let path = files.path().join("a.yaml");
        for command in ["check", "harden"] {
            let run = measured(command, &path);
            // A pod is in each that can be read: it meets baseline, and can be hardened.
            let code = if code == 0 && command == "check" { 1 } else { code };
            assert_eq!(run.code, Some(code), "{command} {name}: {}", start(&run.stderr));
            assert!(run.stderr.len() < 2_000, "{command} {name}: {}", start(&run.stderr));
            let most = 4 * text.len() as u64 + BASE;
            assert!(run.peak <= most, "{command} {name}: {} of {} MB", run.peak >> 20, most >> 20);
        }
    }
}

/// Hardly anything but commas: each value takes two bytes of text, and many times as many in memory.
#[test]
fn objects_that_no_server_takes_are_refused() {
    const MANY: usize = 4 << 20;
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b, args: [";
    for (name, text) in [
        ("a list", format!("a: [{}a]\n", "a,".repeat(MANY))),
        ("braces", format!("a: [{}{{}}]\n", "{},".repeat(MANY))),
        ("dashes", format!("a:\n{}", "-\n".repeat(MANY))),
        ("JSON", format!("{{\"a\": [{}1]}}", "1,".repeat(MANY))),
        ("a pod", format!("{pod}{}a]}}]}}\n", "a,".repeat(MANY))),
    ] {
        let files = folder(&[("a.yaml", &text)]);
        let path = files.path().join("a.yaml");
        assert_bounded(name, &path, 2);
        let told = measured("check", &path).stderr;
        assert!(told.contains("a.yaml:1:1: more than 1572864 values in one object"), "{name}: {}", start(&told));
    }
}

/// More mistakes in one document than anybody reads.
#[test]
fn very_many_warnings_of_one_document_are_counted() {
    let text = format!("apiVersion: v1\nkind: List\nitems:\n{}", "- {a: 1, b: 2}\n".repeat(200_000));
    let files = folder(&[("a.yaml", &text)]);
    let run = measured("check", &files.path().join("a.yaml"));
    assert_eq!(run.code, Some(0), "{}", start(&run.stderr));
    assert_eq!(run.stderr.lines().count(), 1 + 10_000 + 1, "{}", start(&run.stderr));
    assert!(run.stderr.contains("from here on there are 190000 more warnings, not listed"), "{}", start(&run.stderr));
    let most = 4 * text.len() as u64 + BASE;
    assert!(run.peak <= most, "{} of {} MB", run.peak >> 20, most >> 20);
}

/// Documents that are nothing to either command: each takes a few bytes of text.
#[test]
fn very_many_documents_without_objects_cost_in_proportion() {
    const MANY: usize = 200_000;
    let warned = "from here on there are 190000 more warnings, not listed";
    for (name, text, warns) in [
        ("JSON", "{\"a\":1}".repeat(MANY), true),
        ("YAML", "a: 1\n---\n".repeat(MANY), true),
        ("comments", format!("{HEAD}---\n{}", "# a\n---\n".repeat(MANY / 2)), false),
    ] {
        let files = folder(&[("a.yaml", &text)]);
        for command in ["check", "harden", "harden -o diff"] {
            let run = measured(command, &files.path().join("a.yaml"));
            let code = i32::from(name == "comments" && command == "check");
            assert_eq!(run.code, Some(code), "{command} {name}: {}", start(&run.stderr));
            assert_eq!(run.stderr.contains(warned), warns, "{command} {name}: {}", start(&run.stderr));
            let most = 4 * text.len() as u64 + BASE;
            assert!(run.peak <= most, "{command} {name}: {} of {} MB", run.peak >> 20, most >> 20);
        }
    }
}

/// Each item breaks several controls: there is much more to say of such a pod than it has text.
#[test]
fn very_many_violations_of_one_pod_are_counted() {
    let pod = |spec: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n{spec}\n");
    let containers: String = (0..40_000).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "  - name: c{at}\n    image: a\n    securityContext:\n      privileged: true");
        text
    });
    let one = |rest: &str| pod(&format!("  containers: [{{name: a, image: b}}]\n{rest}"));
    let port = "{containerPort: 1, hostPort: 1},".repeat(80_000);
    for (name, text, check, count) in [
        ("containers", pod(&format!("  containers:\n{containers}")), "privileged", 40_000),
        ("ports", pod(&format!("  containers: [{{name: a, image: b, ports: [{port}]}}]")), "hostPorts", 80_000),
        ("volumes", one(&format!("  volumes: [{}]", "{hostPath: {}},".repeat(80_000))), "restrictedVolumes", 80_000),
        (
            "sysctls",
            one(&format!("  securityContext: {{sysctls: [{}]}}", "{name: a},".repeat(80_000))),
            "sysctls",
            80_000,
        ),
    ] {
        let files = folder(&[("a.yaml", &text)]);
        let run = measured("check", &files.path().join("a.yaml"));
        assert_eq!(run.code, Some(1), "{name}: {}", start(&run.stderr));
        let told = format!("pod/a: {check}: of {count} violations only 1000 are listed");
        assert!(run.stderr.contains(&told), "{name}: {}", start(&run.stderr));
        let most = 4 * text.len() as u64 + BASE;
        assert!(run.peak <= most, "{name}: {} of {} MB", run.peak >> 20, most >> 20);
    }
}

/// `harden` keeps what it plans until all of it is made, so it takes only so much.
#[test]
fn objects_that_would_need_very_many_edits_are_left() {
    let one = |container: &str, count: usize| {
        let containers: String = (0..count).map(|at| container.replace('#', &at.to_string())).collect();
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers: [{containers}]\n")
    };
    let names = |list: &str, name: &str, count: usize| {
        let names = name.repeat(count);
        one(&format!("{{name: a, image: b, securityContext: {{capabilities: {{{list}: [{names}]}}}}}}"), 1)
    };
    let values = "a.yaml:1:1: this object has more than 50000 values, so it was not edited";
    let edits = "a.yaml:1:1: more than 20000 edits would be needed, so it was not edited";
    for (name, text, told) in [
        ("containers", one("{name: c#, image: a, securityContext: {privileged: true}},", 20_000), values),
        ("braces", one("{},", 200_000), values),
        ("small containers", one("{name: c#},", 24_000), edits),
        ("added capabilities", names("add", "A,", 30_000), edits),
        ("dropped capabilities", names("drop", "A,", 30_000), edits),
        ("spellings", names("add", "chown,", 30_000), edits),
    ] {
        let files = folder(&[("a.yaml", &text)]);
        for command in ["harden", "harden -o json", "harden -o plan-json"] {
            let run = measured(command, &files.path().join("a.yaml"));
            assert_eq!(run.code, Some(2), "{command} {name}: {}", start(&run.stderr));
            assert!(run.stderr.contains(told), "{command} {name}: {}", start(&run.stderr));
            let most = 4 * text.len() as u64 + BASE;
            assert!(run.peak <= most, "{command} {name}: {} of {} MB", run.peak >> 20, most >> 20);
        }
    }
}

/// The most edits that are planned, each in the way of many others.
#[test]
fn as_many_edits_as_are_made_cost_in_proportion() {
    const MANY: usize = 9_000;
    let pod = |annotations: &str, container: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    a: b\n{annotations}spec:\n  containers:\n{container}"
        )
    };
    let context = |list: &str, names: &str| {
        pod("", &format!("  - name: a\n    securityContext: {{capabilities: {{{list}: [{names}]}}}}\n"))
    };
    let profiles = (0..MANY).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "    container.apparmor.security.beta.kubernetes.io/c{at}: unconfined");
        text
    });
    let of_profiles = (0..MANY).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "  - name: c{at}");
        text
    });
    let half = MANY / 2;
    for (name, level, text) in [
        ("annotations", "baseline", pod(&profiles, &of_profiles)),
        ("dropped capabilities", "restricted", context("drop", &"A,".repeat(MANY))),
        ("spellings", "baseline", context("add", &("A,".repeat(half) + &"chown,".repeat(half)))),
    ] {
        let files = folder(&[("a.yaml", &text)]);
        let run = measured(&format!("harden --level {level}"), &files.path().join("a.yaml"));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}");
        // An edit is some words, and what was there before.
        let most = 4 * text.len() as u64 + BASE + BASE / 2;
        assert!(run.peak <= most, "{name}: {} of {} MB", run.peak >> 20, most >> 20);
    }
}

/// Lines, keys and values of many megabytes, each for itself.
#[test]
fn long_lines_cost_in_proportion() {
    const LONG: usize = 8 << 20;
    for (name, text, code) in [
        ("a key", format!("{}: 1\n", "k".repeat(LONG)), 2),
        ("a quoted key", format!("\"{}\": 1\n", "k".repeat(LONG)), 2),
        ("a plain value", format!("a: {}\n", "v ".repeat(LONG / 2)), 0),
        ("escapes", format!("a: \"{}\"\n", "\\n".repeat(LONG / 2)), 0),
        ("a comment", format!("a: 1 # {}\n", "c".repeat(LONG)), 0),
        ("blanks", format!("a: {}1\n", " ".repeat(LONG)), 0),
        ("blanks before", format!("{}a: 1\n", " ".repeat(LONG)), 0),
        ("line breaks", format!("a: 1\n{}", "\n".repeat(LONG)), 0),
        ("a block scalar", format!("a: |\n{}", "  x\n".repeat(LONG / 4)), 0),
        ("letters of four bytes", format!("a: \"{}\"\n", "😀".repeat(LONG / 4)), 0),
    ] {
        let files = folder(&[("a.yaml", &text)]);
        assert_bounded(name, &files.path().join("a.yaml"), code);
    }
}

/// As many comments as a file of 64 MB holds. 1 GB costs 16 times as much, which was measured by hand.
#[test]
fn comments_cost_in_proportion() {
    let files = folder(&[]);
    let path = files.path().join("a.yaml");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let line = format!("# {}\n", "c".repeat(61));
    for at in 0..1 << 20 {
        file.write_all(line.as_bytes()).unwrap();
        if at == 1 << 19 {
            file.write_all(HEAD.as_bytes()).unwrap();
        }
    }
    file.into_inner().unwrap();
    let size = fs::metadata(&path).unwrap().len();
    for (command, code) in [("check", 1), ("harden", 0)] {
        let run = measured(command, &path);
        assert_eq!((run.code, run.stderr.as_str()), (Some(code), ""), "{command}");
        let most = 4 * size + BASE;
        assert!(run.peak <= most, "{command}: {} of {} MB", run.peak >> 20, most >> 20);
    }
}
