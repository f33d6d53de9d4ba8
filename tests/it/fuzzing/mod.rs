//! Random inputs for everything that reads what others wrote: no panic, no hang, and no wrong answer, from a new seed in
//! each run. `SECCTX_EXECUTIONS` is how many there are in all, `SECCTX_SEED` brings a run back.

mod corpus;
mod mutation;
mod pods;
pub(crate) mod targets;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Instant;
use std::{env, fs};

use rayon::prelude::*;

use corpus::Corpus;
use targets::{Random, TARGETS, Target};
use watch::Watch;

/// So many take some seconds without optimization.
const EXECUTIONS: u64 = 12_000;

static CORPUS: LazyLock<Corpus> = LazyLock::new(Corpus::gather);

#[test]
fn any_file_is_loaded() {
    fuzz("loader", Corpus::file);
}

#[test]
fn any_pod_is_judged() {
    fuzz("evaluator", Corpus::pod);
}

#[test]
fn any_file_is_edited() {
    fuzz("editor", |corpus, random| {
        let mut data = random.next().to_le_bytes().to_vec();
        data.extend(corpus.file(random));
        data
    });
}

#[test]
fn any_message_is_read() {
    fuzz("message", |corpus, random| match random.percent(60) {
        true => [vec![0], corpus.text(random)].concat(),
        false => [vec![1], corpus.pod(random)].concat(),
    });
}

/// Inputs that once were too much for a target; they are named by what they show.
#[test]
fn what_was_found_stays_mended() {
    let mut names = Vec::new();
    for target in TARGETS {
        for path in files(&root().join("tests/testdata/fuzzing").join(target.name)) {
            let found = run(target, &fs::read(&path).unwrap());
            assert_eq!(found, Ok(()), "{}", path.display());
            names.push(path);
        }
    }
    assert!(!names.is_empty(), "the folder of what was found has moved");
}

/// The targets of cargo-fuzz are these, by these names.
#[test]
fn cargo_fuzz_has_the_same_targets() {
    let manifest = fs::read_to_string(root().join("tests/fuzz/Cargo.toml")).unwrap();
    for target in TARGETS {
        assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
        let path = root().join(format!("tests/fuzz/fuzz_targets/{}.rs", target.name));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(text.contains(&format!("targets::{}(", target.name)), "{}", target.name);
    }
}

/// Feeds a target with inputs of a kind, on all processors.
fn fuzz(name: &str, make: fn(&Corpus, &mut Random) -> Vec<u8>) {
    let target = TARGETS.into_iter().find(|target| target.name == name).expect(name);
    let executions = number("SECCTX_EXECUTIONS").unwrap_or(EXECUTIONS) / TARGETS.len() as u64;
    let seed = crate::editing::seed();
    let began = Instant::now();
    let watch = Watch::new(target.name, seed);
    let input = |at: u64| make(&CORPUS, &mut Random(seed.wrapping_add(at.wrapping_mul(0x9E6C_63D0_876A_68E5))));
    let wrong: Vec<String> = (0..executions)
        .into_par_iter()
        .filter_map(|at| {
            let data = input(at);
            let found = watch.during(at, || run(target, &data));
            found.err().map(|why| format!("input {at}, kept in {}:\n{why}", keep(name, seed, at, &data).display()))
        })
        .collect();
    eprintln!("{name}: {executions} executions of seed {seed} in {:.1?}, {} findings", began.elapsed(), wrong.len());
    let shown: Vec<String> = wrong.iter().take(10).map(|why| why.chars().take(2_000).collect()).collect();
    assert!(wrong.is_empty(), "{} findings (SECCTX_SEED={seed}):\n{}", wrong.len(), shown.join("\n\n"));
}

/// Runs a target; a panic is a finding too.
fn run(target: Target, data: &[u8]) -> targets::Outcome {
    catch_unwind(AssertUnwindSafe(|| (target.run)(data))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

/// Puts an input where it can be looked at.
fn keep(name: &str, seed: u64, at: u64, data: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzzing-{name}-{seed}-{at}"));
    fs::write(&path, data).unwrap();
    path
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().expect(name))
}

/// The files of a folder, in order; none where there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
