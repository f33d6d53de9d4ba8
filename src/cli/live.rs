//! `kubectl secctx check` on clusters.

use super::args::{CheckArgs, ClusterArgs, ManifestArgs};
use super::progress::Bar;
use super::streams::Color;
use super::{Failure, Streams};
use crate::check::Request;
use crate::cluster::{Cluster, ConnectOptions};
use crate::live::{Ask, gather, parse};
use crate::policy::Version;
use crate::render::{Format, shell_word};
use crate::report::{Problem, Report, Source};

/// How a run shows itself while it goes on.
pub(super) struct Looks {
    pub(super) color: Color,
    /// Whether a progress bar may show.
    pub(super) progress: bool,
    /// How the command is called.
    pub(super) command: &'static str,
}

/// Judges what the arguments name in each cluster that they name, one after another. A cluster that cannot be asked is an
/// error of the report; the others are asked all the same.
pub(super) fn report(
    manifests: &ManifestArgs,
    args: &ClusterArgs,
    names: &[String],
    request: &Request,
    looks: &Looks,
    streams: &mut Streams,
) -> Result<Report, Failure> {
    let targets = parse(names).map_err(|message| Failure::Usage { message, command: looks.command })?;
    let all = args.kube.all_options().map_err(|error| Failure::Message(error.to_string()))?;
    let mut report = Report::new(request.asked, request.version);
    let mut newest = None;
    for options in &all {
        let ask = Ask {
            targets: targets.clone(),
            namespaces: manifests.namespace.clone().filter(|_| !args.all_namespaces).into_iter().collect(),
            labels: args.selector.clone(),
            fields: args.field_selector.clone(),
            chunk_size: args.chunk_size,
        };
        match add(&mut report, args.all_namespaces, request, options, ask, looks, streams) {
            Ok(known) => newest = newest.max(Some(known)),
            Err(message) if all.len() == 1 => return Err(Failure::Message(message)),
            Err(message) => {
                let source = Source::file(options.context.as_deref().unwrap_or_default().into());
                report.errors.push(Problem { source, message });
            }
        }
    }
    if let Some(newest) = newest {
        report.version = Version::Minor(request.version.minor().min(newest));
    }
    Ok(report)
}

/// Adds one cluster to the report; the newest version that its server knows.
fn add(
    report: &mut Report,
    everywhere: bool,
    request: &Request,
    options: &ConnectOptions,
    mut ask: Ask,
    looks: &Looks,
    streams: &mut Streams,
) -> Result<u16, String> {
    let cluster = Cluster::connect(options).map_err(|error| error.to_string())?;
    if !everywhere && ask.namespaces.is_empty() {
        ask.namespaces.insert(cluster.default_namespace().to_owned());
    }
    let bar = Bar::new(streams.err_is_terminal && looks.progress);
    let gathered = gather(&cluster, request, &ask, &|came, remaining| bar.show(came, remaining));
    bar.end();
    for warning in cluster.warnings() {
        streams.warn_of_server(&warning, Some(looks.color)).map_err(|error| error.to_string())?;
    }
    let gathered = gathered?;
    report.results.extend(gathered.verdicts);
    report.ended += gathered.ended;
    report.errors.extend(gathered.errors);
    report.warnings.extend(gathered.warnings);
    Ok(gathered.newest)
}

/// Whether a list is enough: it is where no object was named.
pub(super) fn is_brief(args: &CheckArgs) -> bool {
    let names_one = args.rest.len() > 1 || args.rest.iter().any(|argument| argument.contains('/'));
    !args.manifests.are_given() && !names_one && args.output == Format::Table
}

/// The flags that say which objects of which cluster were judged, as they were given.
pub(super) fn flags(args: &CheckArgs) -> String {
    let mut flags: String = args.rest.iter().map(|argument| format!(" {}", shell_word(argument))).collect();
    if args.cluster.all_namespaces {
        flags.push_str(" -A");
    }
    for (flag, value) in [("-l", &args.cluster.selector), ("--field-selector", &args.cluster.field_selector)] {
        if let Some(value) = value {
            flags.push_str(&format!(" {flag} {}", shell_word(value)));
        }
    }
    for (flag, value) in args.cluster.kube.flags() {
        let value = if value.is_empty() { value } else { format!(" {}", shell_word(&value)) };
        flags.push_str(&format!(" {flag}{value}"));
    }
    flags
}
