//! What is asked of whom, and what answers come to.
