//! The documents: what they name exists, what they show works, and what they claim is so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::control_plane;
use crate::support::secctx::{Ran, run_with_input, secctx};

/// Stands in a shown output for lines left out.
const LEFT_OUT: &str = "…";

#[test]
fn paths_in_the_documents_exist() {
    let mut checked = 0;
    let mut missing = Vec::new();
    for (document, text) in documents() {
        let folder = document.parent().unwrap();
        let named = code_spans(&prose(&text)).into_iter().filter_map(|span| repository_path(&span));
        let linked = links(&text).into_iter().map(|link| folder.join(link));
        for path in named.chain(linked) {
            checked += 1;
            if !root().join(&path).exists() {
                missing.push(format!("{}: {}", document.display(), path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(checked > 30, "only {checked} paths were found, so the search for them is broken");
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let readme = read("README.md");
    let commands: Vec<&str> = blocks(&readme).iter().flat_map(Block::commands).take(2).collect();
    assert_eq!(commands, ["cargo run --release -- check -f examples/", "cargo test"]);
}

#[test]
fn commands_in_the_documents_and_the_help_work() {
    let of_documents: BTreeSet<Shown> =
        documents().iter().flat_map(|(_, text)| Shown::all(&code_lines(text))).collect();
    assert!(of_documents.len() > 12, "{of_documents:#?}");
    let of_help: BTreeSet<Shown> =
        helps().iter().flat_map(|help| Shown::all(&help.lines().map(str::to_owned).collect::<Vec<_>>())).collect();
    assert!(of_help.len() > 12, "{of_help:#?}");
    for command in of_documents.union(&of_help) {
        let ran = command.run();
        // There is no cluster here: the command was understood when that is all that it complains of.
        let wants_one = !command.is_of_manifests() && ran.stderr.starts_with("error: no cluster is configured");
        // Nor is there anybody to ask.
        let asks = ran.stderr.contains("there is no terminal to ask on");
        assert!(wants_one || asks || matches!(ran.code, Some(0 | 1)), "{command:?}: {:?}\n{}", ran.code, ran.stderr);
    }
}

#[test]
fn headings_that_are_linked_to_exist() {
    let mut checked = 0;
    for (document, text) in documents() {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for (file, anchor) in
            targets.filter_map(|target| target.split_once('#')).filter(|(file, _)| !file.contains(':'))
        {
            checked += 1;
            let path = if file.is_empty() { document.clone() } else { document.parent().unwrap().join(file) };
            let known = slugs(&read(&path));
            assert!(known.contains(anchor), "{}: {anchor:?} is not among {known:?}", document.display());
        }
    }
    assert!(checked > 0, "no document links to a heading, so the search for them is broken");
}

#[test]
fn output_in_the_documents_is_what_is_printed() {
    let documents = documents();
    let blocks = documents.iter().flat_map(|(_, text)| blocks(text));
    let sessions: Vec<Block<'_>> = blocks.filter(|block| block.language == "console").collect();
    assert!(sessions.len() > 1);
    for session in sessions {
        let (command, shown) = session.lines.split_first().unwrap();
        let ran = Shown::parse(command).expect("a command and its output").run();
        let printed: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(difference(shown, &printed), None, "{command}");
        assert_eq!(ran.stderr, "", "{command}: the output shown has no messages");
    }
}

#[test]
fn the_page_of_check_has_every_format() {
    let page = read("docs/commands/check.md");
    let listed: BTreeSet<String> = table(&page, "`-o`").into_iter().flat_map(|row| code_spans(&row[0])).collect();
    let refusal = run(&["check", "-f", "examples/", "-o", "?"]).stderr;
    let known = refusal.lines().find_map(|line| line.split_once("allowed formats are: ")).expect("a list of formats").1;
    assert_eq!(listed, known.split(',').map(str::to_owned).collect());
}

#[test]
fn figures_in_the_readme_are_those_of_the_tests() {
    let readme = read("README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let conformance = include_str!("conformance.rs");
    let files = fs::read_dir(root().join("tests/testdata/yaml")).unwrap();
    let is_compared = |path: &Path| path.extension().is_some_and(|is| is == "yaml" || is == "json");
    let files = files.filter(|entry| is_compared(&entry.as_ref().unwrap().path())).count();
    let deliberate = constant_list(include_str!("yaml_reading.rs"), "DELIBERATE").len();
    let fixtures = constant(conformance, "FIXTURES");
    for claim in [
        format!("{fixtures} of {fixtures} get the expected verdict"),
        format!("makes {} pods from a new seed", constant(conformance, "PODS")),
        format!("{files} files of everything that YAML readers disagree on"),
        format!("are read alike but {deliberate} with"),
    ] {
        assert!(readme.contains(&claim), "the README should say: {claim}");
    }
}

#[test]
fn the_layers_are_those_of_the_test() {
    let document = read("docs/architecture.md");
    let of_document = |header: &str| -> BTreeMap<String, BTreeSet<String>> {
        let row = |row: Vec<String>| (code_spans(&row[0]).remove(0), code_spans(&row[1]).into_iter().collect());
        table(&document, header).into_iter().map(row).collect()
    };
    let of_test = |name: &str| -> BTreeMap<String, BTreeSet<String>> {
        constant_list(include_str!("architecture.rs"), name).into_iter().collect()
    };
    let mut layers = of_document("Layer");
    assert!(layers.remove("cli").is_some(), "the test leaves it out, since it may use everything");
    assert_eq!(layers, of_test("LAYERS"));
    assert_eq!(of_document("Seen"), of_test("GUARDED"));
}

#[test]
fn every_test_module_is_explained() {
    let listed: Vec<String> = table(&read("CONTRIBUTING.md"), "Module").into_iter().map(|row| row[0].clone()).collect();
    let modules = include_str!("main.rs").lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    for module in modules.filter(|module| *module != "support") {
        let is_listed = |path: String| listed.contains(&format!("`{path}`"));
        let explained = is_listed(format!("tests/it/{module}.rs")) || is_listed(format!("tests/it/{module}/"));
        assert!(explained, "CONTRIBUTING.md should explain {module}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents by their paths in the repository.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = vec![PathBuf::from("README.md"), PathBuf::from("CONTRIBUTING.md")];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            } else if root().join(&path).is_dir() && !path.ends_with("intro") {
                // Introductions are parts of pages, and their links are those of the pages.
                folders.push(path);
            }
        }
    }
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), read(path))).collect()
}

/// The help of every command.
fn helps() -> Vec<String> {
    let command = kubectl_secctx::cli::command();
    let names = command.get_subcommands().filter(|below| !below.is_hide_set()).map(|below| below.get_name());
    let mut helps: Vec<_> = names.map(|name| run(&[name, "--help"]).stdout).collect();
    helps.push(run(&["--help"]).stdout);
    helps
}

/// What the headings of a document are linked to by, as GitHub makes it.
fn slugs(text: &str) -> BTreeSet<String> {
    let headings = prose(text);
    let headings =
        headings.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let is_kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    headings
        .map(|heading| heading.to_lowercase().chars().filter(is_kept).collect::<String>().replace(' ', "-"))
        .collect()
}

/// A fenced block.
struct Block<'a> {
    language: &'a str,
    lines: Vec<&'a str>,
}

impl<'a> Block<'a> {
    /// What a reader is to type into a shell.
    fn commands(&self) -> Vec<&'a str> {
        let lines = self.lines.iter().copied();
        match self.language {
            "sh" => lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect(),
            "console" => lines.filter_map(|line| line.strip_prefix("$ ")).collect(),
            _ => Vec::new(),
        }
    }
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            blocks.push(Block { language, lines: lines.by_ref().take_while(|line| *line != "```").collect() });
        }
    }
    blocks
}

