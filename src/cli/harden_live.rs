//! `kubectl secctx harden` on a cluster.

mod apply;
mod fate;
mod folder;
mod interactive;
mod items;
mod output;
mod recreate;
mod scope;
mod watch;

use super::dialogue::Answers;
use super::harden::COMMAND;
use super::harden_args::HardenArgs;
use super::{Exit, Failure, Streams, interrupt};
use crate::apply::{Found, Session, Subject};
use crate::cluster::Cluster;
use crate::live::{Target, parse};
use crate::policy::{Policy, Version};
use crate::render::{self, HardenFormat, Style, sanitize, shell_word};
use crate::report::Problem;
use crate::report::apply::WayBack;
use items::Item;

/// A run on one cluster.
struct Live<'a> {
    args: &'a HardenArgs,
    cluster: &'a Cluster,
    session: Session<'a>,
    /// Minor version of the newest policy that the server and this tool know.
    newest: u16,
    namespace: String,
    /// Whether a person is asked.
    asks: bool,
}

/// Hardens what the arguments name on a cluster.
pub(super) fn run(args: &HardenArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    check(args)?;
    let targets = parse(&args.rest).map_err(usage)?;
    let options = args.live.kube.all_options().map_err(|error| Failure::Message(error.to_string()))?;
    let [options] = options.as_slice() else {
        return Err(usage("workloads are hardened on one cluster at a time: give one --context"));
    };
    let answers = Answers::given(args)?;
    answers.choices()?;
    let cluster = Cluster::connect(options).map_err(|error| Failure::Message(error.to_string()))?;
    let mut session = Session::new(&cluster);
    let flags = kube_flags(args);
    session.tell_ways_back(move |way| last_words(way, &flags));
    let newest = session.newest().map_err(Failure::Message)?;
    let namespace = args.namespace.clone().unwrap_or_else(|| cluster.default_namespace().to_owned());
    let prints =
        args.output != HardenFormat::Text || args.quiet || args.live.patch_file.is_some() || args.output_dir.is_some();
    let asks = streams.err_is_terminal && !args.yes && !prints;
    let live = Live { args, cluster: &cluster, session, newest, namespace, asks };
    live.run(&targets, answers, streams)
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::Usage { message: message.into(), command: COMMAND }
}

/// Refuses arguments that do not go together.
fn check(args: &HardenArgs) -> Result<(), Failure> {
    if args.write {
        return Err(usage("--write is about files: name manifests with -f; on a cluster --yes applies the plan"));
    }
    if args.yes && args.output != HardenFormat::Text {
        return Err(usage(format!("-o {} only prints, and --yes applies: give one of them", args.output)));
    }
    let names_one = args.rest.len() > 1 || args.rest.iter().any(|argument| argument.contains('/'));
    if names_one && args.live.selects() {
        return Err(usage("-l, -A and --all choose among workloads: they do not go with names"));
    }
    Ok(())
}

impl Live<'_> {
    fn run(&self, targets: &[Target], answers: Answers, streams: &mut Streams) -> Result<Exit, Failure> {
        let Some(Found { subjects, errors }) = self.subjects(targets, &answers, streams)? else {
            return Ok(Exit::Cancelled);
        };
        if self.asks && !subjects.is_empty() {
            return self.interact(&subjects, errors, answers, streams);
        }
        let (items, mut more) = self.items(&subjects, &answers)?;
        let errors = errors.into_iter().chain(more.drain(..)).collect::<Vec<_>>();
        if self.args.yes {
            return self.carry_out(items, &answers, errors, streams);
        }
        self.print(&items, &answers, errors, streams)
    }

    fn policy(&self, answers: &Answers) -> Policy {
        let asked = self.args.policy_version;
        Policy { level: answers.level(), version: Version::Minor(asked.minor().min(self.newest)) }
    }

    fn style(&self, streams: &Streams) -> Style {
        streams.dialogue_style(Some(self.args.color))
    }

    fn warn(&self, text: &str, streams: &mut Streams) -> Result<(), Failure> {
        render::warning(text, &streams.err_style(Some(self.args.color)), &mut streams.err)?;
        Ok(())
    }

    /// Tells what the server warns of, and what it has made of the edits.
    fn tell_warnings(&self, of_server: &[String], altered: &[String], streams: &mut Streams) -> Result<(), Failure> {
        of_server.iter().try_for_each(|text| streams.warn_of_server(text, Some(self.args.color)))?;
        altered.iter().try_for_each(|text| self.warn(text, streams))
    }

    fn tell_errors(&self, errors: &[Problem], streams: &mut Streams) -> Result<(), Failure> {
        let style = streams.err_style(Some(self.args.color));
        render::problem_lists(&[], errors, &style, &mut streams.err)?;
        Ok(())
    }

    /// The command that does the same without a dialogue.
    fn command(&self, subjects: &[&Subject], answers: &Answers) -> String {
        let mut command = COMMAND.to_owned();
        let is_everywhere = self.args.live.all_namespaces;
        let is_selected = self.args.live.selects();
        if is_selected {
            self.args.rest.iter().for_each(|word| command.push_str(&format!(" {}", shell_word(word))));
        } else {
            subjects.iter().for_each(|subject| command.push_str(&format!(" {}", shell_word(&typed_name(subject)))));
        }
        match &self.args.live.selector {
            Some(selector) => command.push_str(&format!(" -l {}", shell_word(selector))),
            None if self.args.live.all => command.push_str(" --all"),
            None => {}
        }
        if is_everywhere {
            command.push_str(" -A");
        } else {
            command.push_str(&format!(" -n {}", shell_word(&self.namespace)));
        }
        command + &answers.flags(self.args.policy_version) + &kube_flags(self.args)
    }
}

/// The flags that say which cluster, as they were given.
fn kube_flags(args: &HardenArgs) -> String {
    let flag = |(flag, value): (&str, String)| format!(" {flag} {}", shell_word(&value));
    args.live.kube.flags().into_iter().map(flag).collect()
}

/// A command as a shell takes it.
fn typed(command: &[String]) -> String {
    command.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
}

/// Whoever interrupts from now on is told how to get back.
fn last_words(way: &WayBack, flags: &str) {
    let command = sanitize(&format!("{}{flags}", typed(&way.command))).into_owned();
    interrupt::last_words(format!("interrupted in the middle; this brings back what was:\n  {command}\n"));
}

/// As kubectl takes it: with its group where it is not one of Kubernetes' own.
fn typed_name(subject: &Subject) -> String {
    if subject.custom {
        let resource = &subject.resource;
        return format!("{}.{}.{}/{}", resource.plural, resource.version, resource.group, subject.name);
    }
    subject.short_name()
}

/// Whether all of these are well.
fn reached(items: &[Item]) -> bool {
    items.iter().all(Item::reached)
}
