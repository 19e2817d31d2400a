//! What can be done from the composer by its name: `/new`, `/rename …`.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::Composer;
use crate::{conversation::Chat, i18n::Texts, route::Navigator, server_fns, sidebar::Conversations};

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    New,
    Rename,
    Model,
}

impl Command {
    const ALL: [Self; 3] = [Self::New, Self::Rename, Self::Model];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Rename => "rename",
            Self::Model => "model",
        }
    }

    /// What it does, in words.
    pub(super) fn about(self, t: &Texts) -> &'static str {
        match self {
            Self::New => t.new_chat,
            Self::Rename => t.about_rename,
            Self::Model => t.about_model,
        }
    }

    /// Those whose names begin so; some need a conversation.
    pub(super) fn matching(name: &str, in_conversation: bool) -> impl Iterator<Item = Self> {
        let fits =
            move |one: &Self| one.name().starts_with(name) && (in_conversation || !one.needs_conversation());
        Self::ALL.into_iter().filter(fits)
    }

    fn needs_conversation(self) -> bool {
        !matches!(self, Self::New | Self::Model)
    }

    /// Somebody chose it from the list.
    pub(super) fn choose(self, composer: Composer) {
        if self == Self::Rename {
            let begun = "/rename ";
            return composer.write(begun, begun.len());
        }
        composer.write("", 0);
        self.run("", composer);
    }

    /// The command that a text is, and what follows its name.
    pub(super) fn parse(text: &str, in_conversation: bool) -> Option<(Self, &str)> {
        let (name, rest) =
            text.strip_prefix('/')?.split_once(char::is_whitespace).unwrap_or((&text[1..], ""));
        let command = Self::matching(name, in_conversation).find(|one| one.name() == name)?;
        // What follows a command that takes nothing makes it a message: a path, say.
        (rest.trim().is_empty() != (command == Self::Rename)).then_some((command, rest.trim()))
    }

    /// Does it.
    pub(super) fn run(self, argument: &str, composer: Composer) {
        let navigator = use_context::<Navigator>();
        match (self, composer.chat) {
            (Self::New, _) => navigator.iter().for_each(|navigator| navigator.go("/")),
            (Self::Model, _) => show_models(),
            (Self::Rename, Some(chat)) => rename(chat, argument.to_owned()),
            (_, None) => {}
        }
    }
}

/// Goes to the list of models: the arrows choose there.
fn show_models() {
    let select = document().query_selector(".composer select.model").ok().flatten();
    if let Some(select) = select.and_then(|select| select.dyn_into::<HtmlElement>().ok()) {
        let _ = select.focus();
    }
}

fn rename(chat: Chat, name: String) {
    let conversations = use_context::<Conversations>();
    let Some(thread) = chat.live.peek(|transcript| transcript.thread_id.clone()) else { return };
    spawn_local(async move {
        match server_fns::rename(thread, name).await {
            Ok(()) => conversations.iter().for_each(|all| all.refresh()),
            Err(failure) => chat.say_failed(&failure),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_command_only_where_it_can_be_one() {
        assert_eq!(Command::parse("/new", false), Some((Command::New, "")));
        assert_eq!(Command::parse("/rename A name ", true), Some((Command::Rename, "A name")));
        assert_eq!(Command::parse("/rename ", true), None);
        assert_eq!(Command::parse("/fork", false), None, "there is nothing to fork");
        assert_eq!(Command::parse("/etc/hosts is what?", true), None);
        assert_eq!(Command::parse("/new is a path of mine", true), None);
        assert_eq!(Command::parse("new", true), None);
    }

    #[test]
    fn names_are_found_by_their_beginnings() {
        let names = |begun| Command::matching(begun, true).map(Command::name).collect::<Vec<_>>();
        assert_eq!(names("re"), ["review", "rename"]);
        assert_eq!(names(""), Command::ALL.map(Command::name));
        assert_eq!(Command::matching("", false).count(), 2);
    }
}
