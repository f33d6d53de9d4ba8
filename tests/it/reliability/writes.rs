//! Faults of the very request that changes something. What only reads does not meet them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::answers::through;
use super::{Fault, Group};
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{Asked, Reply};

/// What becomes of the first change, and of all requests after it.
struct Fate {
    change: fn(&'static ControlPlane, &Asked) -> Reply,
    after: Option<fn() -> Reply>,
}

fn row(name: &'static str, fate: Fate) -> Fault {
    let fate = Arc::new(fate);
    Fault::new(name, move |server, _| {
        let (fate, was_there) = (Arc::clone(&fate), AtomicBool::new(false));
        through(server, move |asked| {
            let is_change = asked.method == "PATCH" && asked.query("dryRun").is_none();
            if is_change && !was_there.swap(true, Ordering::SeqCst) {
                return Some((fate.change)(server, asked));
            }
            fate.after.filter(|_| was_there.load(Ordering::SeqCst)).map(|after| after())
        })
    })
}

fn done(server: &'static ControlPlane, asked: &Asked, then: Reply) -> Reply {
    let _ = Reply::forward(server, asked);
    then
}

/// All rows.
pub(super) fn all() -> Group {
    let silence: fn() -> Reply = || Reply::Silence;
    let close: fn() -> Reply = || Reply::Close;
    let faults = vec![
        row("a change that does not arrive", Fate { change: |_, _| Reply::Close, after: None }),
        row(
            "a change that does not arrive, and nobody listens then",
            Fate { change: |_, _| Reply::Close, after: Some(close) },
        ),
        row(
            "a change that does not arrive, and silence then",
            Fate { change: |_, _| Reply::Silence, after: Some(silence) },
        ),
        row(
            "a change whose answer is lost",
            Fate { change: |server, asked| done(server, asked, Reply::Close), after: None },
        ),
        row(
            "a change whose answer never comes",
            Fate { change: |server, asked| done(server, asked, Reply::Silence), after: None },
        ),
        row(
            "a change whose answer is lost, and nobody listens then",
            Fate { change: |server, asked| done(server, asked, Reply::Close), after: Some(close) },
        ),
        row(
            "a change whose answer never comes, and silence then",
            Fate { change: |server, asked| done(server, asked, Reply::Silence), after: Some(silence) },
        ),
        row(
            "a change whose answer is half a body",
            Fate { change: |server, asked| Reply::Half(Reply::forward(server, asked).body()), after: None },
        ),
        row(
            "a change that is answered by a page of HTML",
            Fate {
                change: |server, asked| {
                    done(server, asked, Reply::Answer { status: 200, headers: Vec::new(), body: b"<html>".to_vec() })
                },
                after: None,
            },
        ),
        row(
            "429 to a change, once",
            Fate { change: |_, _| Reply::refusal(429, "TooManyRequests", "slow down"), after: None },
        ),
        row("500 to a change", Fate { change: |_, _| Reply::refusal(500, "InternalError", "no leader"), after: None }),
        row(
            "500 to a change that was made",
            Fate {
                change: |server, asked| done(server, asked, Reply::refusal(500, "InternalError", "no leader")),
                after: None,
            },
        ),
        row(
            "503 to a change",
            Fate { change: |_, _| Reply::refusal(503, "ServiceUnavailable", "not now"), after: None },
        ),
    ];
    Group { title: "In the middle of a change", faults }
}
