//! A writer for libraries that hide the errors of the writer they get.

use std::io::{self, Write};

/// Passes everything on and keeps the first error, so that a closed pipe is still known as one.
pub(super) struct Sink<'a> {
    out: &'a mut dyn Write,
    error: Option<io::Error>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, error: None }
    }

    /// The writer's own error where it had one, else the library's.
    pub(super) fn finish<E>(self, result: Result<(), E>) -> io::Result<()>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        match (self.error, result) {
            (Some(error), _) => Err(error),
            (None, result) => result.map_err(io::Error::other),
        }
    }

    fn keep<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let copy = io::Error::new(error.kind(), error.to_string());
            self.error.get_or_insert(error);
            copy
        })
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.keep(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.keep(result)
    }
}
