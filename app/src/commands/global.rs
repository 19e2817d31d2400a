//! What can be done on every page.

use super::{Commands, Key};
use crate::{
    browser,
    dialog::Dialog,
    i18n::{Lang, texts},
    icon::Icon,
    prefs::{Prefs, Theme, choose_lang, choose_theme},
    route::Navigator,
    server_fns::signs_in,
    sidebar::Drawer,
};

/// Adds it, the most wanted last.
pub(crate) fn add_global(
    commands: Commands,
    navigator: Navigator,
    drawer: Drawer,
    palette: Dialog,
    help: Dialog,
) {
    let t = texts();
    if signs_in() {
        commands.add(t.sign_out, Icon::Shield, None, || {
            browser::submit("/sign-out");
            true
        });
    }
    for lang in Lang::ALL {
        let run = move || {
            choose_lang(lang);
            true
        };
        if lang != Prefs::current().lang {
            commands.add(lang.own_name(), Icon::Globe, None, run);
        }
    }
    let themes = [
        (Theme::Dark, t.to_theme_dark),
        (Theme::Light, t.to_theme_light),
        (Theme::System, t.to_theme_system),
    ];
    for (theme, name) in themes {
        commands.add(name, Icon::Settings, None, move || {
            choose_theme(theme);
            true
        });
    }
    commands.add(t.keys, Icon::Question, Some(Key::Plain("?")), move || {
        help.toggle();
        true
    });
    commands.add(t.toggle_sidebar, Icon::Menu, Some(Key::Ctrl("b")), move || {
        drawer.toggle();
        true
    });
    commands.add(t.new_chat, Icon::NewChat, Some(Key::CtrlShift("o")), move || {
        navigator.go("/");
        true
    });
    commands.add(t.palette, Icon::Search, Some(Key::Ctrl("k")), move || {
        palette.toggle();
        true
    });
}
