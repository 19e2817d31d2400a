//! A command: its line, what it printed, how it ended.

use codex_gateway_wire::{
    Content, Item, Output, Phase,
    codex::{CommandExecution, ItemStatus},
};
use view::prelude::*;

use super::{CopyButton, Head, Tone, of_kind, unwrap_shell_command};
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

/// How many lines of a long output are shown at its beginning and its end.
const HEAD_LINES: usize = 20;
const TAIL_LINES: usize = 180;

pub(super) fn head(command: &CommandExecution, phase: Phase, t: &Texts) -> Head {
    let line = unwrap_shell_command(&command.command);
    let exit = command.exit_code.filter(|code| *code > 0);
    let (verb, tone) = match (command.status, phase) {
        (ItemStatus::Declined, _) => (t.run_declined(), Tone::NeedsYou),
        (_, Phase::Running) => (t.running(), Tone::Quiet),
        (ItemStatus::InProgress, Phase::Interrupted) => (t.run_cut(), Tone::Quiet),
        _ if command.was_killed() => (t.run_cut(), Tone::Quiet),
        _ if exit.is_some() => (t.ran(), Tone::Failed),
        (ItemStatus::Failed, _) => (t.run_failed(), Tone::Failed),
        _ => (t.ran(), Tone::Quiet),
    };
    let result = exit.map(t.exit).unwrap_or_default();
    let first_line = line.trim().lines().next().unwrap_or_default();
    Head::new(Icon::Terminal, verb).code(first_line).result(result).tone(tone).took(command.duration_ms)
}

/// What the command printed, its directory, and buttons that copy.
#[component]
pub(super) fn CommandBody(entry: EntryRef, t: &'static Texts) -> impl IntoView {
    let show_all = RwSignal::new(false);
    let line =
        move || of_kind!(entry, Content::Item(Item::CommandExecution(c)) => unwrap_shell_command(&c.command));
    let cwd = move || of_kind!(entry, Content::Item(Item::CommandExecution(c)) => exact_name(&c.cwd, t));
    let output = move || {
        let all = show_all.get();
        let pieces = entry.read(|entry| match &entry.content {
            Content::Item(Item::CommandExecution(command)) => {
                pieces(&command.aggregated_output, all, entry.phase == Phase::Running, t)
            }
            _ => Vec::new(),
        });
        let pieces = pieces.unwrap_or_default().into_iter();
        pieces.map(|piece| view! { <PieceView piece show_all/> }).collect::<Vec<_>>()
    };
    // The line above shows all of it, if it is one line.
    let prompt = move || {
        let line = line().filter(|line| line.trim().contains('\n'))?;
        Some(view! { <pre class="prompt"><code>{exact(&line, TextKind::Code, t)}</code></pre> })
    };
    let printed = move || {
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
                <CopyButton label=t.copy_output() text=move || untrack(printed) t/>
            </div>
        </div>
    }
}

/// A piece of what is shown of an output.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Run(ansi::Run),
    /// Something is left out here, and can be shown: what it is, and the label of the button.
    Hidden(String, &'static str),
    /// Something is missing here, or there is nothing.
    Missing(String),
}

#[component]
fn PieceView(piece: Piece, show_all: RwSignal<bool>) -> impl IntoView {
    match piece {
        Piece::Run(run) if run.class.is_empty() => view! { {run.text} },
        Piece::Run(run) => view! { <span class=run.class>{run.text}</span> },
        Piece::Hidden(words, label) => view! {
            <span class="omitted">
                {words} " · "
                <button type="button" class="link" on:click=move |_| show_all.set(true)>{label}</button>
            </span>
        },
        Piece::Missing(words) => view! { <span class="omitted">{words}</span> },
    }
}

fn pieces(output: &Output, all: bool, running: bool, t: &'static Texts) -> Vec<Piece> {
    if output.is_empty() {
        return if running { Vec::new() } else { vec![Piece::Missing(t.no_output().to_owned())] };
    }
    let runs = |text: &str| ansi::parse(text).into_iter().map(Piece::Run);
    let dropped = output.omitted();
    let whole = if dropped == 0 { [output.head(), output.tail()].concat() } else { String::new() };
    let (head, gap, tail) = match (dropped, all) {
        (0, true) => (whole.as_str(), None, ""),
        (0, false) => {
            let shown = excerpt(&whole, HEAD_LINES, TAIL_LINES);
            let hidden =
                (shown.hidden > 0).then(|| Piece::Hidden((t.lines_hidden)(shown.hidden), t.show_all()));
            (shown.head, hidden, shown.tail)
        }
        (_, true) => (output.head(), Some(Piece::Missing((t.bytes_dropped)(dropped))), output.tail()),
        (_, false) => {
            let (head, tail) =
                (first_lines(output.head(), HEAD_LINES), last_lines(output.tail(), TAIL_LINES));
            let words = (t.bytes_dropped)(dropped);
            // What was not kept cannot be shown: the button is for what is kept and not shown.
            let is_all = (head.len(), tail.len()) == (output.head().len(), output.tail().len());
            let gap = if is_all { Piece::Missing(words) } else { Piece::Hidden(words, t.show_kept()) };
            (head, Some(gap), tail)
        }
    };
    runs(head).chain(gap).chain(runs(tail)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    fn shown(text: &str, all: bool) -> Vec<String> {
        let name = |piece| match piece {
            Piece::Run(run) => format!("{} bytes", run.text.len()),
            Piece::Hidden(words, label) => format!("{words} · {label}"),
            Piece::Missing(words) => words,
        };
        pieces(&Output::from(text), all, false, Lang::En.texts()).into_iter().map(name).collect()
    }

    #[test]
    fn a_short_output_is_shown_whole() {
        assert_eq!(shown("", false), ["No output"]);
        assert_eq!(shown("one\ntwo\n", false), ["8 bytes"]);
    }

    #[test]
    fn a_long_output_shows_its_ends_and_all_of_it_on_demand() {
        let text = "line\n".repeat(1000);
        assert_eq!(shown(&text, false), ["100 bytes", "800 lines hidden · Show all", "900 bytes"]);
        assert_eq!(shown(&text, true), ["5000 bytes"]);
    }

    #[test]
    fn what_was_not_kept_is_said_either_way() {
        let text = "12345678\n".repeat(100_000);
        assert_eq!(shown(&text, false)[0], "180 bytes");
        assert_eq!(shown(&text, false)[1], "656 kB were not kept · Show what was kept");
        assert_eq!(shown(&text, true)[1], "656 kB were not kept");
        let long_lines = format!("{}\n", "x".repeat(100_000)).repeat(10);
        assert_eq!(shown(&long_lines, false), shown(&long_lines, true), "nothing is hidden beside");
    }
}
