//! The dialogue: questions, the plan, and what to do with it.

use std::path::Path;

use super::super::dialogue::{Answers, ask_all, level_question, questions};
use super::super::harden_write::Written;
use super::super::{Exit, Failure, Streams, prompt};
use super::output::{plan_and_diff, recreations};
use super::{Item, Live, reached};
use crate::apply::{Subject, Way};
use crate::harden::write::create;
use crate::render::harden::{self as render_harden, Mark};
use crate::render::{Style, plural, sanitize};
use crate::report::Problem;
use crate::report::apply::{Evidence, Reason};

/// What a person can do with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Apply,
    WritePatch,
    Print,
    Change,
    SaveAnswers,
    Leave,
}

/// How a turn of the menu ended.
enum Turn {
    /// The menu comes again.
    Again,
    /// The questions come again.
    Ask,
    /// It is over.
    Over(Exit),
}

impl Live<'_> {
    /// Asks, shows the plan, and does what is chosen.
    pub(super) fn interact(
        &self,
        subjects: &[Subject],
        errors: Vec<Problem>,
        given: Answers,
        streams: &mut Streams,
    ) -> Result<Exit, Failure> {
        self.tell_errors(&errors, streams)?;
        let style = self.style(streams);
        subjects.iter().filter(|_| subjects.len() == 1).try_for_each(|subject| introduce(subject, &style, streams))?;
        // Of several workloads each would have its own answers: flags speak for all.
        let mut asks = subjects.len() == 1 && self.args.live.answers.is_none();
        let mut answers = given.clone();
        if asks && given.level.is_none() {
            match ask_all(vec![level_question()], given.clone(), &style, streams)? {
                Some(with_level) => answers = with_level,
                None => return self.cancelled(streams),
            }
        }
        let policy = self.policy(&answers);
        let evidence = self.session.evidence_of(subjects, policy);
        loop {
            if asks {
                match self.ask(subjects, &evidence, answers, &style, streams)? {
                    Some(asked) => answers = asked,
                    None => return self.cancelled(streams),
                }
            }
            let (items, more) = self.planned(subjects, &evidence, &answers)?;
            self.tell_errors(&more, streams)?;
            let report = self.report(&items, &answers, Vec::new());
            writeln!(streams.err)?;
            plan_and_diff(&report, &style, &mut streams.err)?;
            if !items.iter().any(|item| item.planned.changes()) {
                let has_errors = !errors.is_empty() || !more.is_empty();
                return Ok(if has_errors { Exit::Failure } else { self.exit_of(reached(&items)) });
            }
            match self.choose(&items, &answers, !errors.is_empty() || !more.is_empty(), streams)? {
                Turn::Over(exit) => return Ok(exit),
                Turn::Ask | Turn::Again => {
                    asks = true;
                    answers = Answers { level: None, ..given.clone() };
                    match ask_all(vec![level_question()], answers, &style, streams)? {
                        Some(with_level) => answers = with_level,
                        None => return self.cancelled(streams),
                    }
                }
            }
        }
    }

    fn cancelled(&self, streams: &mut Streams) -> Result<Exit, Failure> {
        writeln!(streams.err, "cancelled: nothing was changed")?;
        Ok(Exit::Cancelled)
    }

    /// Asks about what a plan with the answers so far would risk.
    fn ask(
        &self,
        subjects: &[Subject],
        evidence: &[Evidence],
        answers: Answers,
        style: &Style,
        streams: &mut Streams,
    ) -> Result<Option<Answers>, Failure> {
        if answers.choices.safe_only {
            return Ok(Some(answers));
        }
        let (items, _) = self.planned(subjects, evidence, &answers)?;
        let pairs: Vec<_> = items.iter().map(|item| (item.planned.results.as_slice(), &item.evidence)).collect();
        ask_all(questions(&pairs, self.policy(&answers), &answers), answers, style, streams)
    }

    /// The menu, until something ends it.
    fn choose(
        &self,
        items: &[Item],
        answers: &Answers,
        has_errors: bool,
        streams: &mut Streams,
    ) -> Result<Turn, Failure> {
        self.warn_of_keepers(items, streams)?;
        let mut has_done = false;
        loop {
            let actions = self.actions(items);
            let labels: Vec<String> = actions.iter().map(|action| label(*action, items)).collect();
            let is_kept = items.iter().any(|item| item.keeper().is_some());
            let default = if has_done {
                Action::Leave
            } else if is_kept {
                Action::WritePatch
            } else {
                Action::Apply
            };
            let default = actions.iter().position(|action| *action == default).unwrap_or_default();
            writeln!(streams.err)?;
            let chosen = prompt::select("What now?", &labels, default, streams)?;
            let action = chosen.and_then(|at| actions.get(at)).copied();
            match self.act(action, items, answers, (has_errors, has_done), streams)? {
                Turn::Again => has_done |= action != Some(Action::Apply),
                turn => return Ok(turn),
            }
        }
    }

    fn actions(&self, items: &[Item]) -> Vec<Action> {
        let is_fixed = |item: &Item| !item.planned.changes() || matches!(item.planned.subject.way, Way::Fixed(_));
        let mut actions =
            vec![Action::Apply, Action::WritePatch, Action::Print, Action::Change, Action::SaveAnswers, Action::Leave];
        if items.iter().all(is_fixed) {
            actions.retain(|action| !matches!(action, Action::Apply));
        }
        actions
    }

    fn act(
        &self,
        action: Option<Action>,
        items: &[Item],
        answers: &Answers,
        (has_errors, has_done): (bool, bool),
        streams: &mut Streams,
    ) -> Result<Turn, Failure> {
        match action {
            None => Ok(Turn::Over(self.cancelled(streams)?)),
            Some(Action::Leave) if has_done => Ok(Turn::Over(self.exit_of(reached(items)))),
            Some(Action::Leave) => Ok(Turn::Over(self.cancelled(streams)?)),
            Some(Action::Change) => Ok(Turn::Ask),
            Some(Action::Print) => {
                streams.out.write_all(self.file_text(items)?.as_bytes())?;
                streams.out.flush()?;
                Ok(Turn::Again)
            }
            Some(Action::WritePatch) => self.save(
                "patch.yaml",
                &|path, streams| self.write_file(path, items, streams).map(|written| written == Written::All),
                streams,
            ),
            Some(Action::SaveAnswers) => {
                self.save("answers.yaml", &|path, streams| save_answers(path, answers, streams), streams)
            }
            Some(Action::Apply) => self.try_and_apply(items, answers, has_errors, streams),
        }
    }

    /// Asks for a file and writes it.
    fn save(
        &self,
        name: &str,
        write: &dyn Fn(&Path, &mut Streams) -> Result<bool, Failure>,
        streams: &mut Streams,
    ) -> Result<Turn, Failure> {
        loop {
            let Some(file) = prompt::text("File", name, &|_| Ok(()), streams)? else {
                return Ok(Turn::Over(self.cancelled(streams)?));
            };
            if write(Path::new(&file), streams)? {
                return Ok(Turn::Again);
            }
        }
    }

    /// Asks the server, then the person, then does it.
    fn try_and_apply(
        &self,
        items: &[Item],
        answers: &Answers,
        has_errors: bool,
        streams: &mut Streams,
    ) -> Result<Turn, Failure> {
        let style = self.style(streams);
        let mut is_refused = false;
        for item in items.iter().filter(|item| item.planned.changes() && item.planned.subject.way == Way::Patch) {
            let name = item.planned.subject.short_name();
            match self.session.dry_run(&item.planned) {
                Ok(trial) => {
                    render_harden::step(
                        Mark::Good,
                        &format!("{name}: the server would take it"),
                        &style,
                        &mut streams.err,
                    )?;
                    self.tell_warnings(&trial.warnings, &trial.altered, streams)?;
                }
                // It is planned again when it is applied.
                Err(rejection) if rejection.reason == Reason::Changed => {}
                Err(rejection) => {
                    is_refused = true;
                    render_harden::step(
                        Mark::Bad,
                        &format!("{name}: {}", rejection.sentence),
                        &style,
                        &mut streams.err,
                    )?;
                }
            }
        }
        if is_refused && items.len() == 1 {
            return Ok(Turn::Again);
        }
        let patches = items.iter().any(|item| item.planned.changes() && item.planned.subject.way == Way::Patch);
        if patches && prompt::confirm(&apply_question(items), streams)? != Some(true) {
            return Ok(Turn::Over(self.cancelled(streams)?));
        }
        let exit = self.apply_all(items.to_vec(), has_errors, streams)?;
        if !self.args.quiet {
            let command = self.next(items, answers);
            render_harden::command("the same as a command:", &command, &style, &mut streams.err)?;
        }
        Ok(Turn::Over(exit))
    }
}

