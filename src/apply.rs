//! Hardens what runs in a cluster: finds what has to be changed, plans it, changes it, and knows the way back.
//!
//! A [`Session`] asks the cluster; between its answers stand plain values, so that a dialogue, or a run without one, can
//! look at each before the next step:
//!
//! ```text
//! names or labels -> Subject -> Evidence
//!                       |
//!                     plan()  -> Planned -> dry_run -> apply    -> Outcome, with an Undo -> roll_back
//!                                        -> recreation -> recreate -> Recreated
//! ```

mod candidates;
mod clean;
mod container;
mod evidence;
mod find;
mod injected;
mod judged;
mod manager;
mod planned;
mod recreate;
mod recreation;
mod rejection;
mod reverse;
mod send;
mod session;
mod store;
mod subject;
mod undo;
mod walk;

pub use candidates::{Candidate, Candidates, Scope};
pub use find::Found;
pub use planned::{Planned, plan};
pub use recreate::{RecreateOptions, RecreateStep, Recreated};
pub use recreation::{Recreation, recreation};
pub use send::{Applied, Outcome, Trial};
pub use session::Session;
pub use subject::{Subject, Way};
pub use undo::{RolledBack, Undo};
