//! What a turn says.

use serde_json::{Value, json};

use crate::{Fake, Running, changes, error, items, mode::Mode, notify, print, reply, requests::Asking, say};

/// More than a line may have, in bytes.
const TOO_LONG: usize = 65 * 1024 * 1024;
/// How much a flood has, in pieces and bytes: several times what a log and the kernel keep.
const FLOOD: (usize, usize) = (2_000, 16 * 1024);

impl Fake {
    pub(crate) fn turn(&mut self, mode: Mode, id: &Value, params: &Value) {
        self.note("told", &json!({ "method": "turn/start", "params": params }));
        self.turns += 1;
        let turn = format!("turn-{}-{}", std::process::id(), self.turns);
        let accept = || reply(id, json!({ "turn": { "id": turn, "status": "inProgress", "items": [] } }));
        match mode {
            Mode::Refuses | Mode::RefusesAll | Mode::Reverts => {
                return error(id, -32600, "the model is on holiday");
            }
            Mode::DiesTold => std::process::exit(3),
            Mode::Mute => return,
            Mode::BadReply => return reply(id, json!({ "turn": "soon" })),
            Mode::LongReply => {
                return say(&json!({ "id": id, "result": { "filler": "x".repeat(TOO_LONG) } }));
            }
            Mode::LateStart => {
                accept();
                self.running = Running::Accepted(turn);
                return;
            }
            Mode::NeverBegins => {
                accept();
                return self.fail_first(&turn);
            }
            Mode::FailsFirst => {
                self.fail_first(&turn);
                return accept();
            }
            Mode::EarlyEnd => {
                self.begin(&turn);
                self.end(&turn, "completed");
                return accept();
            }
            _ => accept(),
        }
        self.change_settings(params);
        self.begin(&turn);
        self.user_says(&turn, "user", params);
        match mode {
            Mode::Waits => {
                self.running = Running::Waiting(turn);
                return;
            }
            Mode::Counts => return self.count(turn, params),
            Mode::Hangs | Mode::BeginsStopped => {
                self.cut_message(&turn);
                self.running = Running::Begun(turn);
                return;
            }
            Mode::Dies => {
                self.cut_message(&turn);
                eprintln!("fake codex: out of memory");
                std::process::exit(3);
            }
            Mode::Killed => {
                self.cut_message(&turn);
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            }
            Mode::Asks
            | Mode::AsksTogether
            | Mode::AsksCommands
            | Mode::AsksForWords
            | Mode::AsksInFlood
            | Mode::AsksAsWritten => {
                return self.ask(mode, turn);
            }
            Mode::SubAgent => {
                let change = items::proposed_change("sub");
                let params =
                    json!({ "threadId": "sub-agent", "turnId": "sub", "item": change, "startedAtMs": 1 });
                notify("item/started", &params);
                let asking = Asking::of_change();
                asking.begin("sub-agent", "sub");
                self.running = Running::Asking(turn, asking);
                return;
            }
            Mode::LongNotification => {
                notify("item/agentMessage/delta", &json!({ "filler": "x".repeat(TOO_LONG) }));
            }
            Mode::Malformed => malformed(),
            Mode::Unknown => self.unknown(&turn),
            Mode::Flood => self.flood(&turn, "flood"),
            Mode::Changes => self.change_files(&turn),
            Mode::LateWork => return self.work_late(&turn),
            Mode::Outlives => {
                self.started(&turn, &items::background(&turn));
                self.say_text(&turn, "It runs on.");
                self.end(&turn, "completed");
                self.running = Running::InBackground(turn);
                return;
            }
            _ => {
                for item in items::every_kind(&turn) {
                    self.started(&turn, &item);
                    self.completed(&turn, &item);
                }
            }
        }
        self.say_text(&turn, "Done.");
        self.end(&turn, "completed");
    }

    /// Goes on working after the answer.
    fn work_late(&mut self, turn: &str) {
        let agent = |kind: &str| {
            json!({
                "type": "subAgentActivity", "id": format!("{turn}-agent-{kind}"), "kind": kind, "agentThreadId": "b",
                "agentPath": "/root/b",
            })
        };
        let compaction = json!({ "type": "contextCompaction", "id": format!("{turn}-compaction") });
        self.completed(turn, &agent("started"));
        self.say_text(turn, "Done.");
        self.completed(turn, &agent("interacted"));
        self.completed(turn, &compaction);
        self.end(turn, "completed");
    }

    /// Says why a turn does not begin.
    fn fail_first(&self, turn: &str) {
        let error = json!({ "message": "there is no such branch" });
        notify(
            "error",
            &json!({ "error": error, "willRetry": false, "threadId": self.thread.id, "turnId": turn }),
        );
    }

