//! Everything that goes wrong on the way to a server and back: one clear sentence each, and soon.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kubectl_secctx::cluster::{Change, ErrorKind, ListQuery, PatchType};
use serde_json::{Value, json};

use super::{at, batch, connect, hurried, names, resource, secret, within};
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{Asked, FaultServer, Reply, unused_address};

const SECOND: Duration = Duration::from_secs(1);

/// More types than are asked for at once.
const TYPES: [&str; 8] = ["po", "deploy", "sts", "ds", "rs", "rc", "job", "cj"];

fn pods() -> ListQuery {
    ListQuery::new(resource("po"), None)
}

/// A list of objects, with a token where more follow.
fn list(names: &[&str], more: Option<&str>) -> Reply {
    let items: Vec<_> = names.iter().map(|name| json!({"metadata": {"name": name}})).collect();
    Reply::json(&json!({"metadata": {"continue": more.unwrap_or_default(), "remainingItemCount": 2}, "items": items}))
}

fn version() -> Value {
    json!({"major": "1", "minor": "36"})
}

#[test]
fn a_refused_connection() {
    let address = unused_address();
    let error = connect(&at(&address)).server_version().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert_eq!(
        error.to_string(),
        format!("the connection to the server {address} was refused; are host and port right?")
    );
}

#[test]
fn a_name_that_nobody_knows() {
    let options = hurried("https://no-such-server.invalid:6443", SECOND * 5);
    let error = connect(&options).server_version().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().starts_with("the server's name no-such-server.invalid cannot be looked up"), "{error}");
}

#[test]
fn a_server_that_never_answers_costs_the_limit_once() {
    let server = FaultServer::start(|_| Reply::Silence);
    let cluster = connect(&hurried(&server.url(), SECOND));
    within(2000, || {
        let results = batch(&cluster, &TYPES);
        for result in results {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            // The last ones had to wait for the first.
            let (begins, ends) = (format!("the server {} did not answer ", server.address()), "1s (--request-timeout)");
            assert!(error.to_string().starts_with(&begins) && error.to_string().ends_with(ends), "{error}");
        }
        assert_eq!(cluster.server_version().unwrap_err().kind(), ErrorKind::Timeout);
    });
}

#[test]
fn an_address_that_leads_nowhere_ends_within_the_limit() {
    // Nobody accepts: the queue of a listening socket takes a few connections, and the client waits for its handshake.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut options = hurried(&format!("https://{address}"), SECOND);
    options.insecure_skip_tls_verify = true;
    let error = within(2000, || connect(&options).server_version().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[test]
fn one_slow_type_does_not_end_the_others() {
    let server = FaultServer::start(|asked| match asked.is("/api/v1/pods") {
        true => Reply::Silence,
        false => list(&["a"], None),
    });
    let cluster = connect(&hurried(&server.url(), SECOND));
    let results = within(2000, || batch(&cluster, &TYPES));
    assert_eq!(results[0].as_ref().unwrap_err().kind(), ErrorKind::Timeout);
    assert!(results[1..].iter().all(|result| result.as_ref().is_ok_and(|count| *count == 1)), "{results:?}");
}

#[test]
fn credentials_that_are_not_accepted() {
    let server = FaultServer::start(|_| Reply::refusal(401, "Unauthorized", "Unauthorized"));
    let mut options = at(&server.url());
    options.token = secret("s3cret");
    let error = connect(&options).server_version().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(error.is_fatal());
    let told = "does not accept the credentials (Unauthorized): they are missing, wrong or expired";
    assert_eq!(error.to_string(), format!("the server {} {told}", server.address()));
}

#[test]
fn forbidden_types_do_not_end_the_others() {
    let server = FaultServer::start(|asked| match asked.is("/api/v1/pods") {
        true => Reply::refusal(403, "Forbidden", "pods is forbidden: no"),
        false => list(&["a", "b"], None),
    });
    let results = batch(&connect(&at(&server.url())), &TYPES);
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(error.to_string(), "the server answered (Forbidden): pods is forbidden: no");
    assert!(results[1..].iter().all(|result| result.as_ref().is_ok_and(|count| *count == 2)), "{results:?}");

    let server = FaultServer::start(|_| Reply::refusal(403, "Forbidden", "no"));
    let results = batch(&connect(&at(&server.url())), &TYPES);
    assert!(results.iter().all(|result| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Forbidden)));
}

#[test]
fn every_status_has_its_kind() {
    for (status, kind) in [
        (400, ErrorKind::Refused),
        (404, ErrorKind::NotFound),
        (405, ErrorKind::MethodNotAllowed),
        (410, ErrorKind::Expired),
        (500, ErrorKind::Server),
        (502, ErrorKind::Server),
    ] {
        let server = FaultServer::start(move |_| Reply::refusal(status, "Reason", "why"));
        let error = names(&connect(&at(&server.url())), &pods()).unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.to_string(), "the server answered (Reason): why");
        assert_eq!(server.asked().len(), 1, "{status} is not worth another try");
    }
}

