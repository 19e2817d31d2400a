//! The dialog of keyboard shortcuts.

use view::prelude::*;

use super::Commands;
use crate::{
    dialog::{Dialog, DialogHandle, DialogHead},
    i18n::texts,
};

/// A dialog that lists the keys of the current commands, and the keys that have a meaning only in some places.
#[component]
pub(crate) fn KeyboardHelp(dialog: DialogHandle, commands: Commands) -> impl IntoView {
    let t = texts();
    let rows = move || {
        let of_commands = commands.all().into_iter();
        let of_commands = of_commands.filter_map(|command| Some((command.key?.name(), command.name)));
        let others = t.other_keys.iter().map(|(key, action)| ((*key).to_owned(), *action));
        let row =
            |(key, action): (String, &'static str)| view! { <dt>{action}</dt><dd><kbd>{key}</kbd></dd> };
        of_commands.chain(others).map(row).collect::<Vec<_>>()
    };
    view! {
        <Dialog dialog label=t.keys() class="dialog keys-help">
            <DialogHead title=t.keys()/>
            <dl>{rows}</dl>
        </Dialog>
    }
}
