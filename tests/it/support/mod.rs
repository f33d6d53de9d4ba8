//! What the tests stand on: a real control plane and the Go reference.

pub(crate) mod control_plane;
pub(crate) mod faults;
pub(crate) mod reference;
pub(crate) mod secctx;
