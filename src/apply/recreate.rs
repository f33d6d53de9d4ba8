//! Makes a pod or a job anew: asked first, deleted, awaited, created, and put back where that fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::judged::meets;
use super::rejection::{local, rejection};
use super::{Recreation, Session, Subject, clean, store};
use crate::cluster::{Change, ClusterError, ErrorKind, Written};
use crate::edit;
use crate::report::apply::{Reason, Rejection, WayBack};

/// How to make something anew.
#[derive(Debug, Clone)]
pub struct RecreateOptions {
    /// How long the old object may take to go.
    pub timeout: Duration,
    /// Where the old manifest is kept meanwhile.
    pub folder: PathBuf,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecreateStep {
    /// The server would take the new one.
    Checked,
    /// The old one is asked to go.
    Deleting,
    /// The old one is gone.
    Gone,
    /// The new one is there.
    Created,
}

/// What became of it.
#[derive(Debug, Clone)]
pub enum Recreated {
    /// The new one is there.
    Done {
        /// As the server has it.
        object: Arc<Value>,
        /// What the server warned of, each once.
        warnings: Vec<String>,
        /// Whether it meets the policy, judged by what the server has.
        reached: bool,
    },
    /// Nothing was done.
    Rejected(Rejection),
    /// The new one could not be created, and the old one was created again.
    PutBack(Rejection),
    /// The old one is gone or going, and neither is there: this is how to get it back.
    Lost {
        /// What happened.
        rejection: Rejection,
        /// How to get the old one back by hand.
        way_back: WayBack,
    },
}

impl Session<'_> {
    /// Makes it anew: asks the server whether it would take the new one, deletes the old one, waits until that is gone, and
    /// creates the new one; where that fails, the old one again. `on_step` hears how far it is.
    pub fn recreate(
        &self,
        recreation: &Recreation,
        options: &RecreateOptions,
        on_step: &dyn Fn(RecreateStep),
    ) -> Recreated {
        let work = Work { session: self, recreation, subject: &recreation.planned.subject, options };
        let (warnings, file) = match work.prepare() {
            Ok(prepared) => prepared,
            Err(rejection) => return Recreated::Rejected(rejection),
        };
        self.tell(&work.way_back(&file));
        on_step(RecreateStep::Checked);
        if let Err(mut rejection) = work.delete() {
            rejection.warnings.extend(store::forget(&file).err());
            return Recreated::Rejected(rejection);
        }
        on_step(RecreateStep::Deleting);
        if let Err(rejection) = work.await_the_end() {
            return work.lost(rejection, &file);
        }
        on_step(RecreateStep::Gone);
        match work.create(&recreation.manifest) {
            Ok(written) => {
                on_step(RecreateStep::Created);
                work.done(written, warnings, &file)
            }
            Err(rejection) => work.put_back(rejection, &file),
        }
    }
}

/// One object that is made anew.
struct Work<'a> {
    session: &'a Session<'a>,
    recreation: &'a Recreation,
    subject: &'a Subject,
    options: &'a RecreateOptions,
}

