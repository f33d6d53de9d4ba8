//! Carries plans out, one object after another.

use super::super::dialogue::Answers;
use super::super::interrupt::Farewell;
use super::super::{Exit, Failure, Streams, prompt};
use super::fate::{Fate, Fates};
use super::folder::state_folder;
use super::output::plan_and_diff;
use super::{Item, Live, kube_flags, typed};
use crate::apply::{Applied, Outcome, Planned, RolledBack, Subject, Undo, Way};
use crate::render::Style;
use crate::render::harden::{self as render_harden, Mark};
use crate::report::Problem;
use crate::report::apply::{Reason, Rejection, WayBack};
use crate::rollout::Before;

impl Live<'_> {
    /// Carries plans out without asking.
    pub(super) fn carry_out(
        &self,
        items: Vec<Item>,
        answers: &Answers,
        errors: Vec<Problem>,
        streams: &mut Streams,
    ) -> Result<Exit, Failure> {
        let report = self.report(&items, answers, errors);
        if !self.args.quiet {
            let style = Style { next: None, ..streams.out_style(Some(self.args.color)) };
            plan_and_diff(&report, &style, &mut streams.out)?;
            writeln!(streams.out)?;
            streams.out.flush()?;
        }
        self.tell_errors(&report.errors.listed("errors"), streams)?;
        self.warn_of_keepers(&items, streams)?;
        self.apply_all(items, !report.errors.is_empty(), streams)
    }

    /// Carries plans out; one that fails does not keep the others from going on.
    pub(super) fn apply_all(&self, items: Vec<Item>, has_errors: bool, streams: &mut Streams) -> Result<Exit, Failure> {
        let mut fates = Fates::default();
        for item in items {
            let subject = item.planned.subject.clone();
            let fate = match self.why_not(&item) {
                Some(fate) => fate,
                None if subject.way == Way::Recreate => self.recreate(&item, streams)?,
                None => self.change(item, streams)?,
            };
            fates.add(&subject, fate);
        }
        self.conclude(&fates, has_errors, streams)
    }

    /// Why nothing is to be done to an object.
    fn why_not(&self, item: &Item) -> Option<Fate> {
        let planned = &item.planned;
        if !planned.changes() {
            return Some(match item.reached() {
                true => Fate::Reached(format!("meets {} already", planned.policy.level)),
                false => Fate::Left(format!("no edit helps{}", what_is_left(planned))),
            });
        }
        if let Way::Fixed(why) = &planned.subject.way {
            return Some(Fate::Left(why.clone()));
        }
        if let Some(manager) = item.keeper().filter(|_| !self.asks && !self.args.live.force_managed) {
            return Some(Fate::Left(format!(
                "left alone (--force-managed changes it all the same): {}",
                manager.sentence
            )));
        }
        let must_ask = planned.subject.way == Way::Recreate && !self.asks && !self.args.live.recreate;
        must_ask
            .then(|| Fate::Left("can only be made anew: --recreate does that, -o yaml prints its manifest".to_owned()))
    }

    /// Changes an object, and follows what becomes of it.
    fn change(&self, item: Item, streams: &mut Streams) -> Result<Fate, Failure> {
        let before = self.look_before(&item.planned, streams)?;
        let folder = state_folder();
        let _farewell = Farewell::new();
        let mut item = item;
        let mut is_second = false;
        loop {
            let outcome = self.session.apply(&item.planned, &folder);
            match outcome {
                Outcome::Conflict(fresh) if !is_second => {
                    is_second = true;
                    item.planned = *fresh;
                    if let Some(fate) = self.agree_again(&item, streams)? {
                        return Ok(fate);
                    }
                }
                Outcome::Conflict(_) => {
                    return Ok(Fate::Failed("somebody else keeps changing it: nothing was done".to_owned()));
                }
                Outcome::Unchanged => return Ok(Fate::Reached("nothing was left to change".to_owned())),
                Outcome::Rejected(rejection) => return self.rejected(&rejection, streams),
                Outcome::Unknown { why, undo } => {
                    self.warn(&why, streams)?;
                    self.tell_way_back(&undo.way_back(), "if it was changed, this brings it back", streams)?;
                    return Ok(Fate::Error("it is not known whether it was changed".to_owned()));
                }
                Outcome::Applied(applied) => {
                    return self.applied(&item, *applied, before, streams);
                }
            }
        }
    }

    /// A look at the object before it is changed: which of its failures are old.
    pub(super) fn look_before(&self, planned: &Planned, streams: &mut Streams) -> Result<Before, Failure> {
        let target = super::watch::target(planned);
        let Some(target) = target.filter(|_| !self.args.live.no_wait) else { return Ok(Before::default()) };
        match Before::take(self.cluster, &target) {
            Ok(before) => Ok(before),
            Err(error) => {
                self.warn(&format!("what failed before is not known: {error}"), streams)?;
                Ok(Before::default())
            }
        }
    }

    /// Somebody changed the object meanwhile. The new plan is shown, and where a person is there, asked about; the choices
    /// are the same.
    fn agree_again(&self, item: &Item, streams: &mut Streams) -> Result<Option<Fate>, Failure> {
        let name = item.planned.subject.short_name();
        self.warn(&format!("{name} has changed since it was read; this is the plan for what it is now"), streams)?;
        let report = self.report(std::slice::from_ref(item), &Answers::default(), Vec::new());
        let style = self.style(streams);
        plan_and_diff(&report, &style, &mut streams.err)?;
        if !item.planned.changes() {
            return Ok(Some(Fate::Reached("somebody else has done it".to_owned())));
        }
        if !self.asks || prompt::confirm(&format!("Apply this to {name}?"), streams)? == Some(true) {
            return Ok(None);
        }
        Ok(Some(Fate::Cancelled("not changed".to_owned())))
    }

    /// Nothing was done.
    pub(super) fn rejected(&self, rejection: &Rejection, streams: &mut Streams) -> Result<Fate, Failure> {
        for warning in &rejection.warnings {
            self.warn(warning, streams)?;
        }
        Ok(match rejection.reason {
            Reason::Refused | Reason::Changed | Reason::Impossible => Fate::Failed(rejection.sentence.clone()),
            Reason::Forbidden | Reason::Gone | Reason::Unreachable | Reason::Local => {
                Fate::Error(rejection.sentence.clone())
            }
        })
    }

    /// The server has the change.
    fn applied(&self, item: &Item, applied: Applied, before: Before, streams: &mut Streams) -> Result<Fate, Failure> {
        let style = self.style(streams);
        self.tell_warnings(&applied.warnings, &applied.altered, streams)?;
        let lost = if applied.answer_lost { " (the connection was lost; it was read again)" } else { "" };
        let name = item.planned.subject.short_name();
        render_harden::step(Mark::Good, &format!("{name} patched{lost}"), &style, &mut streams.err)?;
        let is_well = applied.reached && item.reached();
        let done = |how: String| {
            if is_well { Fate::Reached(how) } else { Fate::Left(format!("{how}{}", what_is_left(&item.planned))) }
        };
        self.tell_way_back(&applied.undo.way_back(), "the way back", streams)?;
        if self.args.live.no_wait {
            return Ok(done("patched".to_owned()));
        }
        self.follow(item, &applied.undo, before, &done, streams)
    }

    pub(super) fn tell_way_back(&self, way: &WayBack, what: &str, streams: &mut Streams) -> Result<(), Failure> {
        let style = self.style(streams);
        let command = format!("{}{}", typed(&way.command), kube_flags(self.args));
        render_harden::command(&format!("{what}:"), &command, &style, &mut streams.err)?;
        Ok(())
    }

    /// Brings the object back to what it was.
    pub(super) fn roll_back(&self, undo: &Undo, subject: &Subject, streams: &mut Streams) -> Result<Fate, Failure> {
        let name = subject.short_name();
        match self.session.roll_back(undo) {
            RolledBack::Done { others } => {
                if let Err(why) = undo.forget() {
                    self.warn(&why, streams)?;
                }
                if !others.is_empty() {
                    self.warn(&format!("{name}: others have changed {}, which stays", others.join(", ")), streams)?;
                }
                render_harden::step(
                    Mark::Good,
                    &format!("{name} rolled back"),
                    &self.style(streams),
                    &mut streams.err,
                )?;
                Ok(Fate::Failed("did not come up, and was rolled back".to_owned()))
            }
            RolledBack::Changed(fields) => {
                self.tell_way_back(&undo.way_back(), "by hand", streams)?;
                Ok(Fate::Error(format!("not rolled back: somebody else has changed {}", fields.join(", "))))
            }
            RolledBack::Failed(rejection) => {
                self.tell_way_back(&undo.way_back(), "by hand", streams)?;
                Ok(Fate::Error(format!("not rolled back: {}", rejection.sentence)))
            }
        }
    }
}

/// What is left of violations, by name.
pub(super) fn what_is_left(planned: &Planned) -> String {
    let mut checks: Vec<&str> = Vec::new();
    for left in planned.results.iter().flat_map(|result| &result.residue) {
        if !checks.contains(&left.check) {
            checks.push(left.check);
        }
    }
    if checks.is_empty() {
        return String::new();
    }
    format!("; left for {}: {}", planned.policy.level, checks.join(", "))
}
