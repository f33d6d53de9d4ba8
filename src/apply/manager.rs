//! Who else writes an object.
