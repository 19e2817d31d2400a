//! The server requests of codex.

use serde_json::{Map, Value, json};

use crate::{notify, send};

/// All server requests, including deprecated ones, and one that codex does not send.
const METHODS: &[&str] = &[
    "item/commandExecution/requestApproval",
    "item/fileChange/requestApproval",
    "item/permissions/requestApproval",
    "item/tool/requestUserInput",
    "mcpServer/elicitation/request",
    "item/tool/call",
    "account/chatgptAuthTokens/refresh",
    "attestation/generate",
    "currentTime/read",
    "applyPatchApproval",
    "execCommandApproval",
    "moon/land",
];

/// Number of methods at the start of [`METHODS`] that a user answers.
const FOR_USERS: usize = 5;

/// Server requests of a turn, and the answers to them.
pub(crate) struct Asking {
    /// Methods in order.
    methods: Vec<String>,
    /// Parameters of each method, if they come from a file.
    scripted: Vec<Value>,
    /// Sends all requests at once instead of one after another.
    all_at_once: bool,
    /// The questions of the agent ask for a secret.
    secret: bool,
    /// Approval requests of commands, with the members that a test sets. Used instead of `methods`.
    commands: Vec<Value>,
    /// Working directory of the thread.
    cwd: Value,
    answers: Map<String, Value>,
}

impl Asking {
    /// Every request, one after another.
    pub(crate) fn everything() -> Self {
        Self::new(METHODS, false)
    }

    /// The requests that users answer, all at once.
    pub(crate) fn for_users() -> Self {
        Self::new(&METHODS[..FOR_USERS], true)
    }

    /// The approval of a file change.
    pub(crate) fn file_change() -> Self {
        Self::new(&METHODS[1..2], false)
    }

    /// The approvals of a command and a file change. The caller sends them itself.
    pub(crate) fn command_and_change() -> Self {
        Self::new(&METHODS[..2], true)
    }

    /// Questions of the agent, one of them about a secret, and a form.
    pub(crate) fn questions() -> Self {
        Self { secret: true, ..Self::new(&METHODS[3..FOR_USERS], false) }
    }

    /// The requests of a file, one after another.
    pub(crate) fn scripted(asks: &Value) -> Self {
        let asks = asks.as_array().cloned().unwrap_or_default();
        let methods = asks.iter().map(|ask| ask["method"].as_str().unwrap_or_default().to_owned()).collect();
        let scripted = asks.into_iter().map(|mut ask| ask["params"].take()).collect();
        Self { methods, scripted, ..Self::new(&[], false) }
    }

    /// Approval requests of commands, one after another. Missing members have their default values.
    pub(crate) fn commands(commands: Vec<Value>) -> Self {
        Self { commands, ..Self::new(&[], false) }
    }

    /// Sets the working directory of the thread.
    pub(crate) fn working_in(self, cwd: &Value) -> Self {
        Self { cwd: cwd.clone(), ..self }
    }

    fn new(methods: &[&str], all_at_once: bool) -> Self {
        let methods = methods.iter().map(ToString::to_string).collect();
        let (scripted, commands, cwd) = (Vec::new(), Vec::new(), json!("/"));
        Self { methods, scripted, all_at_once, secret: false, commands, cwd, answers: Map::new() }
    }

    fn count(&self) -> usize {
        self.methods.len().max(self.commands.len())
    }

    /// Key of an answer: the method, or the index of a command.
    fn key(&self, index: usize) -> String {
        self.methods.get(index).cloned().unwrap_or_else(|| index.to_string())
    }

    /// Sends the first request, or all of them.
    pub(crate) fn start(&self, thread: &str, turn: &str) {
        if self.all_at_once {
            for index in 0..self.count() {
                self.ask(index, thread, turn);
            }
        } else {
            self.ask(0, thread, turn);
        }
    }

    /// Sends one request.
    pub(crate) fn ask(&self, index: usize, thread: &str, turn: &str) {
        if let Some(method) = self.methods.get(index) {
            let mut params = match self.scripted.get(index) {
                Some(scripted) => {
                    let mut scripted = scripted.clone();
                    if scripted["command"].is_string() && scripted["cwd"].is_null() {
                        scripted["cwd"] = self.cwd.clone();
                    }
                    with_context(scripted, thread, turn)
                }
                None => params(method, thread, turn, &self.cwd),
            };
            if self.secret && method.ends_with("requestUserInput") {
                params["questions"] = secret_questions();
            }
            send(&json!({ "id": id(index), "method": method, "params": params }));
        }
        if let Some(Value::Object(command)) = self.commands.get(index) {
            let mut params = params(METHODS[0], thread, turn, &self.cwd);
            for (name, value) in command {
                params[name] = value.clone();
            }
            send(&json!({ "id": id(index), "method": METHODS[0], "params": params }));
        }
    }

