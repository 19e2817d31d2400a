//! `/api/sessions`: create, state, list, delete, the limit of processes, and expiry.

use std::collections::HashSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::{
    auth::{SECRET, token_for},
    support::{Client, Gateway, Setup, eventually},
};

/// Returns the sorted member names of an object.
fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_default();
    let plain =
        text.len() >= "2026-11-23T17:49:20Z".len() && text.as_bytes()[10] == b'T' && text.ends_with('Z');
    assert!(plain, "not RFC 3339 in UTC: {value}");
}

#[tokio::test]
async fn session_state_has_all_documented_fields() {
    let gateway = Gateway::demo().await;
    let session = gateway.create().await;
    session.run_turn("Reply with exactly the single word ready. Do not call tools.").await;

    let reply = gateway.client.get(&session.path("/state")).await.ok();
    assert_eq!(members(&reply), ["lastEventId", "ok", "session", "sessionId", "state"]);
    assert_eq!((&reply["ok"], &reply["sessionId"]), (&json!(true), &json!(session.id)));

    let info = &reply["session"];
    assert_eq!(members(info), ["approvals", "createdAt", "expiresAt", "id", "lastAccessAt"]);
    assert_eq!(info["id"], json!(session.id));
    for name in ["createdAt", "lastAccessAt", "expiresAt"] {
        assert_time(&info[name]);
    }

    let state = &reply["state"];
    let documented = [
        "account",
        "activeTurn",
        "approvalPolicy",
        "currentTurnId",
        "cwd",
        "effort",
        "lastTurnStatus",
        "mcpServers",
        "models",
        "pendingRequests",
        "queue",
        "ready",
        "recentEvents",
        "runtime",
        "sandbox",
        "selectedModel",
        "startedAt",
        "threadId",
        "threadStatus",
        "transcript",
    ];
    assert_eq!(members(state), documented);
    assert_eq!(state["ready"], true);
    assert_eq!(state["cwd"], json!(gateway.workspace()));
    assert_time(&state["startedAt"]);
    assert_eq!(members(&state["runtime"]), ["platformFamily", "platformOs", "userAgent"]);
    assert_eq!(
        (&state["runtime"]["platformFamily"], &state["runtime"]["platformOs"]),
        (&json!("unix"), &json!("linux"))
    );
    assert!(state["runtime"]["userAgent"].as_str().unwrap().contains("0.171.0"), "{}", state["runtime"]);
    assert_eq!(
        state["account"],
        json!({ "raw": null, "summary": "no sign-in needed", "requiresOpenaiAuth": false })
    );
    let models = state["models"].as_array().unwrap();
    for model in models {
        assert_eq!(
            members(model),
            [
                "defaultReasoningEffort",
                "displayName",
                "hidden",
                "inputModalities",
                "isDefault",
                "model",
                "supportedReasoningEfforts",
                "supportsPersonality"
            ]
        );
        let efforts = model["supportedReasoningEfforts"].as_array().unwrap();
        assert!(efforts.iter().any(|effort| effort["reasoningEffort"] == model["defaultReasoningEffort"]));
        assert!(model["inputModalities"].as_array().unwrap().contains(&json!("text")), "{model}");
    }
    let default = models.iter().find(|model| model["isDefault"] == true).unwrap();
    assert_eq!(state["selectedModel"], default["model"]);
    assert!(state["threadId"].is_string());
    assert_eq!(state["threadStatus"]["type"], "idle");
    assert_eq!(
        (&state["activeTurn"], &state["currentTurnId"], &state["lastTurnStatus"]),
        (&json!(false), &Value::Null, &json!("completed"))
    );

    let transcript = state["transcript"].as_array().unwrap();
    for entry in transcript {
        assert_eq!(members(entry), ["createdAt", "id", "role", "source", "status", "text"]);
        assert!(entry["createdAt"].as_i64().is_some_and(|ms| ms > 1_700_000_000_000), "{entry}");
    }
    let messages: Vec<_> =
        transcript.iter().map(|entry| (&entry["role"], &entry["text"], &entry["status"])).collect();
    let prompt = json!("Reply with exactly the single word ready. Do not call tools.");
    assert_eq!(
        messages,
        [
            (&json!("user"), &prompt, &json!("completed")),
            (&json!("assistant"), &json!("ready"), &json!("completed"))
        ]
    );
    let recent = state["recentEvents"].as_array().unwrap();
    assert!(recent.iter().any(|event| event["method"] == "turn/completed" && event["status"] == "completed"));
    for event in recent {
        assert_eq!(members(event), ["at", "itemId", "itemType", "method", "status", "textPreview", "type"]);
        assert_time(&event["at"]);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn created_session_is_ready_and_has_its_model() {
    let gateway = Gateway::demo().await;
    let session = gateway.create_with(&gateway.client, &json!({ "model": "gpt-5.5" })).await;
    let state = &session.reply["state"];
    assert_eq!((&state["ready"], &state["activeTurn"]), (&json!(true), &json!(false)));
    assert_eq!(state["selectedModel"], "gpt-5.5");
    assert_eq!((&state["transcript"], &state["lastTurnStatus"]), (&json!([]), &Value::Null));
    gateway.stop().await;
}

#[tokio::test]
async fn create_accepts_an_empty_body() {
    let gateway = Gateway::fake("normal").await;
    let client = &gateway.client;
    let replies = [
        client.post("/api/sessions").await,
        client.post_json("/api/sessions", &json!({})).await,
        client.post_json("/api/sessions", &json!({ "model": null })).await,
        client.post_json("/api/sessions", &json!({ "model": "", "aFieldOfTomorrow": 1 })).await,
    ];
    for reply in replies {
        assert_eq!(reply.ok()["state"]["selectedModel"], "fake-1");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn model_setting_is_the_default_of_sessions() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_MODEL", "fake-9").start().await;
    assert_eq!(gateway.create().await.reply["state"]["selectedModel"], "fake-9");
    let chosen = gateway.create_with(&gateway.client, &json!({ "model": "fake-7" })).await;
    assert_eq!(chosen.reply["state"]["selectedModel"], "fake-7");
    gateway.stop().await;
}

#[tokio::test]
async fn concurrently_created_sessions_are_independent() {
    const COUNT: usize = 4;
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let sessions = join_all((0..COUNT).map(|_| gateway.create())).await;
    let threads: HashSet<_> =
        sessions.iter().map(|s| s.reply["state"]["threadId"].as_str().unwrap()).collect();
    let ids: HashSet<_> = sessions.iter().map(|session| session.id.as_str()).collect();
    assert_eq!((threads.len(), ids.len(), gateway.codex_processes().len()), (COUNT, COUNT, COUNT));

    let answers = join_all(sessions.iter().enumerate().map(async |(n, session)| {
        session.run_turn(&format!("Reply with exactly the single word word{n}")).await;
        session.state().await["transcript"][1]["text"].clone()
    }))
    .await;
    assert_eq!(answers, ["word0", "word1", "word2", "word3"]);
    gateway.stop().await;
}

#[tokio::test]
async fn delete_ends_the_session_and_its_process() {
    let gateway = Gateway::demo().await.catalog_loaded().await;
    let session = gateway.create().await;
    let other = gateway.create().await;
    let mut events = session.subscribe().await;
    assert_eq!(gateway.codex_processes().len(), 2);

    let reply = gateway.client.delete(&session.path("")).await.ok();
    assert_eq!(gateway.codex_processes().len(), 1, "the process is gone when the session is deleted");
    assert_eq!(reply, json!({ "ok": true, "sessionId": session.id }));
    let closed = events.expect("session-closed").await;
    assert_eq!(closed.json(), json!({ "sessionId": session.id, "reason": "deleted" }));
    assert_eq!(events.next().await, None);

    for reply in request_every_session_route(&gateway.client, &session.id).await {
        reply.expect_error(404, "not_found");
    }
    other.run_turn("Hello").await;
    gateway.stop().await;
}

#[tokio::test]
async fn exactly_one_of_concurrent_deletes_wins() {
    let gateway = Gateway::fake("endless-turn").await.catalog_loaded().await;
    let session = gateway.create().await;
    session.start_turn("Hello").await;
    let path = session.path("");
    let replies = join_all((0..8).map(|_| gateway.client.delete(&path))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for reply in lost {
        reply.expect_error(404, "not_found");
    }
    assert_eq!(gateway.processes(), []);
    gateway.stop().await;
}

/// Id of a thread that does not exist.
pub(crate) const UNKNOWN_THREAD: &str = "01a20e10-dd5c-77d0-a855-1d445237cc9e";

/// Requests every route of a session with this id.
pub(crate) async fn request_every_session_route(client: &Client, id: &str) -> Vec<crate::support::Reply> {
    let path = |rest: &str| format!("/api/sessions/{id}{rest}");
    vec![
        client.get(&path("/state")).await,
        client.get(&path("/snapshot")).await,
        client.get(&path("/events")).await,
        client.post_json(&path("/turn"), &json!({ "prompt": "Hello" })).await,
        client.post(&path("/turn/interrupt")).await,
        client.post(&path("/thread/new")).await,
        client.post_json(&path("/thread/resume"), &json!({ "threadId": UNKNOWN_THREAD })).await,
        client.get(&path("/requests")).await,
        client.post_json(&path("/requests/0b5e"), &json!({ "decision": "accept" })).await,
        client.delete(&path("")).await,
    ]
}

#[tokio::test]
async fn invalid_session_id_is_not_found() {
    let gateway = Gateway::fake("normal").await;
    let long = "x".repeat(10 * 1024);
    for id in [
        "..%2f",
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        "%20",
        "%ff%fe",
        "%zz",
        "日本語",
        "%E6%97%A5",
        "null",
        "0",
        "*",
        &long,
        "00000000-0000-0000-0000-000000000000",
    ] {
        for reply in request_every_session_route(&gateway.client, id).await {
            reply.expect_error(404, "not_found");
        }
    }
    for path in
        ["/api/sessions/", "/api/sessions//state", "/api/sessions/../state", "/api/sessions/%2e%2e/state"]
    {
        gateway.client.get(path).await.expect_error(404, "not_found");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn creates_beyond_the_limit_wait_for_sessions_being_created() {
    let gateway = Setup::fake("normal").start().await.catalog_loaded().await;
    let replies = join_all((0..24).map(|_| gateway.client.post("/api/sessions"))).await;
    for reply in replies {
        reply.ok();
    }
    assert_eq!(gateway.codex_processes().len(), 12, "as many as the limit of processes");
    gateway.stop().await;
}

#[tokio::test]
async fn abandoned_create_keeps_its_permit_until_the_process_exits() {
    let gateway =
        Setup::fake("normal").set("CODEX_GATEWAY_MAX_SESSIONS", "1").start().await.catalog_loaded().await;
    gateway.fake_codex().set_mode("silent-until-sigterm");
    let mut abandoned = gateway.client.connect().await;
    let head = "POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    abandoned.write_all(head.as_bytes()).await.unwrap();
    eventually("the process receives a request", || gateway.fake_codex().unanswered_count() == 1).await;
    gateway.fake_codex().set_mode("normal");
    drop(abandoned);
    // The process only exits on SIGTERM. Until then it counts against the limit.
    while gateway.client.post("/api/sessions").await.status != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(gateway.codex_processes().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn unused_session_expires() {
    let gateway = Setup::fake("normal")
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "300")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20")
        .start()
        .await
        .catalog_loaded()
        .await;
    let session = gateway.create().await;
    let mut events = session.subscribe().await;
    let closed = events.expect("session-closed").await;
    assert_eq!(closed.json(), json!({ "sessionId": session.id, "reason": "expired" }));
    assert_eq!(events.next().await, None);
    gateway.client.get(&session.path("/state")).await.expect_error(404, "not_found");
    eventually("its process exits", || gateway.processes().is_empty()).await;
    gateway.stop().await;
}

#[tokio::test]
async fn expired_session_names_its_thread_to_its_owner_and_its_page_redirects() {
    let setup = Setup::demo()
        .set("CODEX_GATEWAY_JWT_SECRET", SECRET)
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "1500")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20");
    let gateway = setup.with_pages().start().await;
    let [ada, bob] = ["ada", "bob"].map(|name| gateway.client.with_token(&token_for(name)));
    let session = gateway.create_with(&ada, &json!({})).await;
    let mut events = session.subscribe().await;
    session.start_turn("Reply with exactly the single word ready").await;
    let thread = session.state().await["threadId"].as_str().unwrap().to_owned();
    events.find(|event| event.name == "session-closed").await;

    let gone = ada.get(&session.path("/state")).await;
    gone.expect_error(404, "not_found");
    assert_eq!(gone.json()["threadId"], json!(thread));
    let page = format!("/c/{}", session.id);
    let redirect = ada.get(&page).await;
    let location = format!("/t/{thread}");
    assert_eq!((redirect.status.as_u16(), redirect.header("location")), (307, Some(location.as_str())));
    let shown = ada.get(&location).await;
    assert!(shown.status == 200 && shown.text().contains("Reply with exactly the single word ready"));

    let stranger = bob.get(&session.path("/state")).await;
    stranger.expect_error(404, "not_found");
    assert_eq!(stranger.json()["threadId"], Value::Null);
    assert_eq!(bob.get(&page).await.status, 404);

    let next = gateway.create_with(&ada, &json!({ "resumeThreadId": thread })).await;
    let turn = next.run_turn("Reply with exactly the single word more").await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");

    ada.delete(&format!("/api/threads/{thread}")).await.ok();
    let gone = ada.get(&session.path("/state")).await;
    gone.expect_error(404, "not_found");
    assert_eq!(gone.json()["threadId"], Value::Null, "a deleted thread is not named");
    assert_eq!(ada.get(&page).await.status, 404);
    gateway.stop().await;
}

#[tokio::test]
async fn session_with_running_turn_does_not_expire() {
    let gateway = Setup::fake("endless-turn")
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "200")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "20")
        .start()
        .await;
    let session = gateway.create().await;
    session.start_turn("Take your time.").await;
    // A session that is created later and idle expires first.
    let idle = gateway.create().await;
    let mut events = idle.subscribe().await;
    events.find(|event| event.name == "session-closed").await;
    assert_eq!(session.state().await["activeTurn"], true);
    gateway.stop().await;
}

#[tokio::test]
async fn session_with_zero_time_to_live_has_no_expiry() {
    let gateway = Setup::fake("normal").set("CODEX_GATEWAY_SESSION_TTL_MS", "0").start().await;
    assert_eq!(gateway.create().await.reply["session"]["expiresAt"], Value::Null);
    gateway.stop().await;
}

#[tokio::test]
async fn session_list_is_paged() {
    let mut gateway = Setup::fake("normal").set("CODEX_GATEWAY_MAX_SESSIONS", "9").start().await;
    let mut created = Vec::new();
    for _ in 0..5 {
        created.push(gateway.create().await.id);
    }
    created.reverse();
    // Before a restart from memory; afterwards one from memory and the others from the store.
    for restarted in [false, true] {
        if restarted {
            gateway.kill_and_restart().await;
            gateway.client.get(&format!("/api/sessions/{}", created[0])).await.ok();
        }
        let (mut pages, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/sessions?limit=2&cursor={cursor}");
            let page = gateway.client.get(&path).await.ok();
            let sessions = page["sessions"].as_array().unwrap();
            pages.push(
                sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(),
            );
            let Some(next) = page["nextCursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!(pages.concat(), created, "restarted: {restarted}");
    }
    for bad in ["limit=0", "limit=101", "limit=x", "cursor=nothing"] {
        gateway.client.get(&format!("/api/sessions?{bad}")).await.expect_error(400, "bad_query");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn session_list_is_ordered_by_last_access() {
    let gateway = Gateway::fake("asks").await;
    let client = &gateway.client;
    let empty = client.get("/api/sessions").await.ok();
    assert_eq!(empty, json!({ "ok": true, "sessions": [], "nextCursor": null }));
    let first = gateway.create_with(client, &json!({ "approvals": "ask" })).await;
    let second = gateway.create().await;
    let mut events = first.subscribe().await;
    first.start_turn("Count the files").await;
    events.find(|event| event.name == "request").await;

    let list = client.get("/api/sessions").await.ok();
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.iter().map(|session| &session["id"]).collect::<Vec<_>>(), [&first.id, &second.id]);
    let names = [
        "approvals",
        "createdAt",
        "cwd",
        "expiresAt",
        "id",
        "lastAccessAt",
        "running",
        "threadId",
        "title",
        "waiting",
    ];
    for (listed, session) in sessions.iter().zip([&first, &second]) {
        assert_eq!(members(listed), names);
        assert_eq!(listed["threadId"], session.reply["state"]["threadId"]);
        assert_eq!(listed["cwd"], json!(gateway.workspace()));
        for name in ["createdAt", "lastAccessAt", "expiresAt"] {
            assert_time(&listed[name]);
        }
    }
    let about =
        |session: &Value| ["title", "running", "waiting", "approvals"].map(|name| session[name].clone());
    assert_eq!(about(&sessions[0]), [json!("Count the files"), json!(true), json!(true), json!("ask")]);
    assert_eq!(about(&sessions[1]), [Value::Null, json!(false), json!(false), json!("ask-or-decline")]);

    let expires = sessions[1]["expiresAt"].clone();
    let again = client.get("/api/sessions").await.ok();
    assert_eq!(again["sessions"][1]["expiresAt"], expires, "listing does not count as use");

    let read = client.get(&second.path("")).await.ok();
    assert_eq!(members(&read), ["lastEventId", "ok", "session", "sessionId"]);
    assert_eq!((&read["sessionId"], members(&read["session"])), (&json!(second.id), names.to_vec()));
    client.get("/api/sessions/nothing").await.expect_error(404, "not_found");

    first.delete().await;
    assert_eq!(client.get("/api/sessions").await.ok()["sessions"].as_array().unwrap().len(), 1);
    gateway.stop().await;
}
