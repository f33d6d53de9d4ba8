//! A progress bar, for runs that take long.

use std::cell::OnceCell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How long a run may take before a progress bar shows: short ones would only flicker.
const PATIENCE: Duration = Duration::from_millis(400);

/// A progress bar on standard error, once a run takes long.
pub(super) struct Bar {
    wanted: bool,
    started: std::time::Instant,
    bar: OnceCell<ProgressBar>,
}

impl Bar {
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, started: std::time::Instant::now(), bar: OnceCell::new() }
    }

    pub(super) fn show(&self, came: usize, remaining: u64) {
        if !self.wanted || self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let style = ProgressStyle::with_template("{spinner} {pos} of {len} objects {wide_bar}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_length(came as u64 + remaining);
        bar.set_position(came as u64);
    }

    pub(super) fn end(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