/// Answers properly after so many requests, and before that with the given reply.
fn recovers_after(count: usize, before: impl Fn() -> Reply + Send + Sync + 'static) -> FaultServer {
    let so_far = AtomicUsize::new(0);
    FaultServer::start(move |_| match so_far.fetch_add(1, Ordering::Relaxed) < count {
        true => before(),
        false => Reply::json(&version()),
    })
}

#[test]
fn a_server_that_starts_up_is_given_time() {
    for status in [429, 503, 504] {
        let server = recovers_after(3, move || Reply::refusal(status, "Unavailable", "wait"));
        assert_eq!(connect(&at(&server.url())).server_version().unwrap().minor, 36, "{status}");
        assert_eq!(server.asked().len(), 4);
    }
}

#[test]
fn a_server_that_names_a_time_gets_it() {
    let server =
        recovers_after(1, || Reply::refusal(429, "TooManyRequests", "slow down").with_header("Retry-After", "1"));
    let started = Instant::now();
    assert!(connect(&at(&server.url())).server_version().is_ok());
    assert!(started.elapsed() >= SECOND, "{:?}", started.elapsed());

    // An hour is too long to wait for, and so is anything after the end of the request's own time.
    for (pause, options) in [("3600", at as fn(&str) -> _), ("2", |server: &str| hurried(server, SECOND))] {
        let server =
            FaultServer::start(move |_| Reply::refusal(429, "TooManyRequests", "no").with_header("Retry-After", pause));
        let error = within(900, || connect(&options(&server.url())).server_version().unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert_eq!(server.asked().len(), 1);
    }
}

#[test]
fn a_server_that_stays_down_ends_within_the_limit() {
    let server = FaultServer::start(|_| Reply::refusal(503, "ServiceUnavailable", "down"));
    let cluster = connect(&hurried(&server.url(), SECOND));
    let error = within(2000, || cluster.server_version().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.to_string().starts_with("the server answered (ServiceUnavailable): down (after "), "{error}");
    within(2000, || assert!(batch(&cluster, &TYPES).iter().all(Result::is_err)));
}

/// Three pages: `a`, then whatever `expire` says to the token `1`, then `c`.
fn expiring(expire: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> FaultServer {
    FaultServer::start(move |asked| match (asked.query("limit"), asked.query("continue")) {
        (Some(_), None) => list(&["a"], Some("1")),
        (_, Some("1")) => expire(asked),
        (_, Some("2")) => list(&["b", "c"], None),
        _ => list(&["a", "b", "c"], None),
    })
}

fn expired(token: &str) -> Reply {
    Reply::status(
        410,
        &json!({"kind": "Status", "reason": "Expired", "message": "too old", "code": 410,
                "metadata": {"continue": token}}),
    )
}

#[test]
fn an_expired_list_goes_on_with_the_token_that_came_with_it() {
    let server = expiring(|_| expired("2"));
    let pages = names(&connect(&at(&server.url())), &pods()).unwrap();
    assert_eq!(pages, [vec!["a"], vec!["b", "c"]]);
}

#[test]
fn an_expired_list_without_a_token_begins_again() {
    for token in ["", "1"] {
        let server = expiring(move |_| expired(token));
        let pages = names(&connect(&at(&server.url())), &pods()).unwrap();
        assert_eq!(pages, [["a", "b", "c"]]);
    }
}

#[test]
fn a_list_that_expires_for_ever_ends() {
    // With another token each time, and with none when it has begun again.
    let tokens = AtomicUsize::new(1);
    let server = FaultServer::start(move |asked| match (asked.query("limit"), asked.query("continue")) {
        (_, Some(_)) => expired(&tokens.fetch_add(1, Ordering::Relaxed).to_string()),
        (Some(_), None) => list(&["a"], Some("0")),
        (None, None) => list(&["a", "b", "c"], None),
    });
    let pages = names(&connect(&at(&server.url())), &pods()).unwrap();
    assert_eq!(pages, [["a", "b", "c"]]);

    let server = FaultServer::start(|asked| match asked.query("continue") {
        None => list(&["a"], Some("1")),
        Some(_) => expired(""),
    });
    let error = names(&connect(&at(&server.url())), &pods()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Expired);
    assert_eq!(server.asked().len(), 4, "it begins again once");
}

#[test]
fn a_list_that_leads_to_itself_ends() {
    let server = FaultServer::start(|_| list(&["a"], Some("1")));
    let error = names(&connect(&at(&server.url())), &pods()).unwrap_err();
    assert!(error.to_string().ends_with("leads to itself"), "{error}");
    assert_eq!((error.kind(), server.asked().len()), (ErrorKind::Answer, 2));
}

#[test]
fn what_is_no_list_is_not_an_empty_one() {
    for body in [json!({}), json!({"kind": "Status", "status": "Success"}), json!({"metadata": {}, "message": "hello"})]
    {
        let server = FaultServer::start(move |_| Reply::json(&body));
        assert_eq!(names(&connect(&at(&server.url())), &pods()).unwrap_err().kind(), ErrorKind::Answer);
        assert_eq!(connect(&at(&server.url())).discover().unwrap_err().kind(), ErrorKind::Answer);
    }
    let server = FaultServer::start(|_| Reply::json(&json!({"metadata": {}, "items": null})));
    assert_eq!(names(&connect(&at(&server.url())), &pods()).unwrap(), [[""; 0]], "some servers write null for none");
}

#[test]
fn what_is_cut_off_is_read_once_more_and_not_written_twice() {
    for fault in
        [|| Reply::Close, || Reply::Half(version()), || Reply::Head(version()), || Reply::HalfChunked(version())]
    {
        let server = recovers_after(1, fault);
        assert_eq!(connect(&at(&server.url())).server_version().unwrap().minor, 36);
        let server = recovers_after(2, fault);
        assert!(connect(&at(&server.url())).server_version().is_err());
        let server = recovers_after(1, fault);
        let change = Change::patch(&resource("ns"), None, "a", PatchType::Merge, json!({}));
        assert!(connect(&at(&server.url())).write::<Value>(&change).unwrap_err().may_be_done());
        assert_eq!(server.asked().len(), 1);
    }
}

#[test]
fn half_an_answer() {
    let server = FaultServer::start(|asked| match asked.query("continue") {
        None => list(&["a"], Some("1")),
        Some(_) => Reply::Half(json!({"items": [{"metadata": {"name": "a long name, to be cut"}}]})),
    });
    let error = within(1000, || names(&connect(&at(&server.url())), &pods()).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Answer);
    assert!(error.to_string().starts_with(&format!("the answer of the server {} broke off", server.address())));
}

#[test]
fn an_answer_that_stops_in_the_middle_ends_within_the_limit() {
    let server =
        FaultServer::start(|_| Reply::Stall(json!({"items": [{"metadata": {"name": "a long name, to be cut"}}]})));
    let cluster = connect(&hurried(&server.url(), SECOND));
    let error = within(2000, || names(&cluster, &pods()).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[test]
fn no_answer_and_a_wrong_one() {
    let server = FaultServer::start(|_| Reply::Close);
    let error = connect(&at(&server.url())).server_version().unwrap_err();
    assert_eq!(error.to_string(), format!("the server {} closed the connection without an answer", server.address()));
    assert_eq!(error.kind(), ErrorKind::Unreachable);

    let server = FaultServer::start(|_| Reply::json(&json!({"items": "s3cret"})));
    let error = names(&connect(&at(&server.url())), &pods()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
    assert!(error.to_string().contains("is not what it should be (line 1"), "{error}");
    assert!(!error.to_string().contains("s3cret"));
}

#[test]
fn pages_of_a_real_server_through_one_that_fails_in_between() {
    let real = ControlPlane::shared(None);
    let fails = AtomicUsize::new(0);
    let server = FaultServer::start(move |asked| match fails.fetch_add(1, Ordering::Relaxed) % 2 {
        0 => Reply::refusal(503, "ServiceUnavailable", "not now"),
        _ => Reply::forward(real, asked),
    });
    let query = ListQuery { chunk_size: 1, ..ListQuery::new(resource("ns"), None) };
    let pages = names(&connect(&at(&server.url())), &query).unwrap();
    assert!(pages.len() >= 3 && pages.concat().contains(&"kube-system".to_owned()), "{pages:?}");
}
