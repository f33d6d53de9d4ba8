//! Makes pods and jobs anew, and brings the old ones back where the new ones do not come up.

use std::cell::RefCell;
use std::time::Duration;

use super::super::interrupt::Farewell;
use super::super::{Failure, Streams, prompt};
use super::apply::what_is_left;
use super::fate::Fate;
use super::folder::state_folder;
use super::watch::Seen;
use super::{Item, Live, typed_name};
use crate::apply::{Planned, RecreateOptions, RecreateStep, Recreated, Recreation, plan, recreation};
use crate::live::parse;
use crate::render::harden::{self as render_harden, Mark};
use crate::report::apply::Rejection;

/// How long the old object may take to go where no limit is given.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

impl Live<'_> {
    /// Makes an object anew after a question where one is due.
    pub(super) fn recreate(&self, item: &Item, streams: &mut Streams) -> Result<Fate, Failure> {
        let Some(recreation) = recreation(&item.planned) else {
            return Ok(Fate::Left("cannot be made anew".to_owned()));
        };
        let name = item.planned.subject.short_name();
        let style = self.style(streams);
        for note in &recreation.notes {
            render_harden::aside(&format!("{name}: {note}"), &style, &mut streams.err)?;
        }
        if self.asks && prompt::confirm(&format!("Delete {name} and make it anew?"), streams)? != Some(true) {
            return Ok(Fate::Cancelled("not changed".to_owned()));
        }
        let before = self.look_before(&item.planned, streams)?;
        match self.make_anew(&recreation, streams)? {
            Recreated::Done { warnings, reached, .. } => {
                self.tell_warnings(&warnings, &[], streams)?;
                if self.args.live.no_wait {
                    return Ok(fate(&item.planned, reached, "made anew".to_owned()));
                }
                let seen = self.see(&item.planned, before, true, streams)?;
                self.after(&recreation, reached, seen, streams)
            }
            Recreated::Rejected(rejection) => self.rejected(&rejection, streams),
            Recreated::PutBack(rejection) => self.put_back(&rejection, streams),
            Recreated::Lost { rejection, way_back } => {
                self.tell_way_back(&way_back, "this makes the old one again", streams)?;
                Ok(Fate::Error(rejection.sentence))
            }
        }
    }

    fn put_back(&self, rejection: &Rejection, streams: &mut Streams) -> Result<Fate, Failure> {
        for warning in &rejection.warnings {
            self.warn(warning, streams)?;
        }
        Ok(Fate::Failed(format!("the new one was refused, and the old one is made again: {}", rejection.sentence)))
    }

    /// Deletes and creates, with a line for each step.
    fn make_anew(&self, recreation: &Recreation, streams: &mut Streams) -> Result<Recreated, Failure> {
        let subject = &recreation.planned.subject;
        let name = subject.short_name();
        let options = RecreateOptions { timeout: self.args.live.timeout.0.unwrap_or(LONG), folder: state_folder() };
        let _farewell = Farewell::new();
        let style = self.style(streams);
        let told = RefCell::new(Ok(()));
        let err = RefCell::new(&mut streams.err);
        let made = self.session.recreate(recreation, &options, &|step| {
            let text = match step {
                RecreateStep::Checked => return,
                RecreateStep::Deleting => format!("{name} is deleted"),
                RecreateStep::Gone => format!("{name} is gone"),
                RecreateStep::Created => format!("{name} is made anew"),
            };
            let mark = if step == RecreateStep::Created { Mark::Good } else { Mark::Step };
            let result = render_harden::step(mark, &text, &style, &mut **err.borrow_mut());
            drop(told.replace(result));
        });
        told.into_inner()?;
        Ok(made)
    }

    /// The new one is there: does it come up?
    fn after(
        &self,
        made: &Recreation,
        reached: bool,
        seen: Option<Seen>,
        streams: &mut Streams,
    ) -> Result<Fate, Failure> {
        let planned = &made.planned;
        let style = self.style(streams);
        let (status, is_bad) = match seen {
            None => return Ok(fate(planned, reached, "made anew".to_owned())),
            Some(Seen::Hidden(error)) => {
                self.warn(&format!("whether it comes up cannot be seen: {error}"), streams)?;
                return Ok(fate(planned, reached, "made anew".to_owned()));
            }
            Some(Seen::Over(status)) => {
                let is_bad = status.phase.is_bad();
                (status, is_bad)
            }
            Some(Seen::TooLong(status)) => (status, true),
        };
        crate::render::rollout(&status, &style, &mut streams.err)?;
        if !is_bad {
            return Ok(fate(planned, reached, format!("made anew: {}", status.message)));
        }
        let name = planned.subject.short_name();
        let back = if self.args.live.rollback_on_failure {
            Some(true)
        } else if self.asks {
            prompt::confirm(&format!("{name} fails. Make it again as it was?"), streams)?
        } else {
            Some(false)
        };
        match back {
            Some(true) => self.make_again_as_it_was(made, streams),
            Some(false) => Ok(Fate::Failed(format!("made anew, and does not come up: {}", status.message))),
            None => Ok(Fate::Cancelled(format!("made anew, and does not come up: {}", status.message))),
        }
    }

    /// Deletes the new one and makes the old one again.
    fn make_again_as_it_was(&self, made: &Recreation, streams: &mut Streams) -> Result<Fate, Failure> {
        let Planned { subject, policy, choices, .. } = &made.planned;
        let targets = parse(&[typed_name(subject)]).map_err(Failure::Message)?;
        let found = self.session.named(&targets, subject.namespace.as_deref().unwrap_or_default());
        let now = found.subjects.first().ok_or_else(|| "it is gone".to_owned());
        let now = now.and_then(|now| plan(now, *policy, choices)).map(|planned| recreation(&planned));
        let Ok(Some(now)) = now else {
            return Ok(Fate::Error("does not come up, and could not be read to be made as it was".to_owned()));
        };
        let old = Recreation { manifest: made.original.clone(), ..now };
        match self.make_anew(&old, streams)? {
            Recreated::Done { .. } => {
                self.see_back(&made.planned, streams)?;
                Ok(Fate::Failed("did not come up, and was made again as it was".to_owned()))
            }
            Recreated::Rejected(rejection) | Recreated::PutBack(rejection) => Ok(Fate::Error(format!(
                "does not come up, and the old one could not be made again: {}",
                rejection.sentence
            ))),
            Recreated::Lost { rejection, way_back } => {
                self.tell_way_back(&way_back, "this makes it again", streams)?;
                Ok(Fate::Error(rejection.sentence))
            }
        }
    }
}

fn fate(planned: &Planned, reached: bool, how: String) -> Fate {
    if reached { Fate::Reached(how) } else { Fate::Left(format!("{how}{}", what_is_left(planned))) }
}
