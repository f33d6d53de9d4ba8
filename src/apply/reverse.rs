//! The patch between two states of an object.
