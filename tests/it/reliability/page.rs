//! `docs/reliability.md`: the table of all cells.

use std::collections::BTreeMap;
use std::fs;

use super::commands::COMMANDS;
use super::{Group, LIMIT, Results, SLACK, restart};
use crate::generated;

/// Holds the page against what the cells came to, or writes it.
pub(super) fn keep(groups: &[Group], rows: &[Results]) {
    generated::keep("docs", "none", &BTreeMap::from([("reliability.md".to_owned(), page(groups, rows))]));
}

/// What the page says now, by the fault and the command.
pub(super) fn kept() -> BTreeMap<(String, &'static str), String> {
    let page = fs::read_to_string(generated::root().join("docs/reliability.md")).unwrap_or_default();
    let mut kept = BTreeMap::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")) {
        let mut cells = line.split(" | ");
        let name = cells.next().unwrap_or_default();
        kept.extend(
            COMMANDS.iter().zip(cells).map(|(command, cell)| ((name.to_owned(), command.name), cell.to_owned())),
        );
    }
    kept
}

fn page(groups: &[Group], rows: &[Results]) -> String {
    let cells = rows.len() * COMMANDS.len();
    let (limit, whole) = (LIMIT.as_secs(), (LIMIT + SLACK).as_secs());
    let mut page = format!(
        "<!-- Made by the tests (UPDATE_GENERATED=1 cargo test --test it reliability). Do not edit. -->

# Reliability

What each command that talks to a cluster does when something on the way fails: {} faults, {cells} runs of the binary. The
server behind them is a real one with RBAC; a proxy makes the faults of what it says, and the last three rows end and start
that server itself.

What holds in every cell, or the test fails:

- The answer is the one that the same command gives without the fault, with the same exit code; or it is incomplete, says
  what is missing, and the exit code is 2. Nothing that was not read is told as fine.
- Of a change, what is said is what the server has afterwards.
- Nothing panics, and nothing hangs: with `--request-timeout {limit}s` every run ends within {whole} s. Completion ends within
  0.3 s and never says a word.

| In the table | Means |
|---|---|
| right answer | the same output and exit code as without the fault; there may be a warning |
| partial, exit 2 | what could be read is told rightly, and what could not be is named |
| error, exit 2 | one or more sentences of what is wrong, no results; nothing was changed |
| told as open, exit 2 | the change was made, or nobody can know whether it was, and the output says so and how to go back |
| silent, in time | names or none, before anybody waits |

“Once”, “always, in one place” and “always, everywhere” say which requests meet the fault: the second page of a list or the
object that the command is about, the first time or each time, or all requests. `--request-timeout` limits one request, as
in kubectl; what a server lets requests wait in vain, all requests of a run taken together, is limited by it too.

To run it again:

```sh
cargo test --test it reliability
```

What was run:

| Column | Command |
|---|---|
",
        rows.len()
    );
    for command in &COMMANDS {
        page += &format!("| {} | `{}` |\n", command.name, command.line.trim_end());
    }
    let mut left = rows.iter();
    for group in groups {
        let names: Vec<_> = group.faults.iter().map(|fault| fault.name.as_str()).collect();
        page += &table(group.title, &names, &mut left);
    }
    page + &table("A server that ends and starts", &restart::ROWS, &mut left)
}

fn table<'r>(title: &str, names: &[&str], rows: &mut impl Iterator<Item = &'r Results>) -> String {
    let headings: Vec<_> = COMMANDS.iter().map(|command| command.name).collect();
    let mut table =
        format!("\n## {title}\n\n| Fault | {} |\n|---|{}\n", headings.join(" | "), "---|".repeat(headings.len()));
    for (name, row) in names.iter().zip(rows) {
        let cells = headings.iter().map(|heading| row[heading].as_ref().map(ToString::to_string).unwrap_or_default());
        table += &format!("| {name} | {} |\n", cells.collect::<Vec<_>>().join(" | "));
    }
    table
}
