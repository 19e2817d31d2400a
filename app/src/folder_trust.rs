//! Trust in the codex settings of the folder that a conversation works in.

use codex_gateway_wire::api::{Project, ProjectSettings, ProjectTrust};
use view::{Node, prelude::*};

use crate::{
    i18n::Texts,
    icon::{Icon, icon},
    state::Folder,
    text::hidden::exact_name,
};

/// Asks whether the user trusts the folder, and shows its settings. Empty once the user has decided.
///
/// The buttons are below the settings, so that they are visible together with them only.
#[component]
pub(crate) fn FolderTrust(
    folder: Folder,
    /// Shows the settings at first. Otherwise the question is a single line that can be expanded, which leaves the room
    /// to the messages and the composer.
    #[prop(optional)]
    is_expanded: bool,
    t: &'static Texts,
) -> impl IntoView {
    let is_undecided = |project: &Project| {
        project.can_trust && project.trust == ProjectTrust::Undecided && !project.settings.is_empty()
    };
    let decision = move |class, label, trust| decision_button(folder, class, label, trust);
    let question = move || {
        folder.project.get().filter(is_undecided).map(|Project { path, settings, .. }| {
            view! {
                <section class="question trust" aria-label=t.folder_settings()>
                    <details open=is_expanded>
                        <summary>
                            {icon(Icon::Shield)}
                            <h2>{t.trust_folder()}</h2>
                            {icon(Icon::Chevron)}
                        </summary>
                        <p class="reason">{t.trust_hint()}</p>
                        <div class="request-details">
                            <FolderSettings settings t/>
                        </div>
                        <div class="location">
                            {icon(Icon::Folder)}
                            <code>{exact_name(&path, t)}</code>
                        </div>
                        <DecisionError folder t/>
                        <div class="choices">
                            {decision("button", t.trust(), ProjectTrust::Trusted)}
                            {decision("button quiet", t.do_not_trust(), ProjectTrust::Untrusted)}
                        </div>
                    </details>
                </section>
            }
        })
    };
    view! { {question} }
}

/// Says whether the folder is trusted, with a button that changes it. Empty for a folder without settings.
#[component]
pub(crate) fn FolderTrustStatus(folder: Folder, t: &'static Texts) -> impl IntoView {
    let has_status = |project: &Project| {
        project.can_trust && (project.trust == ProjectTrust::Trusted || !project.settings.is_empty())
    };
    let status = move || {
        folder.project.get().filter(has_status).map(|project| {
            let (text, label, opposite) = match project.trust {
                ProjectTrust::Trusted => (t.folder_trusted(), t.stop_trusting(), ProjectTrust::Untrusted),
                _ => (t.folder_not_trusted(), t.trust(), ProjectTrust::Trusted),
            };
            view! {
                <footer class="trust">
                    <p>
                        {text} " "
                        {decision_button(folder, "link", label, opposite)}
                    </p>
                    <p class="note">{t.trust_change_hint()}</p>
                    <DecisionError folder t/>
                </footer>
            }
        })
    };
    view! { {status} }
}

/// A button that decides whether the user trusts the folder.
fn decision_button(folder: Folder, class: &'static str, label: &'static str, trust: ProjectTrust) -> Node {
    view! {
        <button type="button" class=class on:click=move |_| folder.decide(trust)>
            {label}
        </button>
    }
}

/// Says why the user's decision could not be saved.
#[component]
fn DecisionError(folder: Folder, t: &'static Texts) -> impl IntoView {
    let error = move || {
        let failure = folder.failure.get();
        failure.map(|failure| view! { <p class="reason" role="alert">{t.failure(&failure)}</p> })
    };
    view! { {error} }
}

/// The codex settings of a folder, a list for each kind.
#[component]
fn FolderSettings(settings: ProjectSettings, t: &'static Texts) -> impl IntoView {
    let servers = settings.mcp_servers.iter().map(|server| format!("{}: {}", server.name, server.target));
    let hooks = settings.hooks.iter().map(|hook| format!("{}: {}", hook.event, hook.command));
    let lists: [(&'static str, Vec<String>); 5] = [
        (t.mcp_servers(), servers.collect()),
        (t.hooks(), hooks.collect()),
        (t.folder_rules(), settings.rules),
        (t.other_settings(), settings.other),
        (t.unreadable_files(), settings.unreadable),
    ];
    let lists = lists.into_iter().filter(|(_, settings)| !settings.is_empty()).map(|(label, settings)| {
        let rows = settings.iter().map(|setting| {
            view! {
                <li>
                    <code>{exact_name(setting, t)}</code>
                </li>
            }
        });
        view! {
            <div>
                <h3 class="label">{label}</h3>
                <ul>{rows.collect::<Vec<_>>()}</ul>
            </div>
        }
    });
    view! { {lists.collect::<Vec<_>>()} }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use codex_gateway_wire::api::ProjectMcpServer;

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

    /// Returns the question and the status of a folder.
    fn html(project: Project) -> [String; 2] {
        let t = Lang::En.texts();
        Owner::new().with(|| {
            let folder = Folder::new(Some(project));
            let question = view! { <FolderTrust folder t/> };
            let status = view! { <FolderTrustStatus folder t/> };
            [question.to_html(), status.to_html()]
        })
    }

    #[test]
    fn undecided_folder_is_asked_about_with_its_settings() {
        let [question, status] = html(project());
        assert!(question.contains("Trust it?") && question.contains("x: run "), "{question}");
        assert!(
            question.contains(r#"data-label="U+202E""#),
            "characters that reorder text are marked: {question}"
        );
        assert!(status.contains("are not used"), "{status}");
    }

    #[test]
    fn decided_folder_has_a_status_and_no_question() {
        let decided = |trust| html(Project { trust, ..project() });
        let [question, status] = decided(ProjectTrust::Trusted);
        assert!(!question.contains("Trust it?") && status.contains("Stop trusting"), "{status}");
        assert!(!decided(ProjectTrust::Untrusted)[0].contains("Trust it?"));
    }

    #[test]
    fn folder_without_settings_or_that_cannot_be_trusted_has_no_question_and_no_status() {
        let without_settings = Project { settings: ProjectSettings::default(), ..project() };
        for project in [without_settings, Project { can_trust: false, ..project() }] {
            let [question, status] = html(project);
            assert!(!question.contains("Trust it?") && !status.contains("not used"), "{question}{status}");
        }
    }
}
