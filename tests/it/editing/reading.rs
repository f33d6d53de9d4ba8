//! kubectl's own reader reads edited files as ours does.

use std::fs;

use kubectl_secctx::yaml::{Document, ValueRef, chunks};
use serde_json::Value;

use super::random;
use crate::support::reference;

const FILES: u64 = 3_000;

#[test]
fn edited_files_are_read_alike_by_kubectl() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let seed = random::seed();
    let texts: Vec<String> = (0..FILES).filter_map(|at| random::sample(seed.wrapping_add(at))).collect();
    assert!(texts.len() > 2_000, "only {} files could be edited", texts.len());
    let paths: Vec<_> = (0..texts.len()).map(|at| folder.path().join(format!("{at}.yaml"))).collect();
    for (path, text) in paths.iter().zip(&texts) {
        fs::write(path, text).expect("write a test file");
    }
    for (reading, text) in reference::readings(&paths).zip(&texts) {
        let theirs: Vec<Value> = reading
            .documents
            .into_iter()
            .filter(|read| !read.empty)
            .map(|read| read.json.unwrap_or_else(|| panic!("SECCTX_SEED={seed}: {:?}\n{text}", read.error)))
            .collect();
        let ours: Vec<Value> = chunks(text)
            .iter()
            .filter_map(|chunk| Document::parse(chunk).expect(text).root().map(ValueRef::to_json))
            .collect();
        assert_eq!(ours, theirs, "SECCTX_SEED={seed}:\n{text}");
    }
}
