//! Everything that codex asks of its client.

use serde_json::{Map, Value, json};

use crate::{notify, say};

/// The requests of codex, and one that it does not make. Deprecated ones are among them.
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

/// How many of them, the first ones, a person answers.
const FOR_PEOPLE: usize = 5;

/// Asks, and keeps the answers.
pub(crate) struct Asking {
    /// Which methods, in order.
    methods: Vec<String>,
    /// What each says, where that stands in a file.
    written: Vec<Value>,
    /// All at once, or one after the other.
    together: bool,
    /// Whether the agent's questions are about a secret.
    secret: bool,
    /// Requests to run commands, as a test has written them: instead of the methods.
    commands: Vec<Value>,
    /// Where the thread works.
    cwd: Value,
    answers: Map<String, Value>,
}

impl Asking {
    /// Everything, one thing after another.
    pub(crate) fn in_turn() -> Self {
        Self::new(METHODS, false)
    }

    /// What people answer, all at once.
    pub(crate) fn together() -> Self {
        Self::new(&METHODS[..FOR_PEOPLE], true)
    }

    /// Whether files may be changed.
    pub(crate) fn of_change() -> Self {
        Self::new(&METHODS[1..2], false)
    }

    /// A command and a change of files; who has this asks by itself.
    pub(crate) fn of_two() -> Self {
        Self::new(&METHODS[..2], true)
    }

    /// What is answered in words: questions of the agent, one of them about a secret, and a form.
    pub(crate) fn for_words() -> Self {
        Self { secret: true, ..Self::new(&METHODS[3..FOR_PEOPLE], false) }
    }

    /// What stands in a file, one thing after another.
    pub(crate) fn as_written(asks: &Value) -> Self {
        let asks = asks.as_array().cloned().unwrap_or_default();
        let methods = asks.iter().map(|ask| ask["method"].as_str().unwrap_or_default().to_owned()).collect();
        let written = asks.into_iter().map(|mut ask| ask["params"].take()).collect();
        Self { methods, written, ..Self::new(&[], false) }
    }

    /// Requests to run commands, one after another. What a test leaves out of one is as usual.
    pub(crate) fn of_commands(commands: Vec<Value>) -> Self {
        Self { commands, ..Self::new(&[], false) }
    }

    /// Asks for a thread that works there.
    pub(crate) fn working_in(self, cwd: &Value) -> Self {
        Self { cwd: cwd.clone(), ..self }
    }

    fn new(methods: &[&str], together: bool) -> Self {
        let methods = methods.iter().map(ToString::to_string).collect();
        let (written, commands, cwd) = (Vec::new(), Vec::new(), json!("/"));
        Self { methods, written, together, secret: false, commands, cwd, answers: Map::new() }
    }

    fn count(&self) -> usize {
        self.methods.len().max(self.commands.len())
    }

    /// What an answer is kept by: the method, or the place of a command.
    fn name(&self, at: usize) -> String {
        self.methods.get(at).cloned().unwrap_or_else(|| at.to_string())
    }

    /// Begins to ask.
    pub(crate) fn begin(&self, thread: &str, turn: &str) {
        if self.together {
            for at in 0..self.count() {
                self.ask(at, thread, turn);
            }
        } else {
            self.ask(0, thread, turn);
        }
    }

    /// Asks one of them.
    pub(crate) fn ask(&self, at: usize, thread: &str, turn: &str) {
        if let Some(method) = self.methods.get(at) {
            let mut params = match self.written.get(at) {
                Some(written) => {
                    let mut written = written.clone();
                    if written["command"].is_string() && written["cwd"].is_null() {
                        written["cwd"] = self.cwd.clone();
                    }
                    placed(written, thread, turn)
                }
                None => params(method, thread, turn, &self.cwd),
            };
            if self.secret && method.ends_with("requestUserInput") {
                params["questions"] = secret_questions();
            }
            say(&json!({ "id": id(at), "method": method, "params": params }));
        }
        if let Some(Value::Object(command)) = self.commands.get(at) {
            let mut params = params(METHODS[0], thread, turn, &self.cwd);
            for (name, value) in command {
                params[name] = value.clone();
            }
            say(&json!({ "id": id(at), "method": METHODS[0], "params": params }));
        }
    }

    /// Takes an answer; whether it was the last one.
    pub(crate) fn answered(&mut self, message: &Value, thread: &str, turn: &str) -> bool {
        let Some(at) = (0..self.count()).find(|at| message["id"] == id(*at)) else { return false };
        let answer = message.get("result").or_else(|| message.get("error")).cloned().unwrap_or_default();
        self.answers.insert(self.name(at), answer);
        notify("serverRequest/resolved", &json!({ "threadId": thread, "requestId": id(at) }));
        if !self.together {
            self.ask(self.answers.len(), thread, turn);
        }
        self.answers.len() == self.count()
    }

    /// Takes back all that has no answer.
    pub(crate) fn take_back(&self, thread: &str) {
        let open = (0..self.count()).filter(|at| !self.answers.contains_key(&self.name(*at)));
        for at in open {
            notify("serverRequest/resolved", &json!({ "threadId": thread, "requestId": id(at) }));
        }
    }

    /// The answers by method.
    pub(crate) fn answers(&self) -> Value {
        Value::Object(self.answers.clone())
    }
}

/// The id of a request: numbers from 0, and words.
fn id(at: usize) -> Value {
    if at.is_multiple_of(2) { json!(at) } else { json!(format!("request {at}")) }
}

/// Questions of which one offers secrets, and another one takes any text.
fn secret_questions() -> Value {
    json!([
        { "id": "token", "header": "Token", "question": "Which token?", "isOther": true, "isSecret": true,
          "options": [{ "label": "The old one", "description": "" }] },
        { "id": "name", "header": "Name", "question": "Whose is it?", "isOther": false, "isSecret": false,
          "options": null },
    ])
}

/// What a request says; as codex says it where a person answers.
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
    placed(params, thread, turn)
}

/// Says where it is asked, too.
fn placed(mut params: Value, thread: &str, turn: &str) -> Value {
    params["threadId"] = json!(thread);
    params["turnId"] = json!(turn);
    params["itemId"] = json!(format!("{turn}-asked"));
    params["startedAtMs"] = json!(1_795_456_161_000_i64);
    params
}
