//! `kubectl secctx explain`.

use std::io::{self, IsTerminal as _};

use super::args::{ExplainArgs, ExplainFormat, ManifestArgs};
use super::{Exit, Failure, Streams, check, live};
use crate::check::unlabelled_namespaces;
use crate::explain::{Answer, Pasted, lookup, read, similar};
use crate::policy::Version;
use crate::render::{self, Explanation};
use crate::report::Summary;
use crate::source::{self, Input};

/// How this command is called.
const COMMAND: &str = "kubectl secctx explain";

/// Explains what the arguments name.
pub(super) fn run(args: &ExplainArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    let manifests = &args.manifests;
    let is_live =
        !args.topics.is_empty() && args.topics.iter().all(|topic| is_object(topic) && lookup(topic).is_none());
    if manifests.are_given() || is_live {
        return objects(args, streams);
    }
    if let Some(flag) = stray_flag(manifests) {
        return Err(usage(format!("{flag} is about objects and goes with -f, -k or TYPE/NAME only")));
    }
    match args.topics.as_slice() {
        [] => write(args, Explanation::List, streams).map(|()| Exit::Clean),
        [dash] if dash == "-" => pasted(args, streams),
        topics if topics.iter().any(|topic| topic == "-") => {
            Err(usage("\"-\" reads standard input and goes with no other argument".to_owned()))
        }
        topics => {
            let answers = answers(topics)?;
            write(args, Explanation::Answers(&answers), streams).map(|()| Exit::Clean)
        }
    }
}

/// A flag that says how to judge manifests where there are none.
fn stray_flag(args: &ManifestArgs) -> Option<&'static str> {
    let flags = [
        ("-R", args.inputs.recursive),
        ("--level", args.level.is_some()),
        ("--version", args.policy_version != Version::Latest),
        ("--admission-config", args.admission_config.is_some()),
        ("-n", args.namespace.is_some()),
    ];
    flags.into_iter().find_map(|(flag, is_given)| is_given.then_some(flag))
}

fn usage(message: String) -> Failure {
    Failure::Usage { message, command: COMMAND }
}

fn write(args: &ExplainArgs, explanation: Explanation<'_>, streams: &mut Streams) -> Result<(), Failure> {
    match args.output {
        ExplainFormat::Text => {
            render::explanation(explanation, &streams.out_style(Some(args.color)), &mut streams.out)?;
        }
        ExplainFormat::Json => render::explanation_json(explanation, &mut streams.out)?,
    }
    Ok(())
}

/// What is wrong with the objects of manifests or of a cluster. Violations are no failure here: they are what was asked about.
fn objects(args: &ExplainArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    let request = check::request(&args.manifests)?;
    let report = if args.manifests.are_given() {
        args.cluster.refuse(COMMAND)?;
        check::of_manifests(&args.manifests, &args.topics, COMMAND, &request)?
    } else {
        let looks = live::Looks { color: args.color, progress: true, command: COMMAND };
        live::report(&args.manifests, &args.cluster, &args.topics, &request, &looks, streams)?
    };
    let style = streams.err_style(Some(args.color));
    let summary = Summary::of(&report);
    let unlabelled = unlabelled_namespaces(&report, &request);
    for notice in check::notices(&args.manifests, &request, &summary, &unlabelled) {
        render::warning(&notice, &style, &mut streams.err)?;
    }
    write(args, Explanation::Objects(&report), streams)?;
    render::problems(&summary, &style, &mut streams.err)?;
    Ok(if report.errors.is_empty() { Exit::Clean } else { Exit::Failure })
}

fn pasted(args: &ExplainArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    if io::stdin().is_terminal() {
        let end = if cfg!(windows) { "Ctrl-Z and Enter" } else { "Ctrl-D" };
        writeln!(streams.err, "Paste messages of the API server, then press {end} on a line of its own.")?;
    }
    let input = source::read(&Input::Stdin).map_err(|error| Failure::Message(format!("standard input: {error}")))?;
    let pasted: Pasted = read(&input.text);
    if pasted.messages.is_empty() && args.output == ExplainFormat::Text {
        return Err(usage(
            "standard input holds no message of Pod Security admission: paste an error, a warning or events that say \
             \"PodSecurity\""
                .to_owned(),
        ));
    }
    write(args, Explanation::Messages(&pasted), streams)?;
    Ok(if pasted.messages.is_empty() { Exit::Failure } else { Exit::Clean })
}

/// Several words may be one name, as `host ports`, or a name each.
fn answers(topics: &[String]) -> Result<Vec<Answer>, Failure> {
    if let Some(answer) = lookup(&topics.join(" ")) {
        return Ok(vec![answer]);
    }
    topics.iter().map(|topic| lookup(topic).ok_or_else(|| unknown(topic, topics))).collect()
}

/// Why a name cannot be explained: it is a live object, or nothing is called so.
fn unknown(topic: &str, topics: &[String]) -> Failure {
    if is_object(topic) {
        return usage(format!("{topic:?} is an object of a cluster and goes with other objects only"));
    }
    let whole = topics.join(" ");
    let similar = [similar(&whole), similar(topic)].into_iter().find(|names| !names.is_empty()).unwrap_or_default();
    let quoted: Vec<_> = similar.iter().map(|name| format!("{name:?}")).collect();
    let hint = if quoted.is_empty() { String::new() } else { format!(", did you mean {}?", quoted.join(" or ")) };
    usage(format!("no control or field is called {topic:?}{hint} ({COMMAND:?} lists the controls)"))
}

/// Whether a name is meant as `TYPE/NAME`.
fn is_object(topic: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    topic.split_once('/').is_some_and(|(kind, name)| is_word(kind) && is_word(name))
}
