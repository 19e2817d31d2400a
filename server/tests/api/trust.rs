//! What a folder brings along: `AGENTS.md` always reaches the model, and what `.codex` sets runs outside of the sandbox
//! only where the owner of a session, or the operator, trusts the folder.

use std::{fs, path::PathBuf};

use codex_gateway_standin::{Options, Standin};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::{
    auth::{hours_from_now, sign},
    support::{Client, Gateway, Process, Recorder, Session, Setup, eventually},
};

const READY: &str = "Reply with exactly the single word ready";
const SECRET: &str = "a-secret-of-thirty-two-characters";

/// A gateway with the real codex, a recorded model, and a workspace with a repository in it: `project`, whose `.codex` names
/// an MCP server, with instructions in the repository and in its directory `sub`.
struct Project {
    gateway: Gateway,
    upstream: Recorder,
    /// What the MCP server leaves behind.
    mark: PathBuf,
    root: PathBuf,
    _standin: Standin,
}

impl Project {
    async fn new() -> Self {
        Self::with(|setup| setup).await
    }

    async fn with(settings: impl FnOnce(Setup) -> Setup) -> Self {
        Self::in_home(settings, |_| String::new()).await
    }

    /// With a configuration in codex's home that knows the project's path.
    async fn in_home(settings: impl FnOnce(Setup) -> Setup, config: impl FnOnce(&str) -> String) -> Self {
        let standin = Standin::start(Options::default()).await.unwrap();
        let upstream = Recorder::start(standin.base_url()).await;
        let setup = Setup::upstream(&upstream.base_url());
        let workspace = setup.data_dir().join("demo/workspace").canonicalize().unwrap();
        let (root, mark) = (workspace.join("project"), workspace.join("mark"));
        fs::create_dir_all(root.join(".codex/rules")).unwrap();
        fs::create_dir_all(root.join(".git/objects")).unwrap();
        fs::create_dir_all(root.join(".git/refs")).unwrap();
        fs::write(root.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        let server =
            format!("[mcp_servers.marker]\ncommand = \"touch\"\nargs = [{:?}]\n", mark.to_str().unwrap());
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
        let gateway = settings(setup).start().await.settled().await;
        Self { gateway, upstream, mark, root, _standin: standin }
    }

    fn path(&self, name: &str) -> String {
        self.root.join(name).to_str().unwrap().trim_end_matches('/').to_owned()
    }

    async fn session(&self, body: Value) -> Session {
        let mut all = json!({ "cwd": self.path("sub") });
        all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        self.gateway.create_with(&self.gateway.client, &all).await
    }

    /// Says something in a session: what the model was told.
    async fn told(&self, session: &Session) -> String {
        self.upstream.forget();
        session.turn(READY).await;
        self.upstream.heard()
    }

    /// What stands in codex's own configuration.
    fn home_config(&self) -> String {
        let path = self.gateway.data_dir().join("demo/codex-home/config.toml");
        fs::read_to_string(path).unwrap_or_default()
    }

    async fn decide(&self, client: &Client, trust: &str) -> Value {
        let body = json!({ "cwd": self.path("sub"), "trust": trust });
        client.post_json("/api/projects/trust", &body).await.ok()["project"].clone()
    }
}

/// Whether the model was told that this sandbox is in force.
fn is_in(told: &str, sandbox: &str) -> bool {
    told.contains(&format!("`sandbox_mode` is `{sandbox}`"))
}

/// Asserts that the model knows the instructions of the project, each in its place.
#[track_caller]
fn assert_instructed(told: &str) {
    let root = told.find("ROOT-INSTRUCTIONS").expect("the instructions of the root reach the model");
    let sub = told.find("SUB-INSTRUCTIONS").expect("the nested instructions reach the model");
    assert!(root < sub, "the more specific ones come later");
    assert!(!told.contains("HIDDEN-INSTRUCTIONS"), "an override takes the place of AGENTS.md");
}

#[tokio::test]
async fn instructions_reach_the_model_by_default_and_settings_do_not_count() {
    let project = Project::new().await;
    let session = project.session(json!({})).await;
    assert_eq!(session.reply["state"]["sandbox"], "workspace-write", "as if it had been opened so");
    let told = project.told(&session).await;
    assert_instructed(&told);
    assert!(
        is_in(&told, "workspace-write") && !is_in(&told, "read-only"),
        "the session's sandbox is in force"
    );

    // In another process, which resumes the thread.
    let mut events = session.live().await;
    project.gateway.codexes().iter().for_each(Process::kill);
    events.find(|event| event.name == "warning").await;
    let told = project.told(&session).await;
    assert_instructed(&told);
    assert_eq!(session.state().await["sandbox"], "workspace-write");

    // In a fork, and in a turn of codex's own making that is the first of its process.
    let fork = session.client.post(&session.path("/thread/fork")).await.ok();
    let fork = Session::new(&session.client, fork);
    assert_eq!(fork.state().await["sandbox"], "workspace-write");
    assert_instructed(&project.told(&fork).await);
    project.upstream.forget();
    let review = project.session(json!({})).await;
    let mut events = review.live().await;
    let target = json!({ "target": { "type": "custom", "instructions": "Look around" } });
    review.client.post_json(&review.path("/thread/review"), &target).await.ok();
    events.turn().await;
    assert!(is_in(&project.upstream.heard(), "workspace-write"), "a review has the sandbox, too");

    assert!(!project.mark.exists(), "no server of the project was started");
    assert_eq!(project.home_config(), "", "codex's home was not told to trust anything");
    project.gateway.stop().await;
}

#[tokio::test]
async fn sandbox_of_a_new_thread_is_as_codex_configuration_has_it() {
    let config = "[sandbox_workspace_write]\nnetwork_access = true\n".to_owned();
    let project = Project::in_home(|setup| setup, |_| config).await;
    let session = project.session(json!({})).await;
    let told = project.told(&session).await;
    assert_instructed(&told);
    assert!(told.contains("Network access is enabled"), "the network that codex's configuration allows");
    project.gateway.stop().await;
}

#[tokio::test]
async fn read_only_and_full_access_sessions_have_their_sandbox() {
    let project = Project::with(|setup| setup.set("CODEX_GATEWAY_SANDBOX", "danger-full-access")).await;
    for sandbox in ["read-only", "danger-full-access"] {
        let session = project.session(json!({ "sandbox": sandbox })).await;
        assert_eq!(session.reply["state"]["sandbox"], sandbox);
        let told = project.told(&session).await;
        assert_instructed(&told);
        assert!(is_in(&told, sandbox), "{sandbox}");
        assert_eq!(session.state().await["sandbox"], sandbox);
    }
    assert_eq!((project.mark.exists(), project.home_config()), (false, String::new()));
    project.gateway.stop().await;
}

#[tokio::test]
async fn trust_in_codex_configuration_does_not_count_and_instructions_are_handed_over() {
    for level in ["trusted", "untrusted"] {
        let config = |root: &str| {
            format!("developer_instructions = \"MINE\"\n[projects.{root:?}]\ntrust_level = \"{level}\"\n")
        };
        let project = Project::in_home(|setup| setup, config).await;
        let before = project.home_config();
        let session = project.session(json!({})).await;
        assert_eq!(session.reply["state"]["sandbox"], "workspace-write");
        let told = project.told(&session).await;
        assert_instructed(&told);
        assert!(told.contains("MINE") && is_in(&told, "workspace-write"), "{level}");
        let mut events = session.live().await;
        project.gateway.codexes().iter().for_each(Process::kill);
        events.find(|event| event.name == "warning").await;
        assert_instructed(&project.told(&session).await);
        assert!(!project.mark.exists(), "{level}");
        assert_eq!(project.home_config(), before, "{level}");
        // The owner's decision does.
        project.decide(&session.client, "trusted").await;
        let told = project.told(&session).await;
        assert_instructed(&told);
        eventually("the project's server is started", || project.mark.exists()).await;
        assert_eq!(project.home_config(), before, "{level}");
        project.gateway.stop().await;
    }
}

#[tokio::test]
async fn owner_sees_what_a_folder_sets_and_trusts_it_until_they_do_not() {
    let project = Project::new().await;
    let client = &project.gateway.client;
    let session = project.session(json!({})).await;
    project.told(&session).await;
    let status = client.get(&format!("/api/projects/status?cwd={}", project.path("sub"))).await.ok();
    let shown = &status["project"];
    assert_eq!((&shown["trust"], &shown["canTrust"]), (&json!("undecided"), &json!(true)));
    let server = json!({
        "name": "marker", "target": format!("touch {}", project.mark.display()),
        "file": project.path(".codex/config.toml"),
    });
    assert_eq!(shown["settings"]["mcpServers"], json!([server]));
    assert_eq!(shown["settings"]["rules"], json!([project.path(".codex/rules/own.rules")]));

    let before = project.gateway.codexes();
    let decided = project.decide(client, "trusted").await;
    assert_eq!(decided["trust"], "trusted");
    assert_instructed(&project.told(&session).await);
    eventually("the project's server is started", || project.mark.exists()).await;
    let after = project.gateway.codexes();
    assert!(before.iter().all(|old| after.iter().all(|new| new.pid != old.pid)), "in another process");
    assert_eq!(project.home_config(), "", "the decision is the gateway's");

    let list = client.get("/api/projects").await.ok();
    assert_eq!(list["projects"][0]["path"], project.path("sub"));
    assert_eq!(
        (list["projects"].as_array().unwrap().len(), &list["projects"][0]["trust"]),
        (1, &json!("trusted"))
    );

    fs::remove_file(&project.mark).unwrap();
    assert_eq!(project.decide(client, "untrusted").await["trust"], "untrusted");
    assert_instructed(&project.told(&session).await);
    project.session(json!({})).await;
    assert!(!project.mark.exists(), "it is not started any more");
    assert_eq!(project.decide(client, "undecided").await["trust"], "undecided");
    assert_eq!(client.get("/api/projects").await.ok()["projects"], json!([]));
    project.gateway.stop().await;
}

#[tokio::test]
async fn decision_with_a_new_session_is_kept_for_the_folder_and_a_restart() {
    let mut project = Project::new().await;
    project.session(json!({ "trustProject": true })).await;
    eventually("the project's server is started", || project.mark.exists()).await;
    fs::remove_file(&project.mark).unwrap();
    project.gateway.restart().await;
    // In a folder beside it, nothing was decided.
    project.session(json!({ "cwd": project.path("") })).await.turn(READY).await;
    assert!(!project.mark.exists());
    project.session(json!({})).await;
    eventually("the project's server is started", || project.mark.exists()).await;
    fs::remove_file(&project.mark).unwrap();
    project.session(json!({ "trustProject": false })).await.turn(READY).await;
    assert!(!project.mark.exists());
    project.gateway.stop().await;
}

#[tokio::test]
async fn decision_is_of_one_owner() {
    let project = Project::with(|setup| setup.set("CODEX_GATEWAY_JWT_SECRET", SECRET)).await;
    let of = |sub: &str| {
        let token = sign(Algorithm::HS256, &json!({ "sub": sub, "exp": hours_from_now(1) }), SECRET);
        project.gateway.client.with_token(&token)
    };
    let (ada, bob) = (of("ada"), of("bob"));
    project.decide(&ada, "trusted").await;
    let cwd = json!({ "cwd": project.path("sub") });
    let session = project.gateway.create_with(&bob, &cwd).await;
    assert_instructed(&project.told(&session).await);
    assert!(!project.mark.exists());
    assert_eq!(bob.get("/api/projects").await.ok()["projects"], json!([]));
    let status = bob.get(&format!("/api/projects/status?cwd={}", project.path("sub"))).await.ok();
    assert_eq!(status["project"]["trust"], "undecided");
    project.gateway.create_with(&ada, &cwd).await;
    eventually("the project's server is started", || project.mark.exists()).await;
    project.gateway.stop().await;
}

#[tokio::test]
async fn nobody_trusts_more_than_the_operator() {
    let project = Project::with(|setup| setup.set("CODEX_GATEWAY_TRUST_PROJECTS", "0")).await;
    let client = &project.gateway.client;
    let (cwd, trust) = (project.path("sub"), "trusted");
    client
        .post_json("/api/sessions", &json!({ "cwd": cwd, "trustProject": true }))
        .await
        .refused(403, "over_ceiling");
    let refused = client.post_json("/api/projects/trust", &json!({ "cwd": cwd, "trust": trust })).await;
    refused.refused(403, "over_ceiling");
    client
        .post_json("/api/projects/trust", &json!({ "cwd": "/", "trust": trust }))
        .await
        .refused(403, "over_ceiling");
    client.post_json("/api/projects/trust", &json!({ "cwd": cwd })).await.refused(400, "bad_body");
    client.get("/api/projects/status?cwd=/").await.refused(403, "outside_workspaces");
    client.get("/api/projects/status?cwd=nowhere").await.refused(400, "bad_cwd");
    let status = client.get(&format!("/api/projects/status?cwd={cwd}")).await.ok();
    assert_eq!(status["project"]["canTrust"], false);
    let session = project.session(json!({ "trustProject": false })).await;
    assert_instructed(&project.told(&session).await);
    assert!(!project.mark.exists());
    project.gateway.stop().await;
}

#[tokio::test]
async fn operator_may_trust_all_and_an_owner_less() {
    let project = Project::with(|setup| setup.set("CODEX_GATEWAY_TRUST_PROJECTS", "1")).await;
    let session = project.session(json!({ "trustProject": false })).await;
    assert_instructed(&project.told(&session).await);
    assert!(!project.mark.exists());
    assert_eq!(project.decide(&session.client, "undecided").await["trust"], "trusted");
    project.session(json!({})).await;
    eventually("the project's server is started", || project.mark.exists()).await;
    assert_eq!(project.home_config(), "");
    project.gateway.stop().await;
}

#[tokio::test]
async fn folder_that_is_gone_can_be_forgotten() {
    let project = Project::new().await;
    let client = &project.gateway.client;
    project.decide(client, "trusted").await;
    fs::remove_dir_all(&project.root).unwrap();
    let path = project.path("sub");
    let body = json!({ "cwd": path, "trust": "trusted" });
    client.post_json("/api/projects/trust", &body).await.refused(400, "bad_cwd");
    assert_eq!(project.decide(client, "undecided").await["path"], path);
    assert_eq!(client.get("/api/projects").await.ok()["projects"], json!([]));
    project.gateway.stop().await;
}

#[tokio::test]
async fn instructions_that_codex_cuts_are_told_once() {
    let project = Project::in_home(|setup| setup, |_| "project_doc_max_bytes = 20\n".to_owned()).await;
    let session = project.session(json!({})).await;
    let told = project.told(&session).await;
    assert!(told.contains("ROOT-INSTRUCTIONS") && !told.contains("SUB-INSTRUCTIONS"));
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
    let mut events = session.live().await;
    project.gateway.codexes().iter().for_each(Process::kill);
    events.find(|event| event.name == "warning").await;
    project.told(&session).await;
    assert_eq!(notices().await.len(), 1, "not again by each process");
    session.client.post(&session.path("/thread/new")).await.ok();
    let warning = events.find(|event| event.name == "warning").await.json();
    assert_eq!(warning["type"], "instructionsCut");
    project.gateway.stop().await;
}