    /// Asks, and waits for the answers.
    fn ask(&mut self, mode: Mode, turn: String) {
        let asking = match mode {
            Mode::Asks => Asking::in_turn(),
            Mode::AsksTogether => Asking::together(),
            Mode::AsksInFlood => Asking::of_two(),
            Mode::AsksCommands => Asking::of_commands(self.commands()),
            Mode::AsksAsWritten => Asking::as_written(&self.written()["asks"]),
            _ => Asking::for_words(),
        };
        let asking = asking.working_in(&self.thread.cwd);
        let mut change = items::proposed_change(&turn);
        if let (Mode::AsksAsWritten, Some(changes)) = (mode, self.written().get("changes")) {
            change["changes"] = changes.clone();
        }
        self.started(&turn, &change);
        if mode == Mode::AsksInFlood {
            for at in 0..2 {
                asking.ask(at, &self.thread.id, &turn);
                self.flood(&turn, &format!("flood-{at}"));
            }
        } else {
            asking.begin(&self.thread.id, &turn);
        }
        self.running = Running::Asking(turn, asking);
    }

    /// The commands that a test lets it ask about.
    fn commands(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.dir.join("commands")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_else(|error| {
            eprintln!("fake codex: no list of commands: {error}");
            std::process::exit(64)
        })
    }

