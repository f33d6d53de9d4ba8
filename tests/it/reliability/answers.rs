//! Faults of answers: late, cut, broken, refusals. Each is made of what the real server says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::{Fault, Group, Route};
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{Asked, FaultServer, Pace, Reply, unused_address};

/// Makes the answer of a request into another.
type Make = fn(&'static ControlPlane, &Asked) -> Reply;

/// Which requests a fault is about.
#[derive(Clone, Copy, PartialEq)]
enum Scope {
    /// One: of a list its second page, else the object that matters.
    Once,
    /// The same one, each time.
    Here,
    /// All.
    Everywhere,
}

/// A way to the real server on which some requests fare otherwise.
pub(super) fn through(
    server: &'static ControlPlane,
    fault: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
) -> Route {
    let proxy = FaultServer::start(move |asked| fault(asked).unwrap_or_else(|| Reply::forward(server, asked)));
    Route::to(&proxy.url())
}

/// The three rows of a fault.
fn rows(name: &str, make: Make) -> Vec<Fault> {
    let scopes =
        [(Scope::Once, "once"), (Scope::Here, "always, in one place"), (Scope::Everywhere, "always, everywhere")];
    scopes.map(|(scope, word)| row(format!("{name}: {word}"), scope, make)).into()
}

fn row(name: impl Into<String>, scope: Scope, make: Make) -> Fault {
    Fault::new(name, move |server, command| {
        let (place, was_there) = (command.place, AtomicBool::new(false));
        through(server, move |asked| {
            let is_meant = match scope {
                Scope::Once => place(asked) && !was_there.swap(true, Ordering::SeqCst),
                Scope::Here => place(asked),
                Scope::Everywhere => true,
            };
            is_meant.then(|| make(server, asked))
        })
    })
}

/// Answers that come late, in pieces, or not at all.
pub(super) fn time() -> Group {
    let mut faults = vec![
        row("each answer 50 ms late", Scope::Everywhere, |server, asked| {
            slow(server, asked, Pace { first: Duration::from_millis(50), piece: usize::MAX, pause: Duration::ZERO })
        }),
        row("each answer in pieces of 2,000 bytes, 10 ms apart", Scope::Everywhere, |server, asked| {
            slow(server, asked, Pace { first: Duration::ZERO, piece: 2000, pause: Duration::from_millis(10) })
        }),
        row("one answer 1 s late", Scope::Once, |server, asked| {
            slow(server, asked, Pace { first: Duration::from_secs(1), piece: usize::MAX, pause: Duration::ZERO })
        }),
    ];
    faults.extend(rows("a byte every 100 ms", |server, asked| {
        slow(server, asked, Pace { first: Duration::ZERO, piece: 1, pause: Duration::from_millis(100) })
    }));
    faults.extend(rows("an answer that stops in the middle", |server, asked| Reply::Stall(whole(server, asked))));
    faults.extend(rows("no answer", |_, _| Reply::Silence));
    faults.push(Fault::new("no answer from the third request on", |server, _| {
        let so_far = AtomicUsize::new(0);
        through(server, move |_| (so_far.fetch_add(1, Ordering::SeqCst) >= 2).then_some(Reply::Silence))
    }));
    faults.push(Fault::new("a port that takes connections and does nothing", |_, _| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        Route::with(json!({"server": url, "insecure-skip-tls-verify": true}), json!({"token": "t"}), listener)
    }));
    Group { title: "Slow and silent", faults }
}

fn slow(server: &'static ControlPlane, asked: &Asked, pace: Pace) -> Reply {
    Reply::Slow(Box::new(Reply::forward(server, asked)), pace)
}

fn whole(server: &'static ControlPlane, asked: &Asked) -> serde_json::Value {
    Reply::forward(server, asked).body()
}

/// Connections that end, and answers that are none.
pub(super) fn cuts() -> Group {
    let makes: [(&str, Make); 8] = [
        ("closed without an answer", |_, _| Reply::Close),
        ("closed before the body", |server, asked| Reply::Head(whole(server, asked))),
        ("closed in the middle of the body", |server, asked| Reply::Half(whole(server, asked))),
        ("closed in the middle of a chunked body", |server, asked| Reply::HalfChunked(whole(server, asked))),
        ("half a body as if it were whole", |server, asked| {
            let mut body = whole(server, asked).to_string().into_bytes();
            body.truncate(body.len() / 2);
            Reply::Answer { status: 200, headers: Vec::new(), body }
        }),
        ("a page of HTML", |_, _| Reply::Answer {
            status: 200,
            headers: vec![("Content-Type", "text/html".to_owned())],
            body: b"<!DOCTYPE html><title>Welcome</title>".to_vec(),
        }),
        ("an empty object", |_, _| Reply::json(&json!({}))),
        ("nothing, with status 200", |_, _| Reply::Answer { status: 200, headers: Vec::new(), body: Vec::new() }),
    ];
    let mut faults: Vec<Fault> = makes.iter().flat_map(|(name, make)| rows(name, *make)).collect();
    faults.push(Fault::new("nobody listens", |_, _| Route::to(&format!("http://{}", unused_address()))));
    faults.push(Fault::new("a name that nobody knows", |_, _| Route::to("http://no-such-server.invalid:6443")));
    Group { title: "Cut and broken", faults }
}

