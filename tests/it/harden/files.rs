//! Files of all kinds: encodings, line endings, JSON, lists, templates, what is broken.

use std::fs;

use super::{HARD_WEB, HOST, WEB, folder, harden, text};
use crate::support::secctx::{Ran, run_in, run_with_input};

/// Writes the edits, and holds that a second run has nothing to do.
#[track_caller]
fn written(file: &str, before: &[u8]) -> (Ran, Vec<u8>) {
    let files = folder(&[]);
    let path = files.path().join(file);
    fs::write(&path, before).unwrap();
    let ran = harden(&files, &["-f", file, "--write", "--yes", "-q"]);
    let after = fs::read(&path).unwrap();
    let again = harden(&files, &["-f", file, "--write", "--yes", "-q"]);
    assert_eq!((again.code, &fs::read(&path).unwrap()), (ran.code, &after), "a second run changes nothing");
    assert!(!again.stderr.contains("hardened"), "{}", again.stderr);
    (ran, after)
}

#[test]
fn line_endings_and_byte_order_marks_stay() {
    let (_, plain) = written("a.yaml", WEB.as_bytes());
    assert_eq!(String::from_utf8(plain).unwrap(), HARD_WEB);
    let crlf = |text: &str| text.replace('\n', "\r\n").into_bytes();
    assert_eq!(written("a.yaml", &crlf(WEB)).1, crlf(HARD_WEB));
    let marked = |text: &str| [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    assert_eq!(written("a.yaml", &marked(WEB)).1, marked(HARD_WEB));
    let utf16 = |text: &str| [vec![0xFE, 0xFF], text.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat();
    assert_eq!(written("a.yaml", &utf16(WEB)).1, utf16(HARD_WEB));
    assert_eq!(written("a.yaml", WEB.trim_end().as_bytes()).1, HARD_WEB.trim_end().as_bytes());
}

#[test]
fn what_cannot_be_written_back_is_refused() {
    let bad = [WEB.as_bytes(), b"# \xFF\n"].concat();
    let (ran, after) = written("a.yaml", &bad);
    assert_eq!((ran.code, after), (Some(2), bad));
    let message = "error: a.yaml:17:3: these bytes are no text, so the file cannot be written back as it is; nothing was changed\n";
    assert_eq!(ran.stderr, message);
    let (ran, _) = written("a.yaml", b"a\0b");
    assert_eq!(ran.stderr, "error: a.yaml: this is no manifest but a binary file\n");
}

#[test]
fn json_stays_json() {
    let container = r#"{"name":"a","image":"b"}"#;
    let minified = format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p"}},"spec":{{"containers":[{container}]}}}}"#
    );
    let (ran, after) = written("a.json", minified.as_bytes());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let value: serde_json::Value = serde_json::from_slice(&after).unwrap();
    assert_eq!(value["spec"]["securityContext"]["runAsNonRoot"], true);
    assert!(!after.contains(&b'\n'));
    let indented =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&minified).unwrap()).unwrap();
    let (_, after) = written("a.json", indented.as_bytes());
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&after).unwrap(), value);
    let expected = serde_json::to_string_pretty(&serde_json::from_slice::<serde_json::Value>(&after).unwrap()).unwrap();
    assert_eq!(String::from_utf8(after).unwrap(), expected, "the indentation is the file's own");
}

#[test]
fn documents_and_list_items_are_edited_for_themselves() {
    let item = |name: &str| {
        format!(
            "- apiVersion: v1\n  kind: Pod\n  metadata: {{name: {name}}}\n  spec: {{containers: [{{name: c, image: i}}]}}\n"
        )
    };
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}{}", item("a"), item("b"));
    let all = format!("{WEB}---\n# empty\n---\n{list}---\nkind: ConfigMap\napiVersion: v1\nmetadata: {{name: x}}\n");
    let (ran, after) = written("a.yaml", all.as_bytes());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let after = String::from_utf8(after).unwrap();
    assert!(after.starts_with(&format!("{HARD_WEB}---\n# empty\n---\napiVersion: v1\nkind: List\n")), "{after}");
    assert!(after.ends_with("---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\n"), "{after}");
    assert_eq!(after.matches("allowPrivilegeEscalation: false").count(), 3, "{after}");
}

#[test]
fn what_is_broken_stays_and_the_rest_is_hardened() {
    let broken = "a: [\n";
    let wrong = "apiVersion: v1\nkind: Pod\nspec: {containers: [], hostPID: \"yes\"}\n";
    let (ran, after) = written("a.yaml", format!("{broken}---\n{WEB}---\n{wrong}").as_bytes());
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("error: a.yaml:")).count(), 2, "{}", ran.stderr);
    assert_eq!(String::from_utf8(after).unwrap(), format!("{broken}---\n{HARD_WEB}---\n{wrong}"));
}

