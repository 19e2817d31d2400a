//! The dialog of keyboard shortcuts.

use leptos::wasm_split::wasm_split;
use view::{Node, prelude::*};

use super::Commands;
use crate::{
    chunks::{Chunk, ChunkError},
    dialog::{Dialog, DialogHandle, DialogHead},
    i18n::texts,
    lazy::lazy,
};

/// A dialog that lists the keys of the current commands, and the keys that have a meaning only in some places.
#[component]
pub(crate) fn KeyboardHelp(dialog: DialogHandle, commands: Commands) -> impl IntoView {
    let title = texts().keyboard_shortcuts();
    view! {
        <Dialog dialog label=title class="dialog keys-help">
            <DialogHead title/>
            {lazy(Chunk::Dialogs, shortcuts(commands))}
        </Dialog>
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the chunk may not be loaded, which `wasm_split` returns")]
#[wasm_split(dialogs, wasm_split_path = ::leptos::wasm_split, preload(load_help), fallible)]
pub(crate) fn shortcuts(commands: Commands) -> Result<Node, ChunkError> {
    Ok(view! { <Shortcuts commands/> })
}

#[component]
fn Shortcuts(commands: Commands) -> impl IntoView {
    let t = texts();
    let rows = move || {
        let of_commands = commands.all().into_iter();
        let of_commands = of_commands.filter_map(|command| Some((command.key?.name(), command.name)));
        let others = t.other_shortcuts.iter().map(|(key, action)| ((*key).to_owned(), *action));
        let row =
            |(key, action): (String, &'static str)| view! { <dt>{action}</dt><dd><kbd>{key}</kbd></dd> };
        of_commands.chain(others).map(row).collect::<Vec<_>>()
    };
    view! { <dl>{rows}</dl> }
}
