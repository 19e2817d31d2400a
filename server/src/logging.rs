//! Logging: each event is one line, whatever its fields contain.
//!
//! Owners, paths, thread names and codex messages come from outside. A line break in them could forge a line,
//! and control characters could change the terminal. So they are escaped where fields are written, for all call
//! sites and formats.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fmt,
    io::{self, IsTerminal, Write as _},
    panic,
    sync::OnceLock,
};

use codex_gateway_engine::clock::{now_ms, rfc3339};
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    EnvFilter,
    field::RecordFields,
    filter::LevelFilter,
    fmt::{FormatFields, MakeWriter, format::Writer},
};

use crate::print;

/// Field with the text of an event.
const MESSAGE: &str = "message";

/// Format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Format chosen at start.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Initialises logging to standard error. `RUST_LOG` overrides the default level. Panics are logged too, each
/// as one line.
pub fn init(default_level: LevelFilter, format: LogFormat) {
    // A second call would panic below anyway.
    let _ = FORMAT.set(format);
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_level.to_string()));
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    match format {
        LogFormat::Text => builder
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
            .fmt_fields(EscapedFields)
            .init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(EscapedJson(io::stderr))
            .init(),
    }
    panic::set_hook(Box::new(move |panic| {
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
        match format {
            // A panic message may contain text from outside.
            LogFormat::Text => {
                print::err(&escape(&panic.to_string()));
                if let Some(backtrace) = backtrace {
                    print::err(&backtrace.to_string());
                }
            }
            LogFormat::Json => {
                let backtrace = backtrace.map(|backtrace| backtrace.to_string());
                write_json(&json!({ "message": panic.to_string(), "backtrace": backtrace }));
            }
        }
    }));
}

/// Logs the error that ends the program, in the format of the log.
pub fn fatal(program: &str, error: &anyhow::Error) {
    match FORMAT.get() {
        Some(LogFormat::Json) => write_json(&json!({ "message": format!("{error:#}") })),
        // The error may contain text from codex.
        _ => print::err(&format!("{program}: {}", escape(&format!("{error:#}")))),
    }
}

/// Logs an error, even if `RUST_LOG` filters out errors, because the program may be about to exit.
fn write_json(error: &Value) {
    let mut line = json!({ "timestamp": rfc3339(now_ms()), "level": "ERROR", "target": "codex_gateway" });
    if let (Value::Object(line), Value::Object(error)) = (&mut line, error.clone()) {
        line.extend(error.into_iter().filter(|(_, value)| !value.is_null()));
    }
    // If standard error is closed, there is nowhere to report it.
    let _ = EscapedJson(io::stderr()).write_all(format!("{line}\n").as_bytes());
}

/// Escapes characters that are invisible or control the terminal.
pub fn escape(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Quotes and backslashes are harmless, and quoted texts already contain them.
            '"' | '\'' | '\\' => written.push(c),
            _ => written.extend(c.escape_debug()),
        }
    }
    written
}

/// Formats fields as tracing does, with escaped values.
#[derive(Debug)]
struct EscapedFields;

impl<'writer> FormatFields<'writer> for EscapedFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = FieldVisitor { writer, is_first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct FieldVisitor<'writer> {
    writer: Writer<'writer>,
    is_first: bool,
    result: fmt::Result,
}

impl FieldVisitor<'_> {
    fn write(&mut self, field: &Field, value: &str) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.writer.write_char(' ')?;
        }
        let value = escape(value);
        match field.name() {
            MESSAGE => self.writer.write_str(&value),
            name => {
                let name = name.strip_prefix("r#").unwrap_or(name);
                // The styles of tracing's own format: italic and dimmed.
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

impl Visit for FieldVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Quoted, so that a value cannot imitate further fields.
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

/// Escapes characters that JSON allows but that are invisible or control the terminal. They occur only in
/// strings, where a `\u` escape is equivalent.
#[derive(Clone, Copy, Debug)]
struct EscapedJson<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for EscapedJson<W> {
    type Writer = EscapedJson<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        EscapedJson(self.0.make_writer())
    }
}

impl<W: io::Write> io::Write for EscapedJson<W> {
    /// Writes a whole event. The subscriber writes each event with one call.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut written = String::with_capacity(event.len());
        for c in String::from_utf8_lossy(event).chars() {
            let is_seen =
                c == '\n' || c == ' ' || c.is_ascii_graphic() || !c.is_ascii() && c.escape_debug().len() == 1;
            if is_seen {
                written.push(c);
            } else {
                let mut units = [0; 2];
                written.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
        self.0.write_all(written.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

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

    /// Returns the log of a closure.
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
    fn control_characters_in_fields_are_escaped() {
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
    fn only_log_styles_reach_terminal() {
        let text = logged(true, || tracing::info!(owner = %EVIL, "hello"));
        assert!(text.contains("hello \u{1b}[3mowner\u{1b}[0m\u{1b}[2m=\u{1b}[0mada\\r\\n"), "{text:?}");
        assert!(!text.contains("\u{1b}[31m"), "{text:?}");
    }

    #[test]
    fn json_event_is_one_line_with_original_texts() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(EscapedJson(move || writer.clone()))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let _inside = tracing::info_span!("request", path = EVIL).entered();
            tracing::info!(owner = EVIL, missing = None::<&str>, number = 3, "message {EVIL}\u{10ffff}");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(
            text.lines().count() == 1 && !text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{10ffff}']),
            "{text:?}"
        );
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&line["level"], &line["owner"], &line["number"]),
            (&"INFO".into(), &EVIL.into(), &3.into())
        );
        assert_eq!(line["message"], format!("message {EVIL}\u{10ffff}"));
        assert_eq!(line["span"]["path"], EVIL);
        assert!(line["timestamp"].is_string() && line.get("missing").is_none(), "{line}");
    }
}
