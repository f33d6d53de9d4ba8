//! Files that are larger than what a run may keep in memory: they are judged and written part by part.

use std::io::{Read, Write};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

#[cfg(target_os = "linux")]
use crate::support::secctx::peak_of;
use crate::support::secctx::{run_in, run_with_input, secctx};

/// A Pod that violates both levels, the comment lines before it as long as asked.
fn pod(number: usize, comment: usize) -> String {
    let line = format!("# {}\n", "x".repeat(97));
    format!(
        "{}apiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}}}\nspec:\n  hostPID: true\n  containers:\n  - name: c\n---\n",
        line.repeat(comment / line.len())
    )
}

/// Runs a check on pods on standard input: how much memory it took at most, and how long its output was.
#[cfg(target_os = "linux")]
fn run(format: &str, pods: usize, comment: usize) -> (u64, usize) {
    let mut command = secctx();
    command.args(["check", "-f", "-", "-o", format]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let writer = thread::spawn(move || {
        (0..pods).for_each(|number| stdin.write_all(pod(number, comment).as_bytes()).expect("it reads to the end"));
    });
    let mut stdout = child.stdout.take().expect("standard output is a pipe");
    let reader = thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        let mut all = 0;
        loop {
            match stdout.read(&mut buffer).expect("a pipe can be read") {
                0 => return all,
                read => all += read,
            }
        }
    });
    let mut most = 0;
    while child.try_wait().expect("it can be asked").is_none() {
        most = most.max(peak_of(&child));
        thread::sleep(Duration::from_millis(1));
    }
    writer.join().expect("everything was written");
    (most, reader.join().expect("everything was read"))
}

/// 60 MB of input, and as much output in some formats.
#[cfg(target_os = "linux")]
#[test]
fn memory_depends_neither_on_the_input_nor_on_the_output() {
    for format in ["table", "json", "sarif", "name"] {
        let (most, written) = run(format, 6000, 10_000);
        assert!(written > 6000 * 6, "{format}: every pod is told of");
        assert!(most > 1 << 20, "{format}: memory was measured");
        assert!(most < 56 << 20, "{format}: {} MiB", most >> 20);
    }
}

/// What is written of a file is the same whether it is read whole or in parts: as one file, and as many short ones.
#[test]
fn parts_are_put_together_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let pods: Vec<String> = (0..900).map(|number| pod(number, 900)).collect();
    std::fs::write(folder.path().join("all.yaml"), pods.concat()).unwrap();
    let names = run_in(folder.path(), &["check", "-f", "all.yaml", "-o", "name"]);
    let expected: String = (0..900).map(|number| format!("pod/p{number}\n")).collect();
    assert_eq!((names.code, names.stdout), (Some(1), expected));
    let of_stdin = run_with_input(&["check", "-f", "-", "-o", "json"], pods.concat().as_bytes());
    let report: serde_json::Value = serde_json::from_str(&of_stdin.stdout).unwrap();
    let results = report["results"].as_array().unwrap();
    let lines = pods[0].lines().count();
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result["name"], format!("p{number}"));
        assert_eq!(result["source"]["document"], number);
        // The comment stands before the object, the separator behind it.
        assert_eq!(result["source"]["line"], number * lines + lines - 7);
        assert_eq!(result["findings"][0]["violations"][0]["line"], number * lines + lines - 3);
    }
    assert_eq!((results.len(), report["summary"]["violating"].as_u64()), (900, Some(900)));
}

/// More mistakes than anybody reads are counted, not kept.
#[test]
fn mistakes_without_end_are_counted() {
    let ran = run_with_input(&["check", "-f", "-", "-o", "json"], "[\n---\n".repeat(25_000).as_bytes());
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, report["summary"]["errors"].as_u64()), (Some(2), Some(25_000)));
    assert_eq!(report["errors"].as_array().unwrap().len(), 10_001);
    let last = ran.stderr.lines().last().unwrap();
    assert_eq!(last, "error: -: from here on there are 15000 more errors, not listed");
}
