//! Commands: the command line, its output and its exit code.

use codex_gateway_wire::{
    Content, Item, Output, Phase,
    codex::{CommandAction, CommandActionKind, CommandExecution, ItemStatus},
    diff::relative_path,
    shell::unwrap_shell_command,
};
use view::prelude::*;

use super::{EntryHeader, Tone, of_kind};
use crate::{
    copy_button::CopyButton,
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

/// Returns the header of a command: what it reads, lists or searches as far as codex recognises it, else its command line.
pub(super) fn header(command: &CommandExecution, phase: Phase, cwd: &str, t: &Texts) -> EntryHeader {
    let exit = command.exit_code.filter(|_| command.has_failed());
    let (state, tone) = match (command.status, phase) {
        (ItemStatus::Declined, _) => (Some(t.command_declined()), Tone::NeedsYou),
        (_, Phase::Running) => (None, Tone::Quiet),
        (ItemStatus::InProgress, Phase::Interrupted) => (Some(t.command_stopped()), Tone::Quiet),
        _ if command.was_killed() => (Some(t.command_stopped()), Tone::Quiet),
        _ if exit.is_some() => (None, Tone::Failed),
        _ if command.found_nothing() => (None, Tone::Quiet),
        (ItemStatus::Failed, _) => (Some(t.command_failed()), Tone::Failed),
        _ => (None, Tone::Quiet),
    };
    let result = match exit {
        Some(code) => (t.exit_code)(code),
        None if command.found_nothing() => t.no_matches().to_owned(),
        None => String::new(),
    };
    let (verb, target, scope) = match state {
        // What was not done is named by its command line.
        Some(state) => (state, first_line(command), String::new()),
        None => summary(command, phase == Phase::Running, cwd, t),
    };
    let icon = if command.only_explores() { Icon::Search } else { Icon::Terminal };
    let header = EntryHeader::new(icon, verb).code(target).result(result).tone(tone);
    EntryHeader { scope, duration_ms: command.duration_ms, ..header }
}

/// Returns the verb of a command that runs or has run, its target in code font, and what limits the target.
pub(crate) fn summary(
    command: &CommandExecution,
    is_running: bool,
    cwd: &str,
    t: &Texts,
) -> (&'static str, String, String) {
    let verb = |running: fn(&Texts) -> &'static str, done: fn(&Texts) -> &'static str| {
        if is_running { running(t) } else { done(t) }
    };
    if !command.only_explores() {
        return (verb(Texts::running, Texts::command_ran), first_line(command), String::new());
    }
    let is_all = |kind| command.command_actions.iter().all(|action| action.kind == kind);
    let targets = command.command_actions.iter().map(|action| target(action, cwd)).collect::<Vec<_>>();
    let targets = targets.join(", ");
    match command.command_actions.as_slice() {
        [action] if action.kind == CommandActionKind::Search && action.query.is_some() => {
            let scope = action.path.as_deref().map(|path| (t.in_directory)(relative_path(path, cwd)));
            (verb(Texts::searching_for, Texts::searched_for), targets, scope.unwrap_or_default())
        }
        _ if is_all(CommandActionKind::Read) => {
            (verb(Texts::reading, Texts::read_file), targets, String::new())
        }
        _ if is_all(CommandActionKind::ListFiles) => {
            (verb(Texts::listing_files, Texts::listed_files), targets, String::new())
        }
        _ => (verb(Texts::exploring, Texts::explored), targets, String::new()),
    }
}

/// Returns what an action is about: the text that is searched for, or a path.
fn target(action: &CommandAction, cwd: &str) -> String {
    let path = action.path.as_deref().map_or(".", |path| relative_path(path, cwd));
    action.query.as_deref().unwrap_or(path).to_owned()
}

fn first_line(command: &CommandExecution) -> String {
    let line = unwrap_shell_command(&command.command);
    line.trim().lines().next().unwrap_or_default().to_owned()
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
    // The header shows a command line of one line already, unless it says what the command does.
    let explores = move || of_kind!(entry, Content::Item(Item::CommandExecution(c)) => c.only_explores());
    let prompt = move || {
        let line = line().filter(|line| explores() == Some(true) || line.trim().contains('\n'))?;
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
    use super::{super::Target, *};
    use crate::i18n::Lang;

    fn shown(text: &str, show_all: bool) -> Vec<String> {
        let name = |piece| match piece {
            Piece::Run(run) => format!("{} bytes", run.text.len()),
            Piece::Folded { note, button } => format!("{note} · {button}"),
            Piece::Missing(note) => note,
        };
        pieces(&Output::from(text), show_all, false, Lang::En.texts()).into_iter().map(name).collect()
    }

    fn head(json: &str, phase: Phase) -> (String, String, Tone) {
        let item =
            format!(r#"{{"type":"commandExecution","id":"c","command":"bash -lc 'rg x | head'",{json}}}"#);
        let Ok(Item::CommandExecution(command)) = serde_json::from_str(&item) else { panic!("{item}") };
        let header = header(&command, phase, "/w", Lang::En.texts());
        let Target::Code(target) = header.target else { panic!("{item}") };
        let words = [header.verb, &target, &header.scope];
        let words = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        (words, header.result, header.tone)
    }

    #[test]
    fn header_names_what_a_command_reads_or_searches() {
        let read = |path: &str| format!(r#"{{"type":"read","command":"cat","name":"n","path":"{path}"}}"#);
        let search = r#"{"type":"search","command":"rg x","query":"Discount","path":"src"}"#;
        let list = r#"{"type":"listFiles","command":"ls","path":null}"#;
        let unknown = r#"{"type":"unknown","command":"rm"}"#;
        for (actions, expected) in [
            (read("/w/src/cart.rs"), "Read src/cart.rs"),
            ([read("/w/a.rs"), read("/x/b.rs")].join(","), "Read a.rs, /x/b.rs"),
            (search.to_owned(), "Searched for Discount in src"),
            (list.to_owned(), "Listed files in ."),
            ([read("/w/a.rs"), search.to_owned()].join(","), "Explored a.rs, Discount"),
            ([read("/w/a.rs"), unknown.to_owned()].join(","), "Ran rg x | head"),
            (String::new(), "Ran rg x | head"),
        ] {
            let json = format!(r#""status":"completed","exitCode":0,"commandActions":[{actions}]"#);
            let expected = (expected.to_owned(), String::new(), Tone::Quiet);
            assert_eq!(head(&json, Phase::Done), expected, "{actions}");
        }
        let running = format!(r#""status":"inProgress","commandActions":[{search}]"#);
        assert_eq!(head(&running, Phase::Running).0, "Searching for Discount in src");
    }

    #[test]
    fn header_says_how_an_exploring_command_ended() {
        let search = r#""commandActions":[{"type":"search","query":"Discount"}]"#;
        let ended = |json: &str| head(&format!("{search},{json}"), Phase::Done);
        assert_eq!(
            ended(r#""status":"failed","exitCode":1"#),
            ("Searched for Discount".to_owned(), "No matches".to_owned(), Tone::Quiet)
        );
        assert_eq!(
            ended(r#""status":"failed","exitCode":2"#),
            ("Searched for Discount".to_owned(), "exit 2".to_owned(), Tone::Failed)
        );
        let (words, _, tone) = ended(r#""status":"declined""#);
        assert!(words.ends_with("rg x | head"), "{words}");
        assert_eq!(tone, Tone::NeedsYou);
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
