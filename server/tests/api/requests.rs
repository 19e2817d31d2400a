//! `/api/sessions/{id}/requests`: what codex asks, who answers it, and what codex is told.

use std::collections::{BTreeMap, BTreeSet};

use codex_gateway_wire::Timestamp;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{Event, Events, Gateway, Session, Setup};

/// A session whose questions wait.
pub(crate) async fn asking(gateway: &Gateway) -> Session {
    gateway.create_with(&gateway.client, &json!({ "approvals": "ask" })).await
}

/// A turn that has asked all that people answer: its stream, and the requests by their kind.
async fn asked(session: &Session) -> (Events, BTreeMap<String, Value>) {
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    let mut requests = BTreeMap::new();
    while requests.len() < 5 {
        let request = events.find(|event| event.name == "request").await.json();
        requests.insert(request["kind"].as_str().unwrap().to_owned(), request);
    }
    (events, requests)
}

async fn listed(session: &Session) -> Vec<Value> {
    let list = session.client.get(&session.path("/requests")).await.ok();
    list["requests"].as_array().unwrap().clone()
}

fn path(session: &Session, request: &Value) -> String {
    session.path(&format!("/requests/{}", request["id"].as_str().unwrap()))
}

async fn answer(session: &Session, request: &Value, body: &Value) -> Value {
    session.client.post_json(&path(session, request), body).await.ok()["resolved"].clone()
}

/// What codex received, by method: the fake one says it at the end of its turn.
fn received(turn: &[Event]) -> Value {
    let state = turn.last().unwrap().json();
    let said = state["transcript"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned();
    serde_json::from_str(&said).unwrap()
}

#[tokio::test]
async fn what_nobody_may_answer_is_declined_at_once_and_shown_as_it_was_answered() {
    let gateway = Gateway::fake("asks").await;
    let session = gateway.create_with(&gateway.client, &json!({ "approvals": "decline" })).await;
    let turn = session.turn("Hello").await;
    let shown: BTreeMap<String, Value> = turn
        .iter()
        .filter(|event| event.name == "server-request")
        .map(|event| (event.method(), event.json()))
        .collect();
    let declined = |result: Value| (true, true, result);
    let denied = json!({ "decision": { "denied": { "rejection": "The user declined." } } });
    let refused = |method: &str| {
        (
            false,
            false,
            json!({ "code": -32601, "message": format!("{method} is not supported by this client") }),
        )
    };
    let no_tools = json!({
        "contentItems": [{ "type": "inputText", "text": "This client offers no tools." }], "success": false,
    });
    let expected = BTreeMap::from([
        ("item/commandExecution/requestApproval", declined(json!({ "decision": "decline" }))),
        ("item/fileChange/requestApproval", declined(json!({ "decision": "decline" }))),
        ("item/permissions/requestApproval", declined(json!({ "permissions": {}, "scope": "turn" }))),
        ("item/tool/requestUserInput", declined(json!({ "answers": {} }))),
        (
            "mcpServer/elicitation/request",
            declined(json!({ "action": "decline", "content": null, "_meta": null })),
        ),
        ("item/tool/call", (true, false, no_tools)),
        ("applyPatchApproval", declined(denied.clone())),
        ("execCommandApproval", declined(denied)),
        ("account/chatgptAuthTokens/refresh", refused("account/chatgptAuthTokens/refresh")),
        ("attestation/generate", refused("attestation/generate")),
        ("currentTime/read", refused("currentTime/read")),
        ("moon/land", refused("moon/land")),
    ]);
    assert_eq!(shown.len(), expected.len(), "{shown:#?}");
    for (method, (handled, for_people, answer)) in &expected {
        let event = &shown[*method];
        let outcome = if *handled { "result" } else { "error" };
        assert_eq!((&event["handled"], &event[outcome]), (&json!(handled), answer), "{method}");
        let members: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
        let documented = ["error", "handled", "method", "params", "result"];
        assert_eq!(
            members.iter().filter(|name| **name != "requestId").copied().collect::<Vec<_>>(),
            documented
        );
        assert_eq!(event["requestId"].is_string(), *for_people, "{method}");
        assert_eq!(&received(&turn)[*method], answer, "what codex received for {method}");
    }
    let of = |name: &str| turn.iter().filter(|event| event.name == name).map(Event::json).collect::<Vec<_>>();
    let ids = |events: &[Value], key: &str| -> BTreeSet<String> {
        events.iter().map(|event| event[key].as_str().unwrap().to_owned()).collect()
    };
    let (requests, ends) = (of("request"), of("request-resolved"));
    assert_eq!((requests.len(), ends.len()), (7, 7), "each has exactly one end");
    assert_eq!(ids(&requests, "id"), ids(&ends, "id"));
    assert!(ends.iter().all(|end| (&end["outcome"], &end["by"]) == (&json!("declined"), &json!("policy"))));
    assert_eq!(listed(&session).await, [] as [Value; 0]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_request_says_what_is_asked_and_what_can_be_answered() {
    let gateway = Gateway::fake("asks-together").await;
    let session = asking(&gateway).await;
    let (_events, requests) = asked(&session).await;
    let offered = |kind: &str| requests[kind]["availableDecisions"].clone();
    let rule = json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["cargo", "test"] } });
    // Codex offers to allow a host as well; that has nothing to do with this command.
    assert_eq!(offered("command"), json!(["accept", rule, "decline", "cancel"]), "declining is added");
    assert_eq!(offered("fileChange"), json!(["accept", "acceptForSession", "decline", "cancel"]));
    assert_eq!(offered("permissions"), json!(["accept", "acceptForSession", "decline"]));
    assert_eq!(offered("userInput"), json!(["decline"]));
    assert_eq!(offered("elicitation"), json!(["accept", "decline", "cancel"]));
    for request in requests.values() {
        let ms = |name: &str| serde_json::from_value::<Timestamp>(request[name].clone()).unwrap().ms();
        assert!(request["createdAt"].is_string(), "{request}");
        assert_eq!(ms("deadline") - ms("createdAt"), 24 * 3600 * 1000);
        assert_eq!(request["params"]["threadId"], session.reply["state"]["threadId"]);
    }
    let list = listed(&session).await;
    assert_eq!(list.len(), 5);
    assert!(list.iter().all(|request| requests.values().any(|told| told == request)), "listed as told");
    let state = session.state().await;
    assert_eq!((&state["pendingRequests"], &state["activeTurn"]), (&json!(list), &json!(true)));
    gateway.stop().await;
}

