//! The settings menu of the header: theme, language, notifications, and signing out.

use view::prelude::*;

use crate::{
    base_path::address,
    i18n::{Lang, Texts},
    icon::{Icon, icon},
    notify,
    prefs::{Prefs, Theme, choose_lang, choose_theme},
    server_fns::auth_enabled,
    signal::RwSignalExt as _,
};

/// The button that opens [`SettingsMenu`].
#[component]
pub(super) fn SettingsButton(t: &'static Texts) -> impl IntoView {
    view! {
        <button
            type="button"
            class="icon-button"
            popovertarget="settings"
            aria-label=t.settings()
            title=t.settings()
        >
            {icon(Icon::Settings)}
        </button>
    }
}

/// The menu, a popover: the browser opens and closes it.
#[component]
pub(super) fn SettingsMenu(t: &'static Texts) -> impl IntoView {
    view! {
        <div id="settings" class="menu" popover="auto">
            <ThemeSetting t/>
            <LanguageSetting t/>
            <NotificationSetting t/>
            {auth_enabled().then(|| view! { <SignOutForm t/> })}
        </div>
    }
}

#[component]
fn ThemeSetting(t: &'static Texts) -> impl IntoView {
    let chosen = RwSignal::new(Prefs::current().theme);
    let options = Theme::ALL.map(|theme| {
        let label = match theme {
            Theme::System => t.theme_system(),
            Theme::Light => t.theme_light(),
            Theme::Dark => t.theme_dark(),
        };
        let choose = move |()| {
            choose_theme(theme);
            chosen.set(theme);
        };
        view! { <SettingOption label is_chosen=move || chosen.get() == theme on_choose=choose/> }
    });
    view! { <Setting id="theme-label" label=t.theme()>{Vec::from(options)}</Setting> }
}

#[component]
fn LanguageSetting(t: &'static Texts) -> impl IntoView {
    let chosen = Prefs::current().lang;
    let options = Lang::ALL.map(|lang| {
        view! {
            <SettingOption
                label=lang.own_name()
                is_chosen={chosen == lang}
                on_choose=move |()| choose_lang(lang)
                attr:lang=lang.code()
            />
        }
    });
    view! { <Setting id="lang-label" label=t.language()>{Vec::from(options)}</Setting> }
}

/// The setting of the system's notifications. The browser asks for the permission only after a click.
#[component]
fn NotificationSetting(t: &'static Texts) -> impl IntoView {
    let is_on = RwSignal::new(false);
    Effect::new(move |_| is_on.set_if_changed(notify::is_on()));
    let options = [(t.off(), false), (t.on(), true)].map(|(label, choice)| {
        view! {
            <SettingOption
                label
                is_chosen=move || is_on.get() == choice
                on_choose=move |()| notify::choose(choice, is_on)
            />
        }
    });
    view! { <Setting id="notify-label" label=t.notifications()>{Vec::from(options)}</Setting> }
}

/// The button that signs out. It is a plain form, which works even if the page's program does not.
#[component]
fn SignOutForm(t: &'static Texts) -> impl IntoView {
    view! {
        <form method="post" action=address("/sign-out")>
            <button type="submit" class="sign-out">{t.sign_out()}</button>
        </form>
    }
}

/// A setting: its label, and its options side by side.
#[component]
fn Setting(
    /// The id of the label's element.
    id: &'static str,
    label: &'static str,
    /// The options.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="label" id=id>{label}</div>
        <div class="segments" role="group" aria-labelledby=id>{children()}</div>
    }
}

/// The button of an option.
#[component]
fn SettingOption(
    label: &'static str,
    #[prop(into)] is_chosen: Signal<bool>,
    #[prop(into)] on_choose: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            aria-pressed=move || is_chosen.get().to_string()
            on:click=move |_| on_choose.run(())
        >
            {label}
        </button>
    }
}