/// The text without its fenced blocks.
fn prose(text: &str) -> String {
    let outside = text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n");
    assert_eq!(outside.matches('`').count() % 2, 0, "a backtick without its other half");
    outside
}

/// What stands in backticks, line breaks in it taken for blanks.
fn code_spans(prose: &str) -> Vec<String> {
    prose.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
}

/// All code: lines of blocks, and spans in the prose.
fn code_lines(text: &str) -> Vec<String> {
    let of_blocks = blocks(text).into_iter().flat_map(|block| block.lines).map(str::to_owned);
    of_blocks.chain(code_spans(&prose(text))).collect()
}

/// Targets of links to other files.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://")).map(str::to_owned).collect()
}

/// The path of this repository that a code span names, up to a `<placeholder>`; `None` for any other code.
fn repository_path(span: &str) -> Option<PathBuf> {
    let known =
        span.split_once('<').map_or(span, |(before, _)| before.rsplit_once('/').map_or("", |(folder, _)| folder));
    let is_path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let first = known.split('/').next().filter(|first| !first.is_empty())?;
    // What building makes is not there yet.
    if !known.chars().all(is_path) || first == "target" {
        return None;
    }
    // Upstream's sources are named too, but none of them is in Rust.
    let looks_ours = [".rs", ".md", ".toml"].iter().any(|extension| known.ends_with(extension));
    (looks_ours || root().join(first).exists()).then(|| known.into())
}

