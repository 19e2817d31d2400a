//! Printing to standard output and standard error. A closed pipe ends the output without an error.

use std::io::{self, ErrorKind, Write};

/// Writes a text to standard output.
///
/// # Errors
/// Any error of writing, except for a closed pipe.
pub fn out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    unless_closed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Writes a line to standard error. Ignores errors.
pub fn err(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn unless_closed(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_pipe_is_ignored_and_full_disk_is_reported() {
        assert!(unless_closed(Err(ErrorKind::BrokenPipe.into())).is_ok());
        assert!(unless_closed(Err(ErrorKind::StorageFull.into())).is_err());
    }
}
