//! Follows rollouts with a live status, and offers the way back where they fail.

use std::thread;
use std::time::{Duration, Instant};

use super::super::{Failure, Streams, prompt};
use super::fate::Fate;
use super::{Item, Live};
use crate::apply::{Planned, Subject, Undo};
use crate::cluster::ClusterError;
use crate::render::{rollout, rollout_line};
use crate::report::rollout::{Phase, RolloutStatus};
use crate::rollout::{Applied, Before, Rollout, Target};

/// What a rollout came to.
pub(super) enum Seen {
    /// It is over.
    Over(RolloutStatus),
    /// It took too long.
    TooLong(RolloutStatus),
    /// It may not be looked at.
    Hidden(ClusterError),
}

/// What is watched of an object; `None` of what is in no namespace.
pub(super) fn target(planned: &Planned) -> Option<Target> {
    target_of(&planned.subject)
}

fn target_of(subject: &Subject) -> Option<Target> {
    Some(Target {
        resource: subject.resource.clone(),
        namespace: subject.namespace.clone()?,
        name: subject.name.clone(),
        template: subject.templates.first()?.clone(),
    })
}

impl Live<'_> {
    /// Follows what became of a change; where it did not come up, back it goes or a person is asked.
    pub(super) fn follow(
        &self,
        item: &Item,
        undo: &Undo,
        before: Before,
        done: &dyn Fn(String) -> Fate,
        streams: &mut Streams,
    ) -> Result<Fate, Failure> {
        let subject = &item.planned.subject;
        let seen = self.see(&item.planned, before, true, streams)?;
        let (status, why) = match seen {
            None => return Ok(done("patched".to_owned())),
            Some(Seen::Hidden(error)) => {
                self.warn(&format!("the rollout cannot be followed: {error}"), streams)?;
                return Ok(done("patched; how it goes could not be seen".to_owned()));
            }
            Some(Seen::Over(status)) if !status.phase.is_bad() => return self.well(&status, undo, done, streams),
            Some(Seen::Over(status)) => {
                let why = format!("did not come up: {}", status.message);
                (status, why)
            }
            Some(Seen::TooLong(status)) => {
                let limit = self.args.live.timeout.0.unwrap_or_default().as_secs();
                let why = format!("was not done within {limit} s");
                (status, why)
            }
        };
        self.show(&status, streams)?;
        let name = subject.short_name();
        let back = if self.args.live.rollback_on_failure {
            Some(true)
        } else if self.asks {
            prompt::confirm(
                &format!("{name} {}. Roll it back?", if status.phase.is_bad() { "fails" } else { "is not done" }),
                streams,
            )?
        } else {
            Some(false)
        };
        if back == Some(true) {
            let fate = self.roll_back(undo, subject, streams)?;
            if matches!(fate, Fate::Failed(_)) {
                self.see_back(&item.planned, streams)?;
            }
            return Ok(fate);
        }
        self.tell_way_back(&undo.way_back(), "to roll back", streams)?;
        Ok(if back.is_none() { Fate::Cancelled(why) } else { Fate::Failed(why) })
    }

    /// It came up, or comes up later by itself.
    fn well(
        &self,
        status: &RolloutStatus,
        undo: &Undo,
        done: &dyn Fn(String) -> Fate,
        streams: &mut Streams,
    ) -> Result<Fate, Failure> {
        self.show(status, streams)?;
        // What has not begun yet can still go wrong: its way back stays.
        if status.phase == Phase::Done
            && let Err(why) = undo.forget()
        {
            self.warn(&why, streams)?;
        }
        Ok(done(status.message.clone()))
    }

    /// After the way back: until the old pods are there again.
    pub(super) fn see_back(&self, planned: &Planned, streams: &mut Streams) -> Result<(), Failure> {
        match self.see(planned, Before::default(), false, streams)? {
            Some(Seen::Over(status) | Seen::TooLong(status)) => self.show(&status, streams),
            Some(Seen::Hidden(_)) | None => Ok(()),
        }
    }

    fn show(&self, status: &RolloutStatus, streams: &mut Streams) -> Result<(), Failure> {
        let style = self.style(streams);
        rollout(status, &style, &mut streams.err)?;
        streams.err.flush()?;
        Ok(())
    }

    /// Looks until it is over; a line says how far it is.
    pub(super) fn see(
        &self,
        planned: &Planned,
        before: Before,
        blames: bool,
        streams: &mut Streams,
    ) -> Result<Option<Seen>, Failure> {
        let Some(target) = target(planned) else { return Ok(None) };
        let edits = planned.results.iter().flat_map(|result| result.edits.iter().cloned());
        let edits = if blames { edits.collect() } else { Vec::new() };
        let mut following = Rollout::follow(self.cluster, target, before, Applied { edits, minor: self.newest });
        let started = Instant::now();
        let mut line = Line::new(streams.err_is_terminal && !self.args.quiet);
        let style = self.style(streams);
        loop {
            let status = match following.look() {
                Ok(status) => status.clone(),
                Err(error) => {
                    line.end(streams)?;
                    return Ok(Some(Seen::Hidden(error)));
                }
            };
            if status.phase.is_over() {
                line.end(streams)?;
                return Ok(Some(Seen::Over(status)));
            }
            if self.args.live.timeout.0.is_some_and(|limit| started.elapsed() >= limit) {
                line.end(streams)?;
                return Ok(Some(Seen::TooLong(status)));
            }
            if !self.args.quiet {
                line.show(&rollout_line(&status, &style), streams)?;
            }
            thread::sleep(self.pause(started));
        }
    }

    fn pause(&self, started: Instant) -> Duration {
        let left = self.args.live.timeout.0.map(|limit| limit.saturating_sub(started.elapsed()));
        left.map_or(Rollout::PAUSE, |left| left.min(Rollout::PAUSE))
    }
}

/// A line that is drawn over on a terminal; elsewhere a new one where it says something new.
struct Line {
    is_terminal: bool,
    last: String,
}

impl Line {
    fn new(is_terminal: bool) -> Self {
        Self { is_terminal, last: String::new() }
    }

    fn show(&mut self, text: &str, streams: &mut Streams) -> Result<(), Failure> {
        if self.is_terminal {
            write!(streams.err, "\r\x1b[2K{text}")?;
        } else if text != self.last {
            writeln!(streams.err, "{text}")?;
        }
        streams.err.flush()?;
        text.clone_into(&mut self.last);
        Ok(())
    }

    fn end(&mut self, streams: &mut Streams) -> Result<(), Failure> {
        if self.is_terminal && !self.last.is_empty() {
            write!(streams.err, "\r\x1b[2K")?;
        }
        Ok(())
    }
}
