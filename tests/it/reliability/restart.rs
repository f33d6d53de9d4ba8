//! The real server dies in the middle of runs, is gone, and comes back.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::answers::through;
use super::commands::{COMMANDS, Command, Ground, Grounds};
use super::outcome;
use super::{Good, LIMIT, Results, Route, run, verdict};
use crate::support::faults::Reply;
use crate::support::secctx::Ran;

/// The titles of the rows, in their order.
pub(super) const ROWS: [&str; 3] =
    ["the server dies in the middle", "the server is gone", "the server starts again: what was said at last"];

/// A run, and how long it took.
type Timed = (Ran, Duration);

/// The rows, after all others: nobody has a server meanwhile.
pub(super) fn results(grounds: &Grounds, good: &Good) -> Vec<Results> {
    let spaces = ROWS.map(|row| {
        let word = row.split(' ').nth(2).unwrap();
        COMMANDS
            .iter()
            .map(|command| (command.name, grounds.of(command).namespace(command, word)))
            .collect::<BTreeMap<_, _>>()
    });
    let dies = each(|command| dies(grounds.of(command), command, &spaces[0][command.name]));
    let gone = each(|command| run(command, &Route::direct(grounds.of(command).server), &spaces[1][command.name]));
    let back = thread::scope(|scope| {
        for ground in [&grounds.reading, &grounds.writing] {
            scope.spawn(|| ground.server.start_server());
        }
        each(|command| comes_back(grounds.of(command), good, command, &spaces[2][command.name]))
    });
    // Only now can it be asked what it has.
    let judge = |(i, runs): (usize, BTreeMap<&'static str, Timed>)| {
        let of = |command: &Command| {
            let name = command.name;
            // A tenth of a second is nothing on a machine that ends and starts a server.
            let is_measured = !command.is_completion() || runs[name].1 > LIMIT;
            let timed = (runs[name].0.clone(), if is_measured { runs[name].1 } else { Duration::ZERO });
            let verdict = verdict(grounds.of(command), good, command, &spaces[i][name], &timed);
            (name, verdict.map_err(|why| format!("{why}\n=== {} / {name}", ROWS[i])))
        };
        COMMANDS.iter().map(of).collect()
    };
    [dies, gone, back].into_iter().enumerate().map(judge).collect()
}

/// All commands at the same time.
fn each(run: impl Fn(&Command) -> Timed + Sync) -> BTreeMap<&'static str, Timed> {
    thread::scope(|scope| {
        let run = &run;
        let runs: Vec<_> = COMMANDS.iter().map(|command| (command.name, scope.spawn(move || run(command)))).collect();
        runs.into_iter().map(|(name, run)| (name, run.join().unwrap())).collect()
    })
}

/// The first of all runs that gets to its second request, or only one, ends the server as a crash does.
fn dies(ground: &Ground, command: &Command, namespace: &str) -> Timed {
    static DEAD: [OnceLock<()>; 2] = [OnceLock::new(), OnceLock::new()];
    let dead = &DEAD[usize::from(command.writes.is_some())];
    let (server, so_far, has_one) =
        (ground.server, AtomicUsize::new(0), matches!(command.name, "version" | "completion"));
    let route = through(server, move |asked| {
        if so_far.fetch_add(1, Ordering::SeqCst) > 0 || has_one {
            dead.get_or_init(|| server.stop_server());
        }
        let is_dead = dead.get().is_some();
        Some(if is_dead { Reply::Close } else { Reply::try_forward(server, asked).unwrap_or(Reply::Close) })
    });
    run(command, &route, namespace)
}

/// Runs while the server starts are all honest and in time, or the first that is not counts; else the last, which is right.
fn comes_back(ground: &Ground, good: &Good, command: &Command, namespace: &str) -> Timed {
    let started = Instant::now();
    loop {
        let (ran, took) = run(command, &Route::direct(ground.server), namespace);
        // A server that starts has the whole machine to itself: only runs that wait for it are measured.
        let is_late = took > command.limit && !command.is_completion();
        let is_right = ran.code == Some(command.code) && !command.is_completion() || ran.stdout.contains("shop");
        // Nothing is written yet, or it would be told.
        let told = outcome::without_names(ran.clone(), namespace);
        let honest = outcome::of(command, &good[command.name], &told, command.writes.map(|_| false));
        if is_right || is_late || honest.is_err() || started.elapsed() > Duration::from_secs(30) {
            let counts = is_late && !is_right;
            return (ran, if counts { took } else { Duration::ZERO });
        }
    }
}
