//! The log: one event is one line, whatever is in it.
//!
//! Owners, paths, names of threads and what codex says come from others. A line break in one of them would forge a line,
//! and a control character could do anything to a terminal. So they are escaped where fields are written, for every
//! call site and every format that uses these fields.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fmt,
    io::IsTerminal,
    panic,
};

use tracing::field::{Field, Visit};
use tracing_subscriber::{
    EnvFilter,
    field::RecordFields,
    filter::LevelFilter,
    fmt::{FormatFields, format::Writer},
};

use crate::print;

/// The field that is the text of an event.
const MESSAGE: &str = "message";

/// Writes the log to the standard error output: of the levels that `RUST_LOG` names, or else of this one. Panics are
/// written there too, each on a line.
pub fn init(default_level: LevelFilter) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_level.to_string()));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .fmt_fields(EscapedFields)
        .init();
    // What a bug panics with may have words of others in it.
    panic::set_hook(Box::new(|panic| {
        print::err(&escaped(&panic.to_string()));
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            print::err(&backtrace.to_string());
        }
    }));
}

/// A text in which characters that are not seen, or do something, are written by their codes.
pub fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // They do nothing, and texts of others that are quoted already have them.
            '"' | '\'' | '\\' => written.push(c),
            _ => written.extend(c.escape_debug()),
        }
    }
    written
}

/// Fields as tracing's own format writes them, escaped.
#[derive(Debug)]
struct EscapedFields;

impl<'writer> FormatFields<'writer> for EscapedFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = Fields { writer, is_first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct Fields<'writer> {
    writer: Writer<'writer>,
    is_first: bool,
    result: fmt::Result,
}

impl Fields<'_> {
    fn write(&mut self, field: &Field, value: &str) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.writer.write_char(' ')?;
        }
        let value = escaped(value);
        match field.name() {
            MESSAGE => self.writer.write_str(&value),
            name => {
                let name = name.strip_prefix("r#").unwrap_or(name);
                // Italic, and dimmed: as tracing has them.
                let (italic, dimmed, plain) = if self.writer.has_ansi_escapes() {
                    ("\x1b[3m", "\x1b[2m", "\x1b[0m")
                } else {
                    ("", "", "")
                };
                write!(self.writer, "{italic}{name}{plain}{dimmed}={plain}{value}")
            }
        }
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Quoted, so that a text cannot look like further fields.
        if field.name() == MESSAGE {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.result.is_ok() {
            self.result = self.write(field, &format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What the log says of what this does.
    fn logged(ansi: bool, work: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(ansi)
            .without_time()
            .fmt_fields(EscapedFields)
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const EVIL: &str = "ada\r\n2026-01-01 INFO \u{1b}[31mforged\u{7}\u{9b}\u{202e}\u{2028}漢";

    #[test]
    fn event_is_one_line_whatever_its_fields_say() {
        let text = logged(false, || {
            let span = tracing::info_span!("request", path = EVIL, shown = %EVIL);
            let _inside = span.enter();
            let error = io::Error::other(EVIL);
            tracing::info!(owner = %EVIL, quoted = EVIL, debug = ?EVIL, %error, number = 3, "message {EVIL}");
            span.in_scope(|| tracing::info!(source = &error as &dyn std::error::Error));
        });
        assert_eq!(text.lines().count(), 2, "{text}");
        let is_plain = |c: char| c == '\n' || c == '漢' || c == ' ' || c.is_ascii_graphic();
        assert!(text.chars().all(is_plain), "{text:?}");
        assert_eq!(text.matches("ada\\r\\n2026").count(), 10, "{text}");
        assert!(
            text.contains(" number=3") && text.contains("owner=ada") && text.contains("quoted=\"ada"),
            "{text}"
        );
    }

    #[test]
    fn terminal_has_the_styles_of_the_log_and_no_others() {
        let text = logged(true, || tracing::info!(owner = %EVIL, "hello"));
        assert!(text.contains("hello \u{1b}[3mowner\u{1b}[0m\u{1b}[2m=\u{1b}[0mada\\r\\n"), "{text:?}");
        assert!(!text.contains("\u{1b}[31m"), "{text:?}");
    }
}
