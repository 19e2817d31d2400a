//! Two processes refresh the same codex sign-in at the same time. A refresh token works once.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use codex_gateway_wire::codex::TurnStatus;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Barrier};

use super::{send_message, turn_id};
use crate::support::{Gateway, Session, Setup, TranscriptReader, real_codex};

/// A model that needs a sign-in, and its token endpoint.
struct Upstream {
    /// The valid refresh token and the valid access token.
    valid_tokens: Mutex<(String, String)>,
    /// Delays replies until this number of refresh requests is pending.
    concurrent_refreshes: Barrier,
}

/// Returns a token with an account, valid until `expires` in Unix seconds.
fn token(name: &str, expires: u64) -> String {
    let claims = json!({
        "exp": expires, "jti": name, "email": "a@example.com",
        "https://api.openai.com/auth": {
            "chatgpt_account_id": "account", "chatgpt_user_id": "user", "chatgpt_plan_type": "plus",
        },
    });
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!(
        "{}.{}.{}",
        part(&json!({ "alg": "none", "typ": "JWT" })),
        part(&claims),
        URL_SAFE_NO_PAD.encode("x")
    )
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn refresh(State(upstream): State<Arc<Upstream>>, Json(request): Json<Value>) -> Response {
    upstream.concurrent_refreshes.wait().await;
    let mut valid = upstream.valid_tokens.lock().unwrap();
    if request["refresh_token"] != valid.0 {
        let error = json!({ "error": { "message": "It was used.", "code": "refresh_token_reused" } });
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    *valid = ("refresh-1".to_owned(), token("access-1", now() + 3600));
    let id = token("id-1", now() + 3600);
    Json(json!({ "id_token": id, "access_token": valid.1, "refresh_token": valid.0 })).into_response()
}

async fn respond(State(upstream): State<Arc<Upstream>>, headers: HeaderMap) -> Response {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if sent != format!("Bearer {}", upstream.valid_tokens.lock().unwrap().1) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": { "message": "expired" } })))
            .into_response();
    }
    let message = |text: &str| {
        let content = json!([{ "type": "output_text", "text": text }]);
        json!({ "type": "message", "role": "assistant", "id": "m", "content": content })
    };
    let events = [
        json!({ "type": "response.created", "response": { "id": "r" } }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": message("") }),
        json!({ "type": "response.output_text.delta", "output_index": 0, "item_id": "m", "delta": "ready" }),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": message("ready") }),
        json!({ "type": "response.completed", "response": { "id": "r" } }),
    ];
    let body: String =
        events.iter().flat_map(|event| ["data: ".to_owned(), event.to_string(), "\n\n".to_owned()]).collect();
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

/// Starts a gateway whose codex is signed in with `ChatGPT`.
///
/// `expires` is the expiry in its access token. The token endpoint waits for `refreshes` concurrent requests.
async fn signed_in_gateway(expires: u64, refreshes: usize) -> Gateway {
    let valid_tokens = Mutex::new(("refresh-0".to_owned(), String::new()));
    let upstream = Arc::new(Upstream { valid_tokens, concurrent_refreshes: Barrier::new(refreshes) });
    let routes = Router::new()
        .route("/oauth/token", post(refresh))
        .route("/v1/responses", post(respond))
        .with_state(upstream);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let setup = Setup::upstream("");
    let home = setup.data_dir().join("demo/codex-home");
    fs::create_dir_all(&home).unwrap();
    let auth = json!({
        "auth_mode": "chatgpt", "OPENAI_API_KEY": null, "last_refresh": "2026-01-01T00:00:00Z",
        "tokens": {
            "id_token": token("id-0", expires), "access_token": token("access-0", expires),
            "refresh_token": "refresh-0", "account_id": "account",
        },
    });
    fs::write(home.join("auth.json"), auth.to_string()).unwrap();
    let config = format!(
        "model_provider = \"test\"\nchatgpt_base_url = \"http://{address}/backend-api\"\n[model_providers.test]\nname = \"test\"\n\
         base_url = \"http://{address}/v1\"\nwire_api = \"responses\"\nrequires_openai_auth = true\nsupports_websockets = false\n"
    );
    fs::write(home.join("config.toml"), config).unwrap();
    // The gateway passes codex only the variables that it needs.
    let wrapper = setup.path("codex");
    let codex = real_codex().canonicalize().unwrap();
    let script = format!(
        "#!/bin/sh\nexport CODEX_REFRESH_TOKEN_URL_OVERRIDE=http://{address}/oauth/token\nexec {} \"$@\"\n",
        codex.display()
    );
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    setup.set("CODEX_GATEWAY_CODEX_BIN", &wrapper).start().await.catalog_loaded().await
}

/// Runs a turn. Returns its id and its final status.
async fn run_turn(session: &Session, reader: &mut TranscriptReader) -> (String, TurnStatus) {
    let turn = turn_id(&send_message(session, "Hello").await.ok());
    let ended = |reader: &TranscriptReader| {
        let record = reader.transcript.turn(&turn.as_str().into())?;
        (record.status != TurnStatus::InProgress).then_some(record.status)
    };
    loop {
        if let Some(status) = ended(reader) {
            return (turn, status);
        }
        reader.next().await.expect("the stream should continue");
    }
}

#[tokio::test]
async fn turn_that_lost_the_refresh_race_warns_and_next_one_completes() {
    // The server rejects a token that has not expired, so both processes refresh it.
    let gateway = signed_in_gateway(now() + 3600, 2).await;
    let (first, second) = (gateway.create().await, gateway.create().await);
    let (mut first_reader, mut second_reader) =
        (TranscriptReader::open(&first).await, TranscriptReader::open(&second).await);
    let (one, other) =
        tokio::join!(run_turn(&first, &mut first_reader), run_turn(&second, &mut second_reader));
    let (loser, mut reader, turn) = match (one.1, other.1) {
        (TurnStatus::Failed, TurnStatus::Completed) => (&first, first_reader, one.0),
        (TurnStatus::Completed, TurnStatus::Failed) => (&second, second_reader, other.0),
        statuses => panic!("{statuses:?}"),
    };
    let warning = reader.until(|event| event.name == "warning").await.json();
    assert_eq!(warning["type"], "signInRefreshed", "{warning}");
    let error = reader.transcript.turn(&turn.as_str().into()).unwrap().error.clone().unwrap();
    assert!(error.message.contains("You are still signed in: send it again."), "{error:?}");

    let processes = gateway.codex_processes();
    assert_eq!(run_turn(loser, &mut reader).await.1, TurnStatus::Completed);
    assert_eq!(gateway.codex_processes(), processes, "the next turn uses the same process");
    reader.assert_in_sync().await;
    gateway.stop().await;
}

#[tokio::test]
async fn processes_with_expired_sign_in_refresh_it_and_complete_turns() {
    let gateway = signed_in_gateway(now() - 60, 1).await;
    let (first, second) = tokio::join!(gateway.create(), gateway.create());
    let (mut first_reader, mut second_reader) =
        (TranscriptReader::open(&first).await, TranscriptReader::open(&second).await);
    let (one, other) =
        tokio::join!(run_turn(&first, &mut first_reader), run_turn(&second, &mut second_reader));
    assert_eq!([one.1, other.1], [TurnStatus::Completed, TurnStatus::Completed]);
    gateway.stop().await;
}