    /// What stands in the file `asks.json`.
    fn written(&self) -> Value {
        let text = std::fs::read_to_string(self.dir.join("asks.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Changes what is asked about, if that is in the file. Returns `false` if not.
    pub(crate) fn change_later(&self, turn: &str) -> bool {
        let written = self.written();
        let Some(later) = written.get("later") else { return false };
        notify(
            "item/fileChange/patchUpdated",
            &json!({ "threadId": self.thread.id, "turnId": turn, "itemId": format!("{turn}-asked"), "changes": later }),
        );
        true
    }

    /// Takes a message for the turn that runs.
    pub(crate) fn steer(&mut self, mode: Mode, id: &Value, params: &Value) {
        self.note("told", &json!({ "method": "turn/steer", "params": params }));
        let turn = match &self.running {
            Running::Begun(turn)
            | Running::Waiting(turn)
            | Running::Asking(turn, _)
            | Running::Counting(turn, _) => turn.clone(),
            Running::Nothing | Running::Accepted(_) | Running::InBackground(_) => {
                return error(id, -32600, "no active turn to steer");
            }
        };
        match mode {
            Mode::DiesSteered => std::process::exit(3),
            Mode::RefusesAll => return error(id, -32600, "cannot steer a review turn"),
            _ if params["expectedTurnId"] != json!(turn) => {
                return error(id, -32600, &format!("expected another turn but found `{turn}`"));
            }
            _ => reply(id, json!({ "turnId": turn })),
        }
        self.steers += 1;
        let name = format!("steer-{}", self.steers);
        self.user_says(&turn, &name, params);
    }

    fn user_says(&mut self, turn: &str, name: &str, params: &Value) {
        let user = json!({
            "type": "userMessage", "id": format!("{turn}-{name}"), "clientId": params["clientUserMessageId"],
            "content": params["input"],
        });
        self.started(turn, &user);
        self.completed(turn, &user);
    }

    /// Goes on with the answer to a request of ours.
    pub(crate) fn answered(&mut self, message: &Value) {
        let Running::Asking(turn, asking) = &mut self.running else { return };
        if asking.answered(message, &self.thread.id, turn) {
            self.go_on();
        }
    }

    /// Ends a turn that asked, with the answers that it got.
    pub(crate) fn go_on(&mut self) {
        if let Running::Asking(turn, asking) = std::mem::replace(&mut self.running, Running::Nothing) {
            asking.take_back(&self.thread.id);
            self.say_text(&turn, &asking.answers().to_string());
            self.end(&turn, "completed");
        }
    }

    pub(crate) fn begin(&mut self, turn: &str) {
        self.thread.begin_turn(turn);
        notify(
            "thread/status/changed",
            &json!({ "threadId": self.thread.id, "status": { "type": "active", "activeFlags": [] } }),
        );
        let turn = json!({ "id": turn, "status": "inProgress", "items": [], "startedAt": 1_795_456_161 });
        notify("turn/started", &json!({ "threadId": self.thread.id, "turn": turn }));
    }

    pub(crate) fn end(&mut self, turn: &str, status: &str) {
        self.thread.end_turn(status);
        notify("thread/status/changed", &json!({ "threadId": self.thread.id, "status": { "type": "idle" } }));
        let turn = json!({ "id": turn, "status": status, "items": [], "error": null, "durationMs": 5 });
        notify("turn/completed", &json!({ "threadId": self.thread.id, "turn": turn }));
    }

    pub(crate) fn started(&mut self, turn: &str, item: &Value) {
        self.thread.item(item);
        let params = json!({ "threadId": self.thread.id, "turnId": turn, "item": item, "startedAtMs": 1_795_456_161_000_i64 });
        notify("item/started", &params);
    }

    pub(crate) fn completed(&mut self, turn: &str, item: &Value) {
        self.thread.item(item);
        let params = json!({ "threadId": self.thread.id, "turnId": turn, "item": item, "completedAtMs": 1_795_456_161_500_i64 });
        notify("item/completed", &params);
    }

    pub(crate) fn delta(&self, method: &str, turn: &str, item: &str, delta: &str) {
        notify(
            method,
            &json!({ "threadId": self.thread.id, "turnId": turn, "itemId": item, "delta": delta }),
        );
    }

    /// A whole message.
    pub(crate) fn say_text(&mut self, turn: &str, text: &str) {
        let id = format!("{turn}-message");
        self.started(turn, &json!({ "type": "agentMessage", "id": id, "text": "" }));
        self.delta("item/agentMessage/delta", turn, &id, text);
        self.completed(turn, &json!({ "type": "agentMessage", "id": id, "text": text }));
    }

    /// A message that does not end.
    fn cut_message(&mut self, turn: &str) {
        let id = format!("{turn}-cut");
        self.started(turn, &json!({ "type": "agentMessage", "id": id, "text": "" }));
        self.delta("item/agentMessage/delta", turn, &id, "I was about to say");
    }

    fn flood(&mut self, turn: &str, name: &str) {
        let id = format!("{turn}-{name}");
        let mut command = json!({
            "type": "commandExecution", "id": id, "command": "flood", "cwd": "/", "status": "inProgress",
        });
        self.started(turn, &command);
        let (pieces, bytes) = FLOOD;
        let piece = "~".repeat(bytes);
        for _ in 0..pieces {
            self.delta("item/commandExecution/outputDelta", turn, &id, &piece);
        }
        command["status"] = json!("completed");
        command["exitCode"] = json!(0);
        self.completed(turn, &command);
        self.note("flooded", &json!(turn));
    }

    fn change_files(&mut self, turn: &str) {
        let cwd = self.thread.cwd.as_str().unwrap_or("/").to_owned();
        for item in changes::changes(turn, &cwd) {
            self.started(turn, &item);
            self.completed(turn, &item);
        }
        let picture = json!({ "type": "imageView", "id": format!("{turn}-picture"), "path": format!("{cwd}/picture.png") });
        self.started(turn, &picture);
        self.completed(turn, &picture);
        let usage = json!({ "totalTokens": 4_321, "inputTokens": 4_000, "cachedInputTokens": 3_000, "outputTokens": 321, "reasoningOutputTokens": 200 });
        notify(
            "thread/tokenUsage/updated",
            &json!({ "threadId": self.thread.id, "turnId": turn, "tokenUsage": { "total": usage, "last": usage, "modelContextWindow": 20_000 } }),
        );
        let limit = |percent: u32, minutes: u32| json!({ "usedPercent": percent, "windowDurationMins": minutes, "resetsAt": null });
        notify(
            "account/rateLimits/updated",
            &json!({ "rateLimits": { "primary": limit(12, 300), "secondary": limit(70, 10_080) } }),
        );
        let step = |step: &str, status: &str| json!({ "step": step, "status": status });
        let plan = [
            step("Read the server", "completed"),
            step("Raise its patience", "completed"),
            step("Write the table", "inProgress"),
        ];
        notify(
            "turn/plan/updated",
            &json!({ "threadId": self.thread.id, "turnId": turn, "explanation": "It gave up too early.", "plan": plan }),
        );
    }

    /// The end of a command that has outlived its turn.
    pub(crate) fn end_background(&mut self, turn: &str) {
        let mut command = items::background(turn);
        command["status"] = json!("completed");
        command["exitCode"] = json!(0);
        command["durationMs"] = json!(61_000);
        command["aggregatedOutput"] = json!("watching\nthat was all\n");
        let params = json!({ "threadId": self.thread.id, "turnId": turn, "item": command, "completedAtMs": 1_795_456_222_000_i64 });
        notify("item/completed", &params);
    }

    fn unknown(&mut self, turn: &str) {
        notify("moon/landed", &json!({ "crew": 2 }));
        notify("item/started", &json!({ "neither": "thread", "nor": "item" }));
        notify("turn/completed", &json!([1, 2, 3]));
        notify("error", &Value::Null);
        say(&json!({ "method": "moon/left", "extra": true }));
        say(&json!({ "id": 987_654, "result": "to a request that nobody made" }));
        say(&json!({ "id": "a word", "error": { "code": 1, "message": "to nobody either" } }));
        self.delta("item/agentMessage/delta", turn, "no-such-item", "lost");
        self.delta("item/hologram/delta", turn, "h", "lost");
        let command = json!({
            "type": "commandExecution", "id": format!("{turn}-paused"), "command": "ls", "cwd": "/",
            "status": "paused", "source": "telepathy", "newField": { "deep": [1, 2] },
        });
        self.started(turn, &command);
        self.completed(turn, &command);
        let plan = json!({ "type": "plan", "id": format!("{turn}-odd"), "text": ["now", "a", "list"] });
        self.completed(turn, &plan);
        notify(
            "thread/status/changed",
            &json!({ "threadId": self.thread.id, "status": { "type": "dreaming" } }),
        );
    }
}

fn malformed() {
    print("this is no message\n");
    print("{\"method\": \"turn/completed\", \n");
    print("\n   \n");
    print("[]\n42\nnull\n\"text\"\n");
    print("{}\n");
    print("{\"method\": 7}\n");
}