    /// Records an answer and sends the next request. Returns `true` if all requests are answered.
    pub(crate) fn record_answer(&mut self, message: &Value, thread: &str, turn: &str) -> bool {
        let Some(index) = (0..self.count()).find(|index| message["id"] == id(*index)) else { return false };
        let answer = message.get("result").or_else(|| message.get("error")).cloned().unwrap_or_default();
        self.answers.insert(self.key(index), answer);
        notify("serverRequest/resolved", &json!({ "threadId": thread, "requestId": id(index) }));
        if !self.all_at_once {
            self.ask(self.answers.len(), thread, turn);
        }
        self.answers.len() == self.count()
    }

    /// Withdraws all requests that have no answer.
    pub(crate) fn withdraw_unanswered(&self, thread: &str) {
        let open = (0..self.count()).filter(|index| !self.answers.contains_key(&self.key(*index)));
        for index in open {
            notify("serverRequest/resolved", &json!({ "threadId": thread, "requestId": id(index) }));
        }
    }

    /// Returns the answers by method, or by index for commands.
    pub(crate) fn answers(&self) -> Value {
        Value::Object(self.answers.clone())
    }
}

/// Returns the id of a request: alternately a number and a string.
fn id(index: usize) -> Value {
    if index.is_multiple_of(2) { json!(index) } else { json!(format!("request {index}")) }
}

/// Returns a question about a secret with options, and a question with free text.
fn secret_questions() -> Value {
    json!([
        { "id": "token", "header": "Token", "question": "Which token?", "isOther": true, "isSecret": true,
          "options": [{ "label": "The old one", "description": "" }] },
        { "id": "name", "header": "Name", "question": "Whose is it?", "isOther": false, "isSecret": false,
          "options": null },
    ])
}

/// Returns the parameters of a request. Those that users answer have codex's own form.
fn params(method: &str, thread: &str, turn: &str, cwd: &Value) -> Value {
    let params = match method {
        "item/commandExecution/requestApproval" => json!({
            "kind": "command", "command": "bash -lc 'cargo test'", "cwd": cwd, "reason": "Shall the tests run?",
            "availableDecisions": [
                "accept",
                { "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["cargo", "test"] } },
                { "applyNetworkPolicyAmendment": { "network_policy_amendment": { "host": "crates.example", "action": "allow" } } },
                "cancel",
            ],
        }),
        "item/fileChange/requestApproval" => json!({ "reason": "It is outside.", "grantRoot": "/outside" }),
        "item/permissions/requestApproval" => json!({
            "cwd": "/", "reason": "To fetch a crate.",
            "permissions": { "network": { "enabled": true }, "fileSystem": { "read": ["/a"], "write": ["/a", "/b"] } },
        }),
        "item/tool/requestUserInput" => json!({
            "isBlocking": true, "autoResolutionMs": null,
            "questions": [
                { "id": "colour", "header": "Colour", "question": "Which one?", "isOther": true, "isSecret": false,
                  "options": [{ "label": "Blue", "description": "Like the sky." }, { "label": "Green", "description": "" }] },
                { "id": "password", "header": "Password", "question": "The password?", "isOther": false,
                  "isSecret": true, "options": null },
            ],
        }),
        "mcpServer/elicitation/request" => json!({
            "serverName": "maps", "mode": "form", "message": "Where to?",
            "requestedSchema": { "type": "object", "required": ["city"], "properties": {
                "city": { "type": "string", "title": "City" },
                "nights": { "type": "integer", "title": "Nights", "minimum": 1 },
                "class": { "type": "string", "title": "Class", "enum": ["first", "second"] },
                "breakfast": { "type": "boolean", "title": "With breakfast" },
            }},
        }),
        _ => return json!({ "about": method }),
    };
    with_context(params, thread, turn)
}

/// Adds the thread, the turn, the item and the time.
fn with_context(mut params: Value, thread: &str, turn: &str) -> Value {
    params["threadId"] = json!(thread);
    params["turnId"] = json!(turn);
    params["itemId"] = json!(format!("{turn}-asked"));
    params["startedAtMs"] = json!(1_795_456_161_000_i64);
    params
}
