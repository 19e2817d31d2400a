//! The folder that a conversation works in: the codex settings that it brings along, and whether the reader trusts them.

use codex_gateway_wire::api::{Project, ProjectSettings, ProjectTrust};
use leptos::prelude::*;

use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    node::{El, ElementExt as _, Node, el, link_button, live, many},
    state::Folder,
    text::hidden::exact_name,
};

/// Why a decision could not be recorded.
fn failure_view(folder: Folder, t: &'static Texts) -> Node {
    live(move || {
        let failure = folder.failure.get();
        failure.map(|failure| el("p").class("why").attr("role", "alert").child(t.failure(&failure)))
    })
}

/// How the question about the folder first shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As one line that opens: in a conversation the messages and the composer keep their room.
    Line,
    /// With all that the folder brings along.
    Open,
}

/// Asks whether the reader trusts the folder, with what it brings along. Nothing once they have decided.
///
/// The choices stand below what the folder brings along and show only together with it.
pub(crate) fn question_view(folder: Folder, shape: Shape, t: &'static Texts) -> Node {
    live(move || {
        let project = folder.project.get();
        let asks = |project: &Project| {
            project.can_trust && project.trust == ProjectTrust::Undecided && !project.settings.is_empty()
        };
        project.filter(asks).map(|project| {
            let choice = |class, label: &'static str, trust| {
                let decide = move || folder.decide(trust);
                el("button").attr("type", "button").class(class).on_click(decide).child(label)
            };
            let choices = el("div")
                .class("choices")
                .child(choice("button", t.trust(), ProjectTrust::Trusted))
                .child(choice("button quiet", t.do_not_trust(), ProjectTrust::Untrusted));
            let title = el("summary")
                .child(icon(Icon::Shield))
                .child(el("h2").child(t.trust_folder()))
                .child(icon(Icon::Chevron));
            let details = el("details")
                .attr("open", shape == Shape::Open)
                .child(title)
                .child(el("p").class("why").child(t.trust_means()))
                .child(el("div").class("what").child(settings_view(&project.settings, t)))
                .child(el("div").class("where").child(icon(Icon::Folder)).child(code(&project.path, t)))
                .child(failure_view(folder, t))
                .child(choices);
            el("section").class("question trust").attr("aria-label", t.folder_settings()).child(details)
        })
    })
}

/// A line that says whether the folder is trusted, with the way to the opposite. Nothing for a folder without settings.
pub(crate) fn status_view(folder: Folder, t: &'static Texts) -> Node {
    live(move || {
        let has_status = |project: &Project| {
            project.can_trust && (project.trust == ProjectTrust::Trusted || !project.settings.is_empty())
        };
        folder.project.get().filter(has_status).map(|project| {
            let (words, act, trust) = match project.trust {
                ProjectTrust::Trusted => (t.folder_trusted(), t.stop_trusting(), ProjectTrust::Untrusted),
                _ => (t.folder_not_trusted(), t.trust(), ProjectTrust::Trusted),
            };
            el("footer")
                .class("trust")
                .child(el("p").child(words).child(" ").child(link_button(act, move || folder.decide(trust))))
                .child(el("p").class("note").child(t.trust_from_next()))
                .child(failure_view(folder, t))
        })
    })
}

/// What the folder brings along, kind by kind.
fn settings_view(settings: &ProjectSettings, t: &Texts) -> Node {
    let servers = settings.mcp_servers.iter().map(|one| format!("{}: {}", one.name, one.target)).collect();
    let hooks = settings.hooks.iter().map(|one| format!("{}: {}", one.event, one.command)).collect();
    let kinds: [(&'static str, Vec<String>); 5] = [
        (t.mcp_servers(), servers),
        (t.hooks(), hooks),
        (t.folder_rules(), settings.rules.clone()),
        (t.other_settings(), settings.other.clone()),
        (t.unreadable_files(), settings.unreadable.clone()),
    ];
    many(kinds.into_iter().filter(|(_, all)| !all.is_empty()).map(|(title, all)| {
        let all = all.iter().map(|one| el("li").child(code(one, t)));
        el("div").child(el("h3").class("label").child(title)).child(el("ul").child(many(all)))
    }))
}

fn code(text: &str, t: &Texts) -> El {
    el("code").child(exact_name(text, t))
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use codex_gateway_wire::api::ProjectMcpServer;
    use leptos::prelude::{Owner, RenderHtml};

    use super::*;
    use crate::i18n::Lang;

    fn project() -> Project {
        let server = ProjectMcpServer {
            name: "x".to_owned(),
            target: "run \u{202e}it".to_owned(),
            ..Default::default()
        };
        let settings = ProjectSettings {
            mcp_servers: vec![server],
            files: vec!["/w/.codex/config.toml".to_owned()],
            ..Default::default()
        };
        Project { path: "/w".to_owned(), can_trust: true, settings, ..Project::default() }
    }

    /// The question and the status of a folder.
    fn html(project: Project) -> [String; 2] {
        let t = Lang::En.texts();
        Owner::new().with(|| {
            let folder = Folder::new(Some(project));
            [question_view(folder, Shape::Line, t).to_html(), status_view(folder, t).to_html()]
        })
    }

    #[test]
    fn folder_is_asked_about_once_with_all_that_it_sets() {
        let [question, status] = html(project());
        assert!(question.contains("Trust it?") && question.contains("x: run "), "{question}");
        assert!(
            question.contains(r#"data-label="U+202E""#),
            "what reorders text is shown as what it is: {question}"
        );
        assert!(status.contains("are not used"), "{status}");
        let decided = |trust| html(Project { trust, ..project() });
        let [question, status] = decided(ProjectTrust::Trusted);
        assert!(!question.contains("Trust it?") && status.contains("Stop trusting"), "{status}");
        assert!(!decided(ProjectTrust::Untrusted)[0].contains("Trust it?"));
    }

    #[test]
    fn nothing_is_asked_without_settings_or_where_the_operator_trusts_none() {
        let without = Project { settings: ProjectSettings::default(), ..project() };
        for project in [without, Project { can_trust: false, ..project() }] {
            let [question, status] = html(project);
            assert!(!question.contains("Trust it?") && !status.contains("not used"), "{question}{status}");
        }
    }
}