/// Says what was found, and by which way.
fn introduce(subject: &Subject, style: &Style, streams: &mut Streams) -> Result<(), Failure> {
    let namespace = subject.namespace.as_deref().map(|namespace| format!("in {namespace}")).unwrap_or_default();
    render_harden::heading(&subject.short_name(), &namespace, style, &mut streams.err)?;
    for chain in subject.chains.iter().filter(|chain| chain.len() > 1) {
        let arrow = if style.unicode { " → " } else { " -> " };
        let links: Vec<_> = chain.iter().map(|link| format!("{}/{}", link.kind.to_lowercase(), link.name)).collect();
        render_harden::aside(
            &format!("{}: its template is what has to change", links.join(arrow)),
            style,
            &mut streams.err,
        )?;
    }
    Ok(())
}

fn apply_question(items: &[Item]) -> String {
    let changed: Vec<&Subject> =
        items.iter().filter(|item| item.planned.changes()).map(|item| &item.planned.subject).collect();
    if let [one] = changed.as_slice() {
        let namespace = one.namespace.as_deref().map(|name| format!(" in {}", sanitize(name))).unwrap_or_default();
        return format!("Apply this to {}{namespace}?", sanitize(&one.short_name()));
    }
    let namespaces: std::collections::BTreeSet<_> =
        changed.iter().filter_map(|subject| subject.namespace.as_deref()).collect();
    let (many, places) = (changed.len(), namespaces.len());
    format!("Apply this to {many} workloads in {places} {}?", plural(places, "namespace", "namespaces"))
}

fn label(action: Action, items: &[Item]) -> String {
    let anew = recreations(items).count();
    let only_anew = anew > 0 && items.iter().all(|item| item.planned.subject.way != Way::Patch);
    let text = match action {
        Action::Apply if only_anew => "make it anew: delete and create",
        Action::Apply => "apply",
        Action::WritePatch if only_anew => "write its new manifest to a file",
        Action::WritePatch => "write a patch file",
        Action::Print if only_anew => "print its new manifest",
        Action::Print => "print the patch",
        Action::Change => "change the answers",
        Action::SaveAnswers => "save the answers to a file",
        Action::Leave => "leave",
    };
    text.to_owned()
}

fn save_answers(path: &Path, answers: &Answers, streams: &mut Streams) -> Result<bool, Failure> {
    let shown = path.to_string_lossy();
    match create(path, answers.text().as_bytes()) {
        Ok(()) => {
            writeln!(streams.err, "{} written: --answers replays it", sanitize(&shown))?;
            Ok(true)
        }
        Err(why) => {
            writeln!(streams.err, "error: {}: {}", sanitize(&shown), sanitize(&why))?;
            Ok(false)
        }
    }
}
