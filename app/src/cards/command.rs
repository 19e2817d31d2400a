//! Commands: the command line, its output and its exit code.

use codex_gateway_wire::{
    Content, Item, Output, Phase,
    codex::{CommandExecution, ItemStatus},
    shell::unwrap_shell_command,
};
use view::prelude::*;

use super::{CopyButton, EntryHeader, Tone, of_kind};
use crate::{
    i18n::Texts,
    icon::Icon,
    state::EntryRef,
    text::{
        ansi,
        excerpt::{excerpt, first_lines, last_lines},
        hidden::{TextKind, exact, exact_name},
    },
};

/// Of a long output, so many lines are shown at first: from its beginning and from its end.
const HEAD_LINES: usize = 20;
const TAIL_LINES: usize = 180;

pub(super) fn header(command: &CommandExecution, phase: Phase, t: &Texts) -> EntryHeader {
    let line = unwrap_shell_command(&command.command);
    let exit = command.exit_code.filter(|code| *code > 0);
    let (verb, tone) = match (command.status, phase) {
        (ItemStatus::Declined, _) => (t.command_declined(), Tone::NeedsYou),
        (_, Phase::Running) => (t.running(), Tone::Quiet),
        (ItemStatus::InProgress, Phase::Interrupted) => (t.command_stopped(), Tone::Quiet),
        _ if command.was_killed() => (t.command_stopped(), Tone::Quiet),
        _ if exit.is_some() => (t.command_ran(), Tone::Failed),
        (ItemStatus::Failed, _) => (t.command_failed(), Tone::Failed),
        _ => (t.command_ran(), Tone::Quiet),
    };
    let result = exit.map(t.exit_code).unwrap_or_default();
    let first_line = line.trim().lines().next().unwrap_or_default();
    EntryHeader::new(Icon::Terminal, verb)
        .code(first_line)
        .result(result)
        .tone(tone)
        .duration_ms(command.duration_ms)
}

/// The output of the command, its working directory, and buttons that copy.
#[component]
pub(super) fn CommandBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let show_all = RwSignal::new(false);
    let line =
        move || of_kind!(entry, Content::Item(Item::CommandExecution(c)) => unwrap_shell_command(&c.command));
    let cwd = move || of_kind!(entry, Content::Item(Item::CommandExecution(c)) => exact_name(&c.cwd, t));
    let output = move || {
        let show_all_now = show_all.get();
        let pieces = entry.read(|entry| match &entry.content {
            Content::Item(Item::CommandExecution(command)) => {
                pieces(&command.aggregated_output, show_all_now, entry.phase == Phase::Running, t)
            }
            _ => Vec::new(),
        });
        let pieces = pieces.unwrap_or_default().into_iter();
        pieces.map(|piece| view! { <PieceView piece show_all/> }).collect::<Vec<_>>()
    };
    // The header shows a command of one line already.
    let prompt = move || {
        let line = line().filter(|line| line.trim().contains('\n'))?;
        Some(view! { <pre class="prompt"><code>{exact(&line, TextKind::Code, t)}</code></pre> })
    };
    let output_text = move || {
        of_kind!(entry, Content::Item(Item::CommandExecution(c)) => {
            ansi::plain(&[c.aggregated_output.head(), c.aggregated_output.tail()].concat())
        })
    };
    view! {
        <div class="terminal">
            {prompt}
            <pre class="output" tabindex="0" aria-label=t.result()><code>{output}</code></pre>
            <div class="tools">
                <span class="cwd" translate="no">{cwd}</span>
                <CopyButton label=t.copy_command() text=move || untrack(line) t/>
                <CopyButton label=t.copy_output() text=move || untrack(output_text) t/>
            </div>
        </div>
    }
}

/// A piece of the output as it is shown.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Run(ansi::Run),
    /// A part that is folded away.
    Folded {
        note: String,
        /// The label of the button that shows the part.
        button: &'static str,
    },
    /// A note in place of a part that was not kept, or of an empty output.
    Missing(String),
}