/// The rows of the table whose first header is `header`: their cells.
fn table(text: &str, header: &str) -> Vec<Vec<String>> {
    let start = format!("| {header} |");
    let rows =
        text.lines().skip_while(|line| !line.starts_with(&start)).skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<_> =
        rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect();
    assert!(!rows.is_empty(), "there is no table {header}");
    rows
}

/// The value of a constant of the tests, as people write it: `4,537`.
fn constant(source: &str, name: &str) -> String {
    let rest = source.split(&format!("const {name}: usize = ")).nth(1).unwrap();
    rest.split(';').next().unwrap().replace('_', ",")
}

/// A constant of the tests that lists tuples: the first text of each, with its other texts.
fn constant_list(source: &str, name: &str) -> Vec<(String, BTreeSet<String>)> {
    let list = source.split(&format!("const {name}: ")).nth(1).unwrap().split("\n];").next().unwrap();
    // A long row is broken after its parenthesis.
    let list = list.replace("(\n        \"", "(\"");
    let tuple = |tuple: &str| {
        let mut texts = tuple.split('"').step_by(2).map(str::to_owned);
        (texts.next().unwrap(), texts.collect())
    };
    // Long ones begin in a line of their own.
    let list = list.split_whitespace().collect::<Vec<_>>().join(" ").replace("( \"", "(\"");
    list.split("(\"").skip(1).map(tuple).collect()
}

fn run(args: &[&str]) -> Ran {
    Ran::from(secctx().current_dir(root()).args(args).output().unwrap())
}

/// A command as a document shows it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    args: Vec<String>,
    /// The file that `cat` puts on its standard input.
    input: Option<String>,
}

impl Shown {
    fn all(lines: &[String]) -> Vec<Self> {
        lines.iter().filter_map(|line| Self::parse(line)).collect()
    }

    /// The command in a line, without what a shell does with its output; `None` where there is none to run.
    fn parse(line: &str) -> Option<Self> {
        let (before, rest) =
            line.split_once("kubectl secctx ").or_else(|| line.split_once("cargo run --release -- "))?;
        let args: Vec<String> =
            rest.split(' ').take_while(|word| !word.starts_with(['>', '|'])).map(unquoted).collect();
        let input = before.split_once("cat ").and_then(|(_, rest)| rest.strip_suffix(" | ")).map(str::to_owned);
        // `kubectl secctx check` alone only names it, `kubectl secctx check [OPTIONS]` is its grammar.
        let is_complete = args.len() > 1 && !args.iter().any(|arg| arg.starts_with(['[', '<']));
        is_complete.then_some(Self { args, input })
    }

    /// Whether it reads manifests and asks no cluster.
    fn is_of_manifests(&self) -> bool {
        self.args.iter().any(|arg| arg == "-f" || arg == "-k")
    }

    /// Runs it as if typed in the repository, with a copy of the examples, since commands may write.
    fn run(&self) -> Ran {
        let folder = TempDir::new().unwrap();
        copy(&root().join("examples"), &folder.path().join("examples"));
        let mut command = secctx();
        command.current_dir(folder.path()).args(&self.args);
        if let Some(input) = &self.input {
            command.stdin(File::open(root().join(input)).unwrap());
        }
        if self.input.is_none() && self.args.ends_with(&["explain".to_owned(), "-".to_owned()]) {
            // What a kubectl before it would have said.
            return run_with_input(
                &self.args,
                b"pods \"a\" is forbidden: violates PodSecurity \"baseline:latest\": privileged",
            );
        }
        if self.args.iter().any(|arg| arg == "-k") {
            command.env("KUBECTL_PATH", control_plane::kubectl());
        }
        Ran::from(command.output().unwrap())
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

fn unquoted(word: &str) -> String {
    assert!(!word.contains(['"', '\'', '\\']), "the commands shown need no shell to be understood: {word}");
    word.to_owned()
}

/// Where `shown` is not what was printed, lines left out aside.
fn difference(shown: &[&str], printed: &[&str]) -> Option<String> {
    let parts: Vec<&[&str]> = shown.split(|line| *line == LEFT_OUT).collect();
    let mut rest = printed;
    for (number, part) in parts.iter().enumerate() {
        let at = match number {
            0 => 0,
            _ if number + 1 == parts.len() => rest.len().saturating_sub(part.len()),
            _ => rest.windows(part.len()).position(|lines| lines == *part).unwrap_or(0),
        };
        rest = &rest[at..];
        if let Some(line) = (0..part.len()).find(|line| rest.get(*line) != Some(&part[*line])) {
            return Some(format!("shown: {:?}\nprinted: {:?}", part[line], rest.get(line)));
        }
        rest = &rest[part.len()..];
    }
    rest.first().map(|line| format!("not shown: {line:?}"))
}
