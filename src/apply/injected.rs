//! Containers that somebody's webhook puts into pods.