#[component]
fn PieceView(piece: Piece, show_all: RwSignal<bool>) -> impl IntoView {
    match piece {
        Piece::Run(run) if run.class.is_empty() => view! { {run.text} },
        Piece::Run(run) => view! { <span class=run.class>{run.text}</span> },
        Piece::Folded { note, button } => view! {
            <span class="omitted">
                {note} " · "
                <button type="button" class="link" on:click=move |_| show_all.set(true)>{button}</button>
            </span>
        },
        Piece::Missing(note) => view! { <span class="omitted">{note}</span> },
    }
}

/// Takes the output apart. Without `show_all`, the middle of a long output is folded away.
fn pieces(output: &Output, show_all: bool, is_running: bool, t: &'static Texts) -> Vec<Piece> {
    if output.is_empty() {
        return if is_running { Vec::new() } else { vec![Piece::Missing(t.no_output().to_owned())] };
    }
    let runs = |text: &str| ansi::parse(text).into_iter().map(Piece::Run);
    let dropped_bytes = output.omitted();
    let whole = if dropped_bytes == 0 { [output.head(), output.tail()].concat() } else { String::new() };
    let (head, gap, tail) = match (dropped_bytes, show_all) {
        (0, true) => (whole.as_str(), None, ""),
        (0, false) => {
            let shown = excerpt(&whole, HEAD_LINES, TAIL_LINES);
            let folded = (shown.hidden_lines > 0)
                .then(|| Piece::Folded { note: (t.lines_hidden)(shown.hidden_lines), button: t.show_all() });
            (shown.head, folded, shown.tail)
        }
        (_, true) => (output.head(), Some(Piece::Missing((t.bytes_dropped)(dropped_bytes))), output.tail()),
        (_, false) => {
            let (head, tail) =
                (first_lines(output.head(), HEAD_LINES), last_lines(output.tail(), TAIL_LINES));
            let note = (t.bytes_dropped)(dropped_bytes);
            // The button shows the rest of what was kept. It is left out if there is no such rest.
            let is_all_shown = (head.len(), tail.len()) == (output.head().len(), output.tail().len());
            let gap = if is_all_shown {
                Piece::Missing(note)
            } else {
                Piece::Folded { note, button: t.show_retained_output() }
            };
            (head, Some(gap), tail)
        }
    };
    runs(head).chain(gap).chain(runs(tail)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    fn shown(text: &str, show_all: bool) -> Vec<String> {
        let name = |piece| match piece {
            Piece::Run(run) => format!("{} bytes", run.text.len()),
            Piece::Folded { note, button } => format!("{note} · {button}"),
            Piece::Missing(note) => note,
        };
        pieces(&Output::from(text), show_all, false, Lang::En.texts()).into_iter().map(name).collect()
    }

    #[test]
    fn short_output_is_shown_whole() {
        assert_eq!(shown("", false), ["No output"]);
        assert_eq!(shown("one\ntwo\n", false), ["8 bytes"]);
    }

    #[test]
    fn long_output_shows_its_ends_until_expanded() {
        let text = "line\n".repeat(1000);
        assert_eq!(shown(&text, false), ["100 bytes", "800 lines hidden · Show all", "900 bytes"]);
        assert_eq!(shown(&text, true), ["5000 bytes"]);
    }

    #[test]
    fn note_about_dropped_bytes_is_shown_folded_and_expanded() {
        let text = "12345678\n".repeat(100_000);
        assert_eq!(shown(&text, false)[0], "180 bytes");
        assert_eq!(shown(&text, false)[1], "656 kB were not kept · Show what was kept");
        assert_eq!(shown(&text, true)[1], "656 kB were not kept");
        let long_lines = format!("{}\n", "x".repeat(100_000)).repeat(10);
        assert_eq!(shown(&long_lines, false), shown(&long_lines, true), "no kept part is folded away");
    }
}