impl Work<'_> {
    fn namespace(&self) -> Option<&str> {
        self.subject.namespace.as_deref()
    }

    /// Asks whether all could be done, and keeps the old manifest; what the server warned of, and the file.
    fn prepare(&self) -> Result<(Vec<String>, PathBuf), Rejection> {
        let mut probe = self.recreation.manifest.clone();
        // The name is taken as long as the old one is there.
        probe["metadata"]["name"] = format!("secctx-check-{}", self.subject.resource_version()).into();
        let change = Change::create(&self.subject.resource, self.namespace(), probe).dry_run();
        let written = self.session.cluster.write::<Value>(&change).map_err(|error| rejection(&error))?;
        let deletion = self.deletion(self.subject.resource_version()).dry_run();
        match self.session.cluster.write::<Value>(&deletion) {
            // Whether it is still what was read is looked at when it counts.
            Err(error) if error.kind() != ErrorKind::Conflict => return Err(rejection(&error)),
            _ => {}
        }
        let kind = self.subject.kind().to_lowercase();
        let parts = [self.namespace().unwrap_or_default(), &kind, &self.subject.name, "as-it-was"];
        let text = edit::manifest(&self.recreation.original);
        let file = store::keep(&self.options.folder, &parts, ".yaml", &text).map_err(local)?;
        Ok((written.warnings, file))
    }

    fn deletion(&self, version: &str) -> Change {
        let change = Change::delete(&self.subject.resource, self.namespace(), &self.subject.name).guarded(version);
        // A job's pods are to have ended before the new one starts its own.
        if self.subject.kind() == "Job" { change.dependents_first() } else { change }
    }

    fn read(&self) -> Result<Value, ClusterError> {
        self.session.cluster.get::<Value>(&self.subject.resource, self.namespace(), &self.subject.name)
    }

    /// Deletes the old one if it is still what was planned for, whatever its status.
    fn delete(&self) -> Result<(), Rejection> {
        for _ in 0..TRIES {
            let now = self.read().map_err(|error| rejection(&error))?;
            let is_same = now["metadata"]["uid"] == self.subject.uid();
            if !is_same || clean::manifest(&now) != self.recreation.original {
                return Err(self.changed());
            }
            let version = now["metadata"]["resourceVersion"].as_str().unwrap_or_default();
            match self.session.cluster.write::<Value>(&self.deletion(version)) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) if error.may_be_done() => return self.is_going(&error),
                Err(error) => return Err(rejection(&error)),
            }
        }
        Err(self.changed())
    }

    fn changed(&self) -> Rejection {
        let sentence = format!("{} has changed since it was read; nothing was done", self.subject.short_name());
        Rejection { reason: Reason::Changed, sentence, warnings: Vec::new() }
    }

    /// Whether a deletion took place whose answer was lost.
    fn is_going(&self, error: &ClusterError) -> Result<(), Rejection> {
        self.session.cluster.try_again();
        match self.read() {
            Ok(now) if now["metadata"]["deletionTimestamp"].is_null() => {
                let sentence = format!("{error}; it was read again: nothing has changed");
                Err(Rejection { reason: Reason::Unreachable, sentence, warnings: Vec::new() })
            }
            Err(again) if again.kind() != ErrorKind::NotFound => Err(rejection(&again)),
            _ => Ok(()),
        }
    }

    fn await_the_end(&self) -> Result<(), Rejection> {
        let started = Instant::now();
        let mut pause = PAUSES.0;
        loop {
            self.session.cluster.try_again();
            match self.read() {
                Ok(now) if now["metadata"]["uid"] != self.subject.uid() => {
                    let sentence = format!("somebody else has made {} anew meanwhile", self.subject.short_name());
                    return Err(Rejection { reason: Reason::Changed, sentence, warnings: Vec::new() });
                }
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) if !error.may_be_done() => return Err(rejection(&error)),
                _ if started.elapsed() >= self.options.timeout => return Err(self.still_there()),
                _ => {}
            }
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    fn still_there(&self) -> Rejection {
        let sentence = format!(
            "{} was still there after {} s; the new one is not made",
            self.subject.short_name(),
            self.options.timeout.as_secs()
        );
        Rejection { reason: Reason::Unreachable, sentence, warnings: Vec::new() }
    }

    fn create(&self, manifest: &Value) -> Result<Written<Value>, Rejection> {
        let change = Change::create(&self.subject.resource, self.namespace(), manifest.clone());
        let mut failure = None;
        for _ in 0..TRIES {
            let error = match self.session.cluster.write::<Value>(&change) {
                Ok(written) => return Ok(written),
                Err(error) => error,
            };
            // The answer may be lost after the object was made.
            if failure.is_some() || error.may_be_done() {
                self.session.cluster.try_again();
                if let Ok(object) = self.read() {
                    return Ok(Written { object, warnings: Vec::new() });
                }
            }
            if !error.may_be_done() {
                return Err(rejection(&error));
            }
            failure = Some(error);
            thread::sleep(PAUSES.1);
        }
        Err(failure.as_ref().map_or_else(|| self.still_there(), rejection))
    }

    fn done(&self, written: Written<Value>, mut warnings: Vec<String>, file: &Path) -> Recreated {
        warnings.extend(store::forget(file).err());
        for warning in written.warnings {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        let reached = meets(&self.recreation.planned, &written.object);
        Recreated::Done { object: Arc::new(written.object), warnings, reached }
    }

    fn put_back(&self, mut why: Rejection, file: &Path) -> Recreated {
        match self.create(&self.recreation.original) {
            Ok(_) => {
                why.warnings.extend(store::forget(file).err());
                Recreated::PutBack(why)
            }
            Err(again) => {
                why.sentence = format!("{}; and the old one cannot be put back: {}", why.sentence, again.sentence);
                self.lost(why, file)
            }
        }
    }

    fn lost(&self, rejection: Rejection, file: &Path) -> Recreated {
        Recreated::Lost { rejection, way_back: self.way_back(file) }
    }

    /// What creates the old one again.
    fn way_back(&self, file: &Path) -> WayBack {
        let mut command: Vec<String> = ["kubectl", "create"].map(str::to_owned).to_vec();
        if let Some(namespace) = self.namespace() {
            command.extend(["-n".to_owned(), namespace.to_owned()]);
        }
        command.extend(["-f".to_owned(), file.display().to_string()]);
        WayBack { file: file.to_owned(), command }
    }
}

/// How often what may be lost is tried.
const TRIES: usize = 3;

/// The first and the longest pause between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