/// What a server says when it cannot or does not want to.
pub(super) fn refusals() -> Group {
    let makes: [(&str, Make); 8] = [
        ("429", |_, _| Reply::refusal(429, "TooManyRequests", "slow down")),
        ("429 with Retry-After: 1", |_, _| {
            Reply::refusal(429, "TooManyRequests", "slow down").with_header("Retry-After", "1")
        }),
        ("429 with Retry-After: 3600", |_, _| {
            Reply::refusal(429, "TooManyRequests", "slow down").with_header("Retry-After", "3600")
        }),
        ("500", |_, _| Reply::refusal(500, "InternalError", "etcdserver: no leader")),
        ("502 with a page of HTML", |_, _| Reply::Answer {
            status: 502,
            headers: vec![("Content-Type", "text/html".to_owned())],
            body: b"<html>\nBad Gateway".to_vec(),
        }),
        ("503", |_, _| Reply::refusal(503, "ServiceUnavailable", "not now")),
        ("504", |_, _| Reply::refusal(504, "Timeout", "the request did not finish")),
        ("404", |_, _| Reply::refusal(404, "NotFound", "the server could not find the requested resource")),
    ];
    let mut faults: Vec<Fault> = makes.iter().flat_map(|(name, make)| rows(name, *make)).collect();
    faults.push(row("a Date a year behind", Scope::Everywhere, |server, asked| {
        Reply::forward(server, asked).with_header("Date", "Wed, 01 Jan 2020 00:00:00 GMT")
    }));
    faults.push(row("a Date far ahead", Scope::Everywhere, |server, asked| {
        Reply::forward(server, asked).with_header("Date", "Tue, 01 Jan 2069 00:00:00 GMT")
    }));
    faults.push(Fault::new("503 to the first try of every request", |server, _| {
        let seen = std::sync::Mutex::new(Vec::new());
        through(server, move |asked| {
            let mut seen = seen.lock().unwrap();
            let is_new = !seen.contains(&(asked.method.clone(), asked.path.clone()));
            seen.push((asked.method.clone(), asked.path.clone()));
            (is_new && asked.method == "GET").then(|| Reply::refusal(503, "ServiceUnavailable", "not now"))
        })
    }));
    Group { title: "Refused", faults }
}

/// What becomes of a request, given how many further pages were asked for before.
type Expiry = dyn Fn(&Asked, usize) -> Option<Reply> + Send + Sync;

/// Lists that expire while they are read. Only what is listed in pages has any.
pub(super) fn expiry() -> Group {
    let expired = |token: &str| {
        let metadata = json!({"continue": token});
        Reply::status(
            410,
            &json!({"kind": "Status", "reason": "Expired", "message": "too old", "code": 410, "metadata": metadata}),
        )
    };
    let expiring = |name: &'static str, fault: Arc<Expiry>| {
        Fault::new(name, move |server, _| {
            let (fault, so_far) = (Arc::clone(&fault), AtomicUsize::new(0));
            through(server, move |asked| {
                let is_page = asked.query("continue").is_some();
                fault(asked, if is_page { so_far.fetch_add(1, Ordering::SeqCst) } else { 0 })
            })
        })
    };
    let is_page = |asked: &Asked| asked.query("continue").is_some();
    let faults = vec![
        expiring(
            "410 in the middle of a list, once",
            Arc::new(move |asked, i| (is_page(asked) && i == 0).then(|| expired(""))),
        ),
        expiring("410 in the middle, each time", Arc::new(move |asked, _| is_page(asked).then(|| expired("")))),
        expiring(
            "410 in the middle, each time with another token to go on with",
            Arc::new(move |asked, i| is_page(asked).then(|| expired(&format!("token-{i}")))),
        ),
        expiring(
            "410 in the middle, and the whole list never comes either",
            Arc::new(move |asked, _| {
                (is_page(asked) || asked.query("limit").is_none() && asked.is("/api/v1/pods")).then(|| expired(""))
            }),
        ),
    ];
    Group { title: "Expired lists", faults }
}