#[tokio::test]
async fn each_kind_is_answered_in_its_own_way() {
    let secret = "hush-hush-hush";
    let gateway = Setup::fake("asks-together").set("CODEX_GATEWAY_DEBUG", "1").start().await;
    let session = asking(&gateway).await;
    let (mut events, requests) = asked(&session).await;
    let rule = requests["command"]["availableDecisions"][1].clone();
    let part = json!({ "fileSystem": { "write": ["/b"] } });
    let trip = json!({ "city": "Rome", "nights": 2, "breakfast": true });
    let answers = [
        ("command", json!({ "decision": rule }), "accepted"),
        ("fileChange", json!({ "decision": "acceptForSession" }), "accepted"),
        ("permissions", json!({ "decision": "accept", "permissions": part }), "accepted"),
        ("userInput", json!({ "answers": { "colour": "Red", "password": [secret] } }), "answered"),
        ("elicitation", json!({ "action": "accept", "content": trip }), "accepted"),
    ];
    for (kind, body, outcome) in &answers {
        let resolved = answer(&session, &requests[*kind], body).await;
        assert_eq!(
            (&resolved["id"], &resolved["outcome"], &resolved["by"]),
            (&requests[*kind]["id"], &json!(outcome), &json!("user"))
        );
    }
    let turn = events.turn().await;
    let received = received(&turn);
    // The rule is the gateway's own.
    assert_eq!(received["item/commandExecution/requestApproval"], json!({ "decision": "accept" }));
    assert_eq!(received["item/fileChange/requestApproval"], json!({ "decision": "acceptForSession" }));
    assert_eq!(received["item/permissions/requestApproval"], json!({ "permissions": part, "scope": "turn" }));
    assert_eq!(
        received["item/tool/requestUserInput"],
        json!({ "answers": { "colour": { "answers": ["Red"] }, "password": { "answers": [secret] } } })
    );
    assert_eq!(
        received["mcpServer/elicitation/request"],
        json!({ "action": "accept", "content": trip, "_meta": null })
    );
    // What the fake codex says of what it received is the one place where the secret stands.
    let ends = turn.iter().filter(|event| event.name == "request-resolved").count();
    assert_eq!(ends, 5);
    for event in turn.iter().filter(|event| event.name != "state" && event.name != "notification") {
        let said_by_codex = event.name == "raw" && event.data.contains(r#""direction":"in""#);
        assert!(said_by_codex || !event.data.contains(secret), "{event:?}");
    }
    assert_eq!(listed(&session).await, [] as [Value; 0]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_bad_answer_is_refused_and_the_request_still_waits() {
    let gateway = Gateway::fake("asks-together").await;
    let session = asking(&gateway).await;
    let (_events, requests) = asked(&session).await;
    for (kind, body, code) in [
        ("command", json!({}), "bad_answer"),
        ("command", json!({ "decision": "acceptForSession" }), "bad_answer"),
        (
            "command",
            json!({ "decision": { "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["rm"] } } }),
            "bad_answer",
        ),
        ("command", json!({ "decison": "accept" }), "bad_body"),
        ("command", json!("accept"), "bad_body"),
        (
            "permissions",
            json!({ "decision": "accept", "permissions": { "fileSystem": { "write": ["/"] } } }),
            "bad_answer",
        ),
        ("userInput", json!({ "answers": {} }), "bad_answer"),
        ("userInput", json!({ "answers": { "colour": "Blue", "password": "" } }), "bad_answer"),
        ("userInput", json!({ "decision": "accept" }), "bad_answer"),
        ("elicitation", json!({ "action": "accept", "content": { "nights": 2 } }), "bad_answer"),
        (
            "elicitation",
            json!({ "action": "accept", "content": { "city": "Rome", "nights": "two" } }),
            "bad_answer",
        ),
    ] {
        session.client.post_json(&path(&session, &requests[kind]), &body).await.refused(400, code);
    }
    session.client.post(&path(&session, &requests["command"])).await.refused(400, "bad_body");
    let form = session.client.with("content-type", "application/x-www-form-urlencoded");
    form.send("POST", &path(&session, &requests["command"]), b"decision=accept")
        .await
        .refused(400, "bad_body");
    assert_eq!(listed(&session).await.len(), 5);
    gateway.stop().await;
}

#[tokio::test]
async fn of_many_who_answer_at_once_one_wins_and_the_others_are_told_how_it_ended() {
    let gateway = Gateway::fake("asks-together").await;
    let session = asking(&gateway).await;
    let (mut events, requests) = asked(&session).await;
    let request = &requests["fileChange"];
    let bodies = ["accept", "decline"].map(|decision| json!({ "decision": decision }));
    let path = path(&session, request);
    let replies = join_all((0..12).map(|n| session.client.post_json(&path, &bodies[n % 2]))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 11));
    let outcome = won[0].json()["resolved"]["outcome"].as_str().unwrap().to_owned();
    for reply in lost {
        let message = reply.refused(409, "request_ended");
        assert!(message.contains(&format!("{outcome} by a user")), "{message}");
        assert_eq!(reply.json()["resolved"], won[0].json()["resolved"]);
    }
    let told = events.find(|event| event.name == "request-resolved").await.json();
    assert_eq!(told, won[0].json()["resolved"]);
    session.client.post_json(&session.path("/requests/no-such"), &bodies[0]).await.refused(404, "not_found");
    gateway.stop().await;
}

#[tokio::test]
async fn what_codex_takes_back_is_withdrawn() {
    let gateway = Gateway::fake("asks-together").await;
    let session = asking(&gateway).await;
    let (mut events, requests) = asked(&session).await;
    let mut others = session.live().await;
    answer(&session, &requests["command"], &json!({ "decision": "accept" })).await;
    // Codex has read it, too.
    others.notification("serverRequest/resolved").await;
    gateway.codex().open_gate();
    let turn = events.turn().await;
    let ends: Vec<Value> =
        turn.iter().filter(|event| event.name == "request-resolved").map(Event::json).collect();
    let withdrawn = ends.iter().filter(|end| end["outcome"] == "withdrawn" && end["by"] == "codex");
    assert_eq!((ends.len(), withdrawn.count()), (5, 4));
    let received = received(&turn);
    assert_eq!(received.as_object().unwrap().len(), 1, "nothing was answered in the user's name: {received}");
    let late = session
        .client
        .post_json(&path(&session, &requests["permissions"]), &json!({ "decision": "accept" }))
        .await;
    assert!(late.refused(409, "request_ended").contains("withdrawn"));
    gateway.stop().await;
}

#[tokio::test]
async fn questions_die_with_their_turn_their_process_and_their_session() {
    let gateway = Gateway::fake("asks-together").await.settled().await;
    let session = asking(&gateway).await;
    let ended_by = async |events: &mut Events, by: &str| {
        for _ in 0..5 {
            let end = events.find(|event| event.name == "request-resolved").await.json();
            assert_eq!(
                (&end["outcome"], &end["by"], &end["result"]),
                (&json!("withdrawn"), &json!(by), &Value::Null)
            );
        }
    };

    let (mut events, first) = asked(&session).await;
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    ended_by(&mut events, "codex").await;

    let (mut events, second) = asked(&session).await;
    let [process] = gateway.codexes().try_into().unwrap();
    process.kill();
    ended_by(&mut events, "process").await;

    // A new process numbers its requests anew; ours are never the same.
    let (mut events, third) = asked(&session).await;
    let ids: BTreeSet<&str> = [&first, &second, &third]
        .into_iter()
        .flat_map(|all| all.values())
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 15);
    let stale =
        session.client.post_json(&path(&session, &second["command"]), &json!({ "decision": "accept" })).await;
    assert!(stale.refused(409, "request_ended").contains("its process ended"));

    session.delete().await;
    ended_by(&mut events, "session").await;
    assert_eq!(events.rest().await.last().unwrap().name, "session-closed");
    gateway.stop().await;
}

#[tokio::test]
async fn a_request_is_declined_at_its_deadline() {
    let gateway = Setup::fake("asks-together").set("CODEX_GATEWAY_APPROVAL_TIMEOUT_MS", "300").start().await;
    let session = asking(&gateway).await;
    let turn = session.turn("Hello").await;
    let ends: Vec<Value> =
        turn.iter().filter(|event| event.name == "request-resolved").map(Event::json).collect();
    assert_eq!(ends.len(), 5);
    assert!(ends.iter().all(|end| (&end["outcome"], &end["by"]) == (&json!("declined"), &json!("deadline"))));
    assert_eq!(
        received(&turn)["item/permissions/requestApproval"],
        json!({ "permissions": {}, "scope": "turn" })
    );
    gateway.stop().await;
}

#[tokio::test]
async fn what_waits_keeps_its_session_from_expiring() {
    let gateway = Setup::fake("asks-together")
        .set("CODEX_GATEWAY_SESSION_TTL_MS", "300")
        .set("CODEX_GATEWAY_SESSION_SWEEP_INTERVAL_MS", "10")
        .set("CODEX_GATEWAY_APPROVAL_TIMEOUT_MS", "600")
        .start()
        .await;
    let session = asking(&gateway).await;
    let (mut events, _) = asked(&session).await;
    let events = events.rest().await;
    let place = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let declined = place(&|event| event.name == "request-resolved" && event.json()["by"] == "deadline");
    assert!(
        declined < place(&|event| event.name == "session-closed"),
        "first the questions end, then the session"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn only_the_operator_lets_everything_be_accepted() {
    let gateway = Gateway::fake("asks").await;
    let create = async |gateway: &Gateway, approvals: &str| {
        gateway.client.post_json("/api/sessions", &json!({ "approvals": approvals })).await
    };
    let refused = create(&gateway, "accept").await.refused(403, "over_ceiling");
    assert!(refused.contains("approvals can be ask at most"), "{refused}");
    create(&gateway, "everything").await.refused(400, "bad_body");
    assert_eq!(create(&gateway, "ask").await.ok()["session"]["approvals"], "ask");
    assert_eq!(gateway.create().await.reply["session"]["approvals"], "ask-or-decline");
    gateway.stop().await;

    let gateway = Setup::fake("asks").set("CODEX_GATEWAY_APPROVALS", "decline").start().await;
    create(&gateway, "ask").await.refused(403, "over_ceiling");
    assert_eq!(gateway.create().await.reply["session"]["approvals"], "decline");
    gateway.stop().await;

    let gateway = Setup::fake("asks").set("CODEX_GATEWAY_APPROVALS", "accept").start().await;
    let session = gateway.create().await;
    assert_eq!(session.reply["session"]["approvals"], "accept");
    let received = received(&session.turn("Hello").await);
    assert_eq!(received["item/commandExecution/requestApproval"], json!({ "decision": "accept" }));
    assert_eq!(received["applyPatchApproval"], json!({ "decision": "approved" }));
    assert_eq!(
        received["item/permissions/requestApproval"]["permissions"]["network"],
        json!({ "enabled": true })
    );
    // Nobody can be asked what only a person knows.
    assert_eq!(received["item/tool/requestUserInput"], json!({ "answers": {} }));
    assert_eq!(received["mcpServer/elicitation/request"]["action"], "decline");
    gateway.stop().await;
}

#[tokio::test]
async fn the_real_codex_runs_a_command_outside_the_sandbox_once_it_is_allowed_and_not_before() {
    let gateway = Gateway::demo().await;
    let session = asking(&gateway).await;
    let mut events = session.live().await;
    session.start_turn("!standin escalate").await;
    let asked = events.until(|event| event.name == "request").await;
    let waits = |event: &Event| event.is("thread/status/changed") && event.data.contains("waitingOnApproval");
    assert!(asked.iter().any(waits), "codex says that it waits");
    let request = asked.last().unwrap().json();
    assert_eq!(
        (&request["kind"], &request["method"]),
        (&json!("command"), &json!("item/commandExecution/requestApproval"))
    );
    assert!(request["params"]["command"].as_str().unwrap().contains("uname"), "{request}");
    answer(&session, &request, &json!({ "decision": "accept" })).await;
    let turn = events.turn().await;
    let command = completed(&turn, "commandExecution");
    assert_eq!((&command["status"], &command["exitCode"]), (&json!("completed"), &json!(0)));

    session.start_turn("!standin escalate").await;
    let request = events.find(|event| event.name == "request").await.json();
    answer(&session, &request, &json!({ "decision": "decline" })).await;
    let turn = events.turn().await;
    assert_eq!(completed(&turn, "commandExecution")["status"], "declined");
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed", "the turn goes on");

    session.start_turn("!standin escalate").await;
    let request = events.find(|event| event.name == "request").await.json();
    answer(&session, &request, &json!({ "decision": "cancel" })).await;
    let turn = events.turn().await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "interrupted");
    gateway.stop().await;
}

#[tokio::test]
async fn the_real_codex_is_told_what_was_answered() {
    let gateway = Gateway::demo().await;
    let session = asking(&gateway).await;
    let mut events = session.live().await;
    session.start_turn("!standin question").await;
    let request = events.find(|event| event.name == "request").await.json();
    assert_eq!(request["kind"], "userInput");
    let question = request["params"]["questions"][0]["id"].as_str().unwrap();
    let choice = &request["params"]["questions"][0]["options"][0]["label"];
    answer(&session, &request, &json!({ "answers": { question: choice } })).await;
    let turn = events.turn().await;
    assert_eq!(turn.last().unwrap().json()["lastTurnStatus"], "completed");
    gateway.stop().await;
}

#[tokio::test]
async fn an_interrupt_withdraws_what_the_real_codex_asked() {
    let gateway = Gateway::demo().await;
    let session = asking(&gateway).await;
    let mut events = session.live().await;
    session.start_turn("!standin escalate").await;
    let request = events.find(|event| event.name == "request").await.json();
    session.client.post(&session.path("/turn/interrupt")).await.ok();
    let end = events.find(|event| event.name == "request-resolved").await.json();
    assert_eq!(
        (&end["id"], &end["outcome"], &end["by"]),
        (&request["id"], &json!("withdrawn"), &json!("codex"))
    );
    gateway.stop().await;
}

fn completed(turn: &[Event], kind: &str) -> Value {
    let items = turn.iter().filter(|event| event.is("item/completed"));
    let item = items.map(|event| event.json()["params"]["item"].clone()).find(|item| item["type"] == kind);
    item.unwrap_or_else(|| panic!("no {kind} was completed"))
}

#[tokio::test]
async fn what_a_sub_agent_asks_to_change_is_told_with_the_request() {
    let gateway = Gateway::fake("sub-agent").await;
    let session = asking(&gateway).await;
    let mut events = session.live().await;
    session.start_turn("Hello").await;
    let request = events.find(|event| event.name == "request").await.json();
    let changes = &request["summary"]["changes"];
    assert_eq!(
        (changes[0]["path"].as_str(), changes.as_array().map(Vec::len)),
        (Some("/outside/notes.md"), Some(1))
    );
    assert!(changes[0]["diff"].as_str().unwrap().contains("\n-old\n+new\n"));
    answer(&session, &request, &json!({ "decision": "decline" })).await;
    events.turn().await;
    gateway.stop().await;
}
