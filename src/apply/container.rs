//! What a container's template and its status tell.
