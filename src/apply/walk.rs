//! From an object to its owners.
