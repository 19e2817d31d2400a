//! Project trust: `AGENTS.md` of a folder always reaches the model. Settings in its `.codex`, which run programs outside
//! of the sandbox, apply only if the owner or the operator trusts the folder.

use std::{fs, path::PathBuf};

use codex_gateway_mock_openai::{MockServer, Options};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    auth::{hours_from_now, sign},
    support::{Client, Gateway, Process, RecordingProxy, Session, Setup, eventually},
};

const READY: &str = "Reply with exactly the single word ready";
const SECRET: &str = "a-secret-of-thirty-two-characters";

/// A gateway with the real codex, a recorded model, and a repository `project` in its workspace.
///
/// Its `.codex` configures an MCP server. It has instructions at its root and in its directory `sub`.
struct Project {
    gateway: Gateway,
    upstream: RecordingProxy,
    /// File that the MCP server creates.
    marker: PathBuf,
    root: PathBuf,
    _mock_server: MockServer,
}

impl Project {
    async fn new() -> Self {
        Self::with_settings(|setup| setup).await
    }

    async fn with_settings(settings: impl FnOnce(Setup) -> Setup) -> Self {
        Self::with_config(settings, |_| String::new()).await
    }

    /// Starts the gateway with a codex configuration that may contain the project's path.
    async fn with_config(settings: impl FnOnce(Setup) -> Setup, config: impl FnOnce(&str) -> String) -> Self {
        let mock_server = MockServer::start(Options::default()).await.unwrap();
        let upstream = RecordingProxy::start(mock_server.base_url()).await;
        let setup = Setup::upstream(&upstream.base_url());
        let workspace = setup.data_dir().join("demo/workspace").canonicalize().unwrap();
        let (root, marker) = (workspace.join("project"), workspace.join("marker"));
        fs::create_dir_all(root.join(".codex/rules")).unwrap();
        fs::create_dir_all(root.join(".git/objects")).unwrap();
        fs::create_dir_all(root.join(".git/refs")).unwrap();
        fs::write(root.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        let server =
            format!("[mcp_servers.marker]\ncommand = \"touch\"\nargs = [{:?}]\n", marker.to_str().unwrap());
        fs::write(root.join(".codex/config.toml"), server).unwrap();
        fs::write(root.join(".codex/rules/own.rules"), "").unwrap();
        fs::create_dir(root.join("sub")).unwrap();
        fs::write(root.join("AGENTS.md"), "ROOT-INSTRUCTIONS").unwrap();
        fs::write(root.join("sub/AGENTS.md"), "HIDDEN-INSTRUCTIONS").unwrap();
        fs::write(root.join("sub/AGENTS.override.md"), "SUB-INSTRUCTIONS").unwrap();
        let config = config(root.to_str().unwrap());
        if !config.is_empty() {
            let home = setup.data_dir().join("demo/codex-home");
            fs::create_dir_all(&home).unwrap();
            fs::write(home.join("config.toml"), config).unwrap();
        }
        let gateway = settings(setup).start().await.catalog_loaded().await;
        Self { gateway, upstream, marker, root, _mock_server: mock_server }
    }

    fn path(&self, name: &str) -> String {
        self.root.join(name).to_str().unwrap().trim_end_matches('/').to_owned()
    }

    async fn session(&self, body: Value) -> Session {
        let mut all = json!({ "cwd": self.path("sub") });
        all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        self.gateway.create_with(&self.gateway.client, &all).await
    }

    /// Runs a turn. Returns what the model received.
    async fn model_input(&self, session: &Session) -> String {
        self.upstream.clear();
        session.run_turn(READY).await;
        self.upstream.recorded()
    }

    /// Returns the content of codex's configuration.
    fn home_config(&self) -> String {
        let path = self.gateway.data_dir().join("demo/codex-home/config.toml");
        fs::read_to_string(path).unwrap_or_default()
    }

    async fn set_trust(&self, client: &Client, trust: &str) -> Value {
        let body = json!({ "cwd": self.path("sub"), "trust": trust });
        client.post_json("/api/projects/trust", &body).await.ok()["project"].clone()
    }
}

/// Returns `true` if the model input names this sandbox mode.
fn has_sandbox(input: &str, sandbox: &str) -> bool {
    input.contains(&format!("`sandbox_mode` is `{sandbox}`"))
}

/// Asserts that the model input has the instructions of the project, in order.
#[track_caller]
fn assert_instructed(input: &str) {
    let root = input.find("ROOT-INSTRUCTIONS").expect("the instructions of the root reach the model");
    let sub = input.find("SUB-INSTRUCTIONS").expect("the nested instructions reach the model");
    assert!(root < sub, "nested instructions follow those of the root");
    assert!(!input.contains("HIDDEN-INSTRUCTIONS"), "an override replaces AGENTS.md");
}

#[tokio::test]
async fn instructions_apply_and_settings_are_ignored_by_default() {
    let project = Project::new().await;
    let session = project.session(json!({})).await;
    assert_eq!(session.reply["state"]["sandbox"], "workspace-write", "the session has its own sandbox");
    let input = project.model_input(&session).await;
    assert_instructed(&input);
    assert!(
        has_sandbox(&input, "workspace-write") && !has_sandbox(&input, "read-only"),
        "the session's sandbox applies"
    );

    // Another process resumes the thread.
    let mut events = session.subscribe().await;
    project.gateway.codex_processes().iter().for_each(Process::kill);
    events.find(|event| event.name == "warning").await;
    let input = project.model_input(&session).await;
    assert_instructed(&input);
    assert_eq!(session.state().await["sandbox"], "workspace-write");

    // A fork, and a review as the first turn of its process.
    let fork = session.client.post(&session.path("/thread/fork")).await.ok();
    let fork = Session::new(&session.client, fork);
    assert_eq!(fork.state().await["sandbox"], "workspace-write");
    assert_instructed(&project.model_input(&fork).await);
    project.upstream.clear();
    let review = project.session(json!({})).await;
    let mut events = review.subscribe().await;
    let target = json!({ "target": { "type": "custom", "instructions": "Look around" } });
    review.client.post_json(&review.path("/thread/review"), &target).await.ok();
    events.rest_of_turn().await;
    assert!(has_sandbox(&project.upstream.recorded(), "workspace-write"), "the sandbox applies to reviews");

    assert!(!project.marker.exists(), "no server of the project was started");
    assert_eq!(project.home_config(), "", "codex's configuration is unchanged");
    project.gateway.stop().await;
}

#[tokio::test]
async fn sandbox_of_new_thread_follows_codex_configuration() {
    let config = "[sandbox_workspace_write]\nnetwork_access = true\n".to_owned();
    let project = Project::with_config(|setup| setup, |_| config).await;
    let session = project.session(json!({})).await;
    let input = project.model_input(&session).await;
    assert_instructed(&input);
    assert!(
        input.contains("Network access is enabled"),
        "the network access of codex's configuration applies"
    );
    project.gateway.stop().await;
}

#[tokio::test]
async fn read_only_and_full_access_sandboxes_apply_to_sessions() {
    let project =
        Project::with_settings(|setup| setup.set("CODEX_GATEWAY_SANDBOX", "danger-full-access")).await;
    for sandbox in ["read-only", "danger-full-access"] {
        let session = project.session(json!({ "sandbox": sandbox })).await;
        assert_eq!(session.reply["state"]["sandbox"], sandbox);
        let input = project.model_input(&session).await;
        assert_instructed(&input);
        assert!(has_sandbox(&input, sandbox), "{sandbox}");
        assert_eq!(session.state().await["sandbox"], sandbox);
    }
    assert_eq!((project.marker.exists(), project.home_config()), (false, String::new()));
    project.gateway.stop().await;
}

#[tokio::test]
async fn trust_in_codex_configuration_is_ignored_and_instructions_apply() {
    for level in ["trusted", "untrusted"] {
        let config = |root: &str| {
            format!("developer_instructions = \"MINE\"\n[projects.{root:?}]\ntrust_level = \"{level}\"\n")
        };
        let project = Project::with_config(|setup| setup, config).await;
        let before = project.home_config();
        let session = project.session(json!({})).await;
        assert_eq!(session.reply["state"]["sandbox"], "workspace-write");
        let input = project.model_input(&session).await;
        assert_instructed(&input);
        assert!(input.contains("MINE") && has_sandbox(&input, "workspace-write"), "{level}");
        let mut events = session.subscribe().await;
        project.gateway.codex_processes().iter().for_each(Process::kill);
        events.find(|event| event.name == "warning").await;
        assert_instructed(&project.model_input(&session).await);
        assert!(!project.marker.exists(), "{level}");
        assert_eq!(project.home_config(), before, "{level}");
        // The owner's decision counts.
        project.set_trust(&session.client, "trusted").await;
        let input = project.model_input(&session).await;
        assert_instructed(&input);
        eventually("the project's server is started", || project.marker.exists()).await;
        assert_eq!(project.home_config(), before, "{level}");
        project.gateway.stop().await;
    }
}

#[tokio::test]
async fn owner_sees_project_settings_and_can_grant_and_revoke_trust() {
    let project = Project::new().await;
    let client = &project.gateway.client;
    let session = project.session(json!({})).await;
    project.model_input(&session).await;
    let status = client.get(&format!("/api/projects/status?cwd={}", project.path("sub"))).await.ok();
    let shown = &status["project"];
    assert_eq!((&shown["trust"], &shown["canTrust"]), (&json!("undecided"), &json!(true)));
    let server = json!({
        "name": "marker", "target": format!("touch {}", project.marker.display()),
        "file": project.path(".codex/config.toml"),
    });
    assert_eq!(shown["settings"]["mcpServers"], json!([server]));
    assert_eq!(shown["settings"]["rules"], json!([project.path(".codex/rules/own.rules")]));

    let before = project.gateway.codex_processes();
    let decided = project.set_trust(client, "trusted").await;
    assert_eq!(decided["trust"], "trusted");
    assert_instructed(&project.model_input(&session).await);
    eventually("the project's server is started", || project.marker.exists()).await;
    let after = project.gateway.codex_processes();
    assert!(
        before.iter().all(|old| after.iter().all(|new| new.pid != old.pid)),
        "the next turn has another process"
    );
    assert_eq!(project.home_config(), "", "the decision is not in codex's configuration");

    let list = client.get("/api/projects").await.ok();
    assert_eq!(list["projects"][0]["path"], project.path("sub"));
    assert_eq!(
        (list["projects"].as_array().unwrap().len(), &list["projects"][0]["trust"]),
        (1, &json!("trusted"))
    );

    fs::remove_file(&project.marker).unwrap();
    assert_eq!(project.set_trust(client, "untrusted").await["trust"], "untrusted");
    assert_instructed(&project.model_input(&session).await);
    project.session(json!({})).await;
    assert!(!project.marker.exists(), "the server is not started again");
    assert_eq!(project.set_trust(client, "undecided").await["trust"], "undecided");
    assert_eq!(client.get("/api/projects").await.ok()["projects"], json!([]));
    project.gateway.stop().await;
}

#[tokio::test]
async fn trust_decision_of_create_is_kept_for_the_folder_across_restart() {
    let mut project = Project::new().await;
    project.session(json!({ "trustProject": true })).await;
    eventually("the project's server is started", || project.marker.exists()).await;
    fs::remove_file(&project.marker).unwrap();
    project.gateway.restart().await;
    // The decision does not apply to the parent folder.
    project.session(json!({ "cwd": project.path("") })).await.run_turn(READY).await;
    assert!(!project.marker.exists());
    project.session(json!({})).await;
    eventually("the project's server is started", || project.marker.exists()).await;
    fs::remove_file(&project.marker).unwrap();
    project.session(json!({ "trustProject": false })).await.run_turn(READY).await;
    assert!(!project.marker.exists());
    project.gateway.stop().await;
}

#[tokio::test]
async fn trust_decision_applies_to_its_owner_only() {
    let project = Project::with_settings(|setup| setup.set("CODEX_GATEWAY_JWT_SECRET", SECRET)).await;
    let of = |sub: &str| {
        let token = sign(Algorithm::HS256, &json!({ "sub": sub, "exp": hours_from_now(1) }), SECRET);
        project.gateway.client.with_token(&token)
    };
    let (ada, bob) = (of("ada"), of("bob"));
    project.set_trust(&ada, "trusted").await;
    let cwd = json!({ "cwd": project.path("sub") });
    let session = project.gateway.create_with(&bob, &cwd).await;
    assert_instructed(&project.model_input(&session).await);
    assert!(!project.marker.exists());
    assert_eq!(bob.get("/api/projects").await.ok()["projects"], json!([]));
    let status = bob.get(&format!("/api/projects/status?cwd={}", project.path("sub"))).await.ok();
    assert_eq!(status["project"]["trust"], "undecided");
    project.gateway.create_with(&ada, &cwd).await;
    eventually("the project's server is started", || project.marker.exists()).await;
    project.gateway.stop().await;
}

#[tokio::test]
async fn trust_is_refused_if_the_operator_forbids_it() {
    let project = Project::with_settings(|setup| setup.set("CODEX_GATEWAY_TRUST_PROJECTS", "0")).await;
    let client = &project.gateway.client;
    let (cwd, trust) = (project.path("sub"), "trusted");
    client
        .post_json("/api/sessions", &json!({ "cwd": cwd, "trustProject": true }))
        .await
        .expect_error(403, "over_ceiling");
    let refused = client.post_json("/api/projects/trust", &json!({ "cwd": cwd, "trust": trust })).await;
    refused.expect_error(403, "over_ceiling");
    client
        .post_json("/api/projects/trust", &json!({ "cwd": "/", "trust": trust }))
        .await
        .expect_error(403, "over_ceiling");
    client.post_json("/api/projects/trust", &json!({ "cwd": cwd })).await.expect_error(400, "bad_body");
    client.get("/api/projects/status?cwd=/").await.expect_error(403, "outside_workspaces");
    client.get("/api/projects/status?cwd=nowhere").await.expect_error(400, "bad_cwd");
    let status = client.get(&format!("/api/projects/status?cwd={cwd}")).await.ok();
    assert_eq!(status["project"]["canTrust"], false);
    let session = project.session(json!({ "trustProject": false })).await;
    assert_instructed(&project.model_input(&session).await);
    assert!(!project.marker.exists());
    project.gateway.stop().await;
}

#[tokio::test]
async fn owner_can_distrust_a_folder_that_the_operator_trusts() {
    let project = Project::with_settings(|setup| setup.set("CODEX_GATEWAY_TRUST_PROJECTS", "1")).await;
    let session = project.session(json!({ "trustProject": false })).await;
    assert_instructed(&project.model_input(&session).await);
    assert!(!project.marker.exists());
    assert_eq!(project.set_trust(&session.client, "undecided").await["trust"], "trusted");
    project.session(json!({})).await;
    eventually("the project's server is started", || project.marker.exists()).await;
    assert_eq!(project.home_config(), "");
    project.gateway.stop().await;
}

#[tokio::test]
async fn decision_about_missing_folder_can_be_removed() {
    let project = Project::new().await;
    let client = &project.gateway.client;
    project.set_trust(client, "trusted").await;
    fs::remove_dir_all(&project.root).unwrap();
    let path = project.path("sub");
    let body = json!({ "cwd": path, "trust": "trusted" });
    client.post_json("/api/projects/trust", &body).await.expect_error(400, "bad_cwd");
    assert_eq!(project.set_trust(client, "undecided").await["path"], path);
    assert_eq!(client.get("/api/projects").await.ok()["projects"], json!([]));
    project.gateway.stop().await;
}

#[tokio::test]
async fn truncated_instructions_are_reported_once() {
    let project = Project::with_config(|setup| setup, |_| "project_doc_max_bytes = 20\n".to_owned()).await;
    let session = project.session(json!({})).await;
    let input = project.model_input(&session).await;
    assert!(input.contains("ROOT-INSTRUCTIONS") && !input.contains("SUB-INSTRUCTIONS"));
    let notices = async || {
        let snapshot = session.client.get(&session.path("/snapshot")).await.ok();
        let entries = snapshot["transcript"]["entries"].as_array().unwrap().clone();
        let notice = |entry: &Value| entry["content"]["notice"]["message"].as_str().map(str::to_owned);
        let all: Vec<String> = entries.iter().filter_map(notice).collect();
        all.into_iter().filter(|message| message.contains("20 bytes")).collect::<Vec<_>>()
    };
    let file = project.path("sub/AGENTS.override.md");
    assert_eq!(notices().await.len(), 1);
    assert!(notices().await[0].contains(&format!("the first 3 bytes of {file}")), "{:?}", notices().await);
    let mut events = session.subscribe().await;
    project.gateway.codex_processes().iter().for_each(Process::kill);
    events.find(|event| event.name == "warning").await;
    project.model_input(&session).await;
    assert_eq!(notices().await.len(), 1, "another process does not repeat the notice");
    session.client.post(&session.path("/thread/new")).await.ok();
    let warning = events.find(|event| event.name == "warning").await.json();
    assert_eq!(warning["type"], "instructionsCut");
    project.gateway.stop().await;
}