#[test]
fn helm_templates_are_refused_with_a_hint() {
    let templates = [
        ("a.yaml", WEB.replace("name: web   #", "name: web-{{ .Release.Name }} #")),
        ("b.yaml", format!("{{{{- if .Values.web }}}}\n{WEB}{{{{- end }}}}\n")),
        ("c.yaml", WEB.replace("image: web:1", "image: {{ .Values.image }}")),
        ("chart/templates/d.yaml", WEB.replace("image: web:1", "image: \"{{ .Values.image }}\"")),
    ];
    for (name, template) in &templates {
        let files = folder(&[(name, template), ("chart/Chart.yaml", "name: web\n")]);
        let ran = harden(&files, &["-f", name, "--write", "--yes"]);
        assert_eq!((ran.code, text(&files, name)), (Some(2), template.clone()), "{name}");
        let hint = "this is a template, as of Helm, not a manifest, and was not touched: harden what it renders";
        assert!(ran.stderr.starts_with(&format!("error: {name}:")) && ran.stderr.contains(hint), "{}", ran.stderr);
    }
    // Braces in quotes and block scalars are for other programs.
    let args = WEB.replace("image: web:1", "image: web:1\n        args: [\"{{ name }}\", '{{x}}']");
    let files = folder(&[("a.yaml", &args)]);
    assert_eq!(harden(&files, &["-f", "a.yaml", "-q"]).code, Some(0));
    let ran = run_in(folder(&[("b.yaml", &templates[1].1)]).path(), &["check", "-f", "b.yaml"]);
    assert!(
        ran.code == Some(2) && ran.stderr.contains("; this looks like a Helm template: judge what it renders"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_a_tool_made_says_so() {
    let rendered = format!("---\n# Source: shop/templates/web.yaml\n{WEB}");
    let ran = run_with_input(&["harden", "-f", "-"], rendered.as_bytes());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let note = "  note: Helm rendered this from shop/templates/web.yaml: the next rendering undoes edits here";
    assert!(ran.stdout.contains(note), "{}", ran.stdout);
    assert!(!ran.stdout.contains("next:"), "standard input cannot be read again");
    let built = WEB.replace("  name: web\n", "  name: web\n  annotations: {config.kubernetes.io/origin: x}\n");
    let ran = run_with_input(&["harden", "-f", "-"], built.as_bytes());
    assert!(ran.stdout.contains("  note: kustomize built this: the next build undoes edits here"), "{}", ran.stdout);
}

const SHARED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: a
    image: i
    securityContext: &context
      privileged: true
  - name: b
    image: i
    securityContext: *context
";

/// All that share it are to change alike, so one change of the text does.
#[test]
fn values_that_containers_share_are_edited_once() {
    let files = folder(&[("a.yaml", SHARED)]);
    let ran = harden(&files, &["-f", "a.yaml", "--write", "--yes"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let hard = "      privileged: false\n      allowPrivilegeEscalation: false\n      capabilities:\n        drop:\n        - ALL\n";
    assert_eq!(text(&files, "a.yaml"), SHARED.replace("      privileged: true\n", hard));
}

#[test]
fn shared_values_are_refused_with_the_patch_to_put_in_by_hand() {
    let shared = SHARED.replace("&context\n      privileged: true", "*context");
    let shared = format!("x-shared: &context {{privileged: true}}\n{shared}");
    let files = folder(&[("a.yaml", &shared)]);
    let ran = harden(&files, &["-f", "a.yaml", "--write", "--yes"]);
    assert_eq!((ran.code, text(&files, "a.yaml")), (Some(1), shared), "{}", ran.stderr);
    assert!(ran.stdout.contains("  not edited: ") && ran.stdout.contains("\n    a.yaml:"), "{}", ran.stdout);
    let by_hand = ran.stdout.split("  to be put in by hand\n").nth(1).unwrap();
    assert!(by_hand.contains("          drop:\n"), "{by_hand}");
}

#[test]
fn names_from_outside_never_steer_a_terminal() {
    let hostile = HOST.replace("name: agent", "name: \"a\\e[2J\\u202e\"").replace("path: /run", "path: \"/\\e[31m\"");
    let files = folder(&[("a.yaml", &hostile)]);
    for format in ["text", "plan", "patch", "json-patch", "kustomize", "plan-json", "json", "diff"] {
        let ran = harden(&files, &["-f", "a.yaml", "-o", format]);
        assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{format}: {:?}", ran.stdout);
    }
}

#[test]
fn what_is_nested_too_deeply_is_told_and_nothing_breaks() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let pod =
        format!("apiVersion: v1\nkind: Pod\nspec: {{containers: [{{name: a, image: b}}], x: {}}}\n", nested(9000));
    let custom = format!("apiVersion: example.com/v1\nkind: X\nspec: {}\n", nested(9000));
    let files = folder(&[("pod.yaml", &pod), ("custom.yaml", &custom)]);
    let ran = harden(&files, &["-f", "pod.yaml", "-w", "-y"]);
    assert_eq!((ran.code, text(&files, "pod.yaml")), (Some(2), pod));
    assert!(
        ran.stderr.contains("error: pod.yaml:1:1: this document is nested deeper than 256 levels"),
        "{}",
        ran.stderr
    );
    let ran = harden(&files, &["-f", "custom.yaml", "-o", "json"]);
    let message = "error: custom.yaml:1:1: this object is nested too deeply to be written as JSON\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.ends_with(message), "{}", ran.stderr);
}
