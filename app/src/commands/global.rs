//! Commands that are available on every page.

use super::{Command, CommandGroup, Commands, Key};
use crate::{
    browser,
    dialog::DialogHandle,
    i18n::{Lang, texts},
    icon::Icon,
    prefs::{Prefs, Theme, choose_lang, choose_theme},
    router::{NavigateOptions, use_navigate},
    rules::RulesDialogHandle,
    server_fns::auth_enabled,
    sidebar::Drawer,
};

/// Adds the commands of every page. The palette lists the last one first, so the most used commands come last.
pub(crate) fn add_global(
    commands: Commands,
    drawer: Drawer,
    palette: DialogHandle,
    help: DialogHandle,
    rules: RulesDialogHandle,
) {
    let t = texts();
    if auth_enabled() {
        let sign_out = Command::always(t.sign_out(), Icon::Shield, || browser::submit_form("/sign-out"));
        commands.add(sign_out.group(CommandGroup::Settings).synonyms("log out logout account"));
    }
    for lang in Lang::ALL {
        if lang != Prefs::current().lang {
            let choose = Command::always(lang.own_name(), Icon::Globe, move || choose_lang(lang));
            commands.add(choose.group(CommandGroup::Settings).synonyms("language english chinese"));
        }
    }
    let themes = [
        (Theme::Dark, t.use_dark_theme()),
        (Theme::Light, t.use_light_theme()),
        (Theme::System, t.use_system_theme()),
    ];
    for (theme, name) in themes {
        let choose = Command::always(name, Icon::Settings, move || choose_theme(theme));
        commands.add(choose.group(CommandGroup::Settings).synonyms("appearance colour color mode"));
    }
    let show_rules = Command::always(t.rules(), Icon::Shield, move || rules.0.toggle());
    commands.add(show_rules.group(CommandGroup::Settings).synonyms("approvals permissions allowlist"));
    let show_help = Command::always(t.keyboard_shortcuts(), Icon::Question, move || help.toggle());
    commands.add(show_help.synonyms("hotkeys help").key(Key::Plain("?")).word("help"));
    let toggle_sidebar = Command::always(t.toggle_sidebar(), Icon::Menu, move || drawer.toggle());
    commands.add(toggle_sidebar.synonyms("conversations list history drawer").key(Key::Ctrl("b")));
    let navigate = use_navigate();
    let go_home = move || navigate("/", NavigateOptions::default());
    let new_chat = Command::always(t.new_chat(), Icon::NewChat, go_home);
    let new_chat = new_chat.synonyms("create start conversation session thread");
    commands.add(new_chat.key(Key::CtrlShift("o")).word("new"));
    commands.add(
        Command::always(t.command_palette(), Icon::Search, move || palette.toggle()).key(Key::Ctrl("k")),
    );
}
