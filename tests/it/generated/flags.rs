//! Every flag is documented on its command's page, and some test uses it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::ArgAction;

use super::{all_commands, root};

#[test]
fn help_pages_and_tests_know_the_same_flags() {
    let tests = tests(&root().join("tests")) + &unit_tests(&root().join("src"));
    let used: BTreeSet<&str> =
        tests.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| word.starts_with('-')).collect();
    let mut unused = Vec::new();
    for (path, command) in all_commands().iter().skip(1) {
        let page = fs::read_to_string(root().join(format!("docs/commands/{}.md", path[2..].join("-")))).unwrap();
        let help = command.clone().render_long_help().to_string();
        let shown = command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional());
        for arg in shown.filter(|arg| !matches!(arg.get_action(), ArgAction::Version)) {
            let long = format!("--{}", arg.get_long().expect("every flag has a long name"));
            let short = arg.get_short().map(|short| format!("-{short}"));
            assert!(help.contains(&long), "{long} of {path:?} is not in the help");
            assert!(page.contains(&format!("`{long}")), "{long} is not on the page of {path:?}");
            let is_used = used.contains(long.as_str()) || short.is_some_and(|short| used.contains(short.as_str()));
            if !is_used {
                unused.push(format!("{} {long}", path.join(" ")));
            }
        }
    }
    assert!(unused.is_empty(), "no test uses {unused:#?}");
}

/// All Rust of the tests but this file's folder, where flags are only spoken of.
fn tests(folder: &Path) -> String {
    rust(folder, &|path, text| if path.components().any(|part| part.as_os_str() == "generated") { "" } else { text })
}

/// The unit tests.
fn unit_tests(folder: &Path) -> String {
    rust(folder, &|_, text| text.split_once("#[cfg(test)]\nmod tests").map_or("", |(_, tests)| tests))
}

fn rust(folder: &Path, part: &dyn for<'a> Fn(&Path, &'a str) -> &'a str) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &rust(&path, part);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all += part(&path, &fs::read_to_string(&path).unwrap());
        }
    }
    all
}
