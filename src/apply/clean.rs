//! What of an object belongs to the server and its controllers and not to whoever wrote it.
