//! Turns: what they send in each mode.

use serde_json::{Value, json};

use crate::{
    AppServer, TurnState, changes, error, items, mode::Mode, notify, print, reply, requests::Asking, send,
};

/// More than the maximum length of a line, in bytes.
const OVERSIZED_BYTES: usize = 65 * 1024 * 1024;
/// Number of deltas in a flood. All of them exceed several times what an event log and the pipes hold.
const FLOOD_DELTAS: usize = 2_000;
/// Size of a delta in a flood, in bytes.
const FLOOD_DELTA_BYTES: usize = 16 * 1024;

impl AppServer {
    /// Handles `turn/start`.
    pub(crate) fn start_turn(&mut self, mode: Mode, id: &Value, params: &Value) {
        self.record("received", &json!({ "method": "turn/start", "params": params }));
        self.turns += 1;
        let turn = format!("turn-{}-{}", std::process::id(), self.turns);
        let accept = || reply(id, json!({ "turn": { "id": turn, "status": "inProgress", "items": [] } }));
        match mode {
            Mode::RefusesTurns | Mode::RefusesTurnsAndSteers | Mode::Reverts => {
                return error(id, -32600, "the model is on holiday");
            }
            Mode::ExitsOnTurnStart => std::process::exit(3),
            Mode::NoTurnReply => return,
            Mode::BadReply => return reply(id, json!({ "turn": "soon" })),
            Mode::LongReply => {
                return send(&json!({ "id": id, "result": { "filler": "x".repeat(OVERSIZED_BYTES) } }));
            }
            Mode::LateStart => {
                accept();
                self.turn = TurnState::Accepted(turn);
                return;
            }
            Mode::ErrorAfterAccept => {
                accept();
                return self.send_error(&turn);
            }
            Mode::ErrorBeforeAccept => {
                self.send_error(&turn);
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
        self.echo_user_message(&turn, "user", params);
        match mode {
            Mode::Waits => {
                self.turn = TurnState::Waiting(turn);
                return;
            }
            Mode::Counts => return self.count(turn, params),
            Mode::EndlessTurn | Mode::CommandOnInterrupt => {
                self.send_partial_message(&turn);
                self.turn = TurnState::Endless(turn);
                return;
            }
            Mode::ExitsInTurn => {
                self.send_partial_message(&turn);
                eprintln!("fake codex: out of memory");
                std::process::exit(3);
            }
            Mode::KilledInTurn => {
                self.send_partial_message(&turn);
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            }
            Mode::Asks
            | Mode::AsksTogether
            | Mode::AsksCommands
            | Mode::AsksQuestions
            | Mode::AsksDuringFlood
            | Mode::AsksAsWritten => {
                return self.ask(mode, turn);
            }
            Mode::SubAgent => {
                let change = items::proposed_change("sub");
                let params =
                    json!({ "threadId": "sub-agent", "turnId": "sub", "item": change, "startedAtMs": 1 });
                notify("item/started", &params);
                let asking = Asking::file_change();
                asking.start("sub-agent", "sub");
                self.turn = TurnState::Asking(turn, asking);
                return;
            }
            Mode::LongNotification => {
                notify("item/agentMessage/delta", &json!({ "filler": "x".repeat(OVERSIZED_BYTES) }));
            }
            Mode::Malformed => send_malformed_lines(),
            Mode::UnknownMethods => self.send_unknown_messages(&turn),
            Mode::Flood => self.flood(&turn, "flood"),
            Mode::Changes => self.change_files(&turn),
            Mode::LateWork => return self.work_late(&turn),
            Mode::Outlives => {
                self.started(&turn, &items::background(&turn));
                self.send_message(&turn, "It runs on.");
                self.end(&turn, "completed");
                self.turn = TurnState::InBackground(turn);
                return;
            }
            _ => {
                for item in items::every_kind(&turn) {
                    self.started(&turn, &item);
                    self.completed(&turn, &item);
                }
            }
        }
        self.send_message(&turn, "Done.");
        self.end(&turn, "completed");
    }

    /// Sends items after the answer of the turn.
    fn work_late(&mut self, turn: &str) {
        let agent = |kind: &str| {
            json!({
                "type": "subAgentActivity", "id": format!("{turn}-agent-{kind}"), "kind": kind, "agentThreadId": "b",
                "agentPath": "/root/b",
            })
        };
        let compaction = json!({ "type": "contextCompaction", "id": format!("{turn}-compaction") });
        self.completed(turn, &agent("started"));
        self.send_message(turn, "Done.");
        self.completed(turn, &agent("interacted"));
        self.completed(turn, &compaction);
        self.end(turn, "completed");
    }

    /// Sends the error of a turn that does not start.
    fn send_error(&self, turn: &str) {
        let error = json!({ "message": "there is no such branch" });
        notify(
            "error",
            &json!({ "error": error, "willRetry": false, "threadId": self.thread.id, "turnId": turn }),
        );
    }

    /// Sends server requests. The turn then waits for the answers.
    fn ask(&mut self, mode: Mode, turn: String) {
        let asking = match mode {
            Mode::Asks => Asking::everything(),
            Mode::AsksTogether => Asking::for_users(),
            Mode::AsksDuringFlood => Asking::command_and_change(),
            Mode::AsksCommands => Asking::commands(self.commands()),
            Mode::AsksAsWritten => Asking::scripted(&self.scripted()["asks"]),
            _ => Asking::questions(),
        };
        let asking = asking.working_in(&self.thread.cwd);
        let mut change = items::proposed_change(&turn);
        if let (Mode::AsksAsWritten, Some(changes)) = (mode, self.scripted().get("changes")) {
            change["changes"] = changes.clone();
        }
        self.started(&turn, &change);
        if mode == Mode::AsksDuringFlood {
            for index in 0..2 {
                asking.ask(index, &self.thread.id, &turn);
                self.flood(&turn, &format!("flood-{index}"));
            }
        } else {
            asking.start(&self.thread.id, &turn);
        }
        self.turn = TurnState::Asking(turn, asking);
    }

    /// Reads the approval requests of the file `commands`.
    fn commands(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.dir.join("commands")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_else(|error| {
            eprintln!("fake codex: `commands` is not a list: {error}");
            std::process::exit(64)
        })
    }

    /// Reads the file `asks.json`; `null` without one.
    fn scripted(&self) -> Value {
        let text = std::fs::read_to_string(self.dir.join("asks.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Replaces the changes of the turn's file change by `later` of the file `asks.json`.
    ///
    /// Returns `false` if the file has none.
    pub(crate) fn replace_changes(&self, turn: &str) -> bool {
        let scripted = self.scripted();
        let Some(later) = scripted.get("later") else { return false };
        notify(
            "item/fileChange/patchUpdated",
            &json!({ "threadId": self.thread.id, "turnId": turn, "itemId": format!("{turn}-asked"), "changes": later }),
        );
        true
    }

    /// Handles `turn/steer`.
    pub(crate) fn steer(&mut self, mode: Mode, id: &Value, params: &Value) {
        self.record("received", &json!({ "method": "turn/steer", "params": params }));
        let turn = match &self.turn {
            TurnState::Endless(turn)
            | TurnState::Waiting(turn)
            | TurnState::Asking(turn, _)
            | TurnState::Counting(turn, _) => turn.clone(),
            TurnState::Idle | TurnState::Accepted(_) | TurnState::InBackground(_) => {
                return error(id, -32600, "no active turn to steer");
            }
        };
        match mode {
            Mode::ExitsOnSteer => std::process::exit(3),
            Mode::RefusesTurnsAndSteers => return error(id, -32600, "cannot steer a review turn"),
            _ if params["expectedTurnId"] != json!(turn) => {
                return error(id, -32600, &format!("expected another turn but found `{turn}`"));
            }
            _ => reply(id, json!({ "turnId": turn })),
        }
        self.steers += 1;
        let name = format!("steer-{}", self.steers);
        self.echo_user_message(&turn, &name, params);
    }

    fn echo_user_message(&mut self, turn: &str, name: &str, params: &Value) {
        let user = json!({
            "type": "userMessage", "id": format!("{turn}-{name}"), "clientId": params["clientUserMessageId"],
            "content": params["input"],
        });
        self.started(turn, &user);
        self.completed(turn, &user);
    }

    /// Handles the answer to a server request.
    pub(crate) fn handle_answer(&mut self, message: &Value) {
        let TurnState::Asking(turn, asking) = &mut self.turn else { return };
        if asking.record_answer(message, &self.thread.id, turn) {
            self.finish_asking();
        }
    }

    /// Completes a turn that sent server requests. Its message has the answers.
    pub(crate) fn finish_asking(&mut self) {
        if let TurnState::Asking(turn, asking) = std::mem::replace(&mut self.turn, TurnState::Idle) {
            asking.withdraw_unanswered(&self.thread.id);
            self.send_message(&turn, &asking.answers().to_string());
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

    /// Sends a complete agent message.
    pub(crate) fn send_message(&mut self, turn: &str, text: &str) {
        let id = format!("{turn}-message");
        self.started(turn, &json!({ "type": "agentMessage", "id": id, "text": "" }));
        self.delta("item/agentMessage/delta", turn, &id, text);
        self.completed(turn, &json!({ "type": "agentMessage", "id": id, "text": text }));
    }

    /// Sends an agent message that does not complete.
    fn send_partial_message(&mut self, turn: &str) {
        let id = format!("{turn}-cut");
        self.started(turn, &json!({ "type": "agentMessage", "id": id, "text": "" }));
        self.delta("item/agentMessage/delta", turn, &id, "I was about to say");
    }

    /// Sends a command with more output than an event log keeps.
    fn flood(&mut self, turn: &str, name: &str) {
        let id = format!("{turn}-{name}");
        let mut command = json!({
            "type": "commandExecution", "id": id, "command": "flood", "cwd": "/", "status": "inProgress",
        });
        self.started(turn, &command);
        let delta = "~".repeat(FLOOD_DELTA_BYTES);
        for _ in 0..FLOOD_DELTAS {
            self.delta("item/commandExecution/outputDelta", turn, &id, &delta);
        }
        command["status"] = json!("completed");
        command["exitCode"] = json!(0);
        self.completed(turn, &command);
        self.record("flooded", &json!(turn));
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

    /// Completes a command that has outlived its turn.
    pub(crate) fn end_background(&mut self, turn: &str) {
        let mut command = items::background(turn);
        command["status"] = json!("completed");
        command["exitCode"] = json!(0);
        command["durationMs"] = json!(61_000);
        command["aggregatedOutput"] = json!("watching\nthat was all\n");
        let params = json!({ "threadId": self.thread.id, "turnId": turn, "item": command, "completedAtMs": 1_795_456_222_000_i64 });
        notify("item/completed", &params);
    }

    fn send_unknown_messages(&mut self, turn: &str) {
        notify("moon/landed", &json!({ "crew": 2 }));
        notify("item/started", &json!({ "neither": "thread", "nor": "item" }));
        notify("turn/completed", &json!([1, 2, 3]));
        notify("error", &Value::Null);
        send(&json!({ "method": "moon/left", "extra": true }));
        send(&json!({ "id": 987_654, "result": "to a request that nobody made" }));
        send(&json!({ "id": "a word", "error": { "code": 1, "message": "to nobody either" } }));
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

fn send_malformed_lines() {
    print("this is no message\n");
    print("{\"method\": \"turn/completed\", \n");
    print("\n   \n");
    print("[]\n42\nnull\n\"text\"\n");
    print("{}\n");
    print("{\"method\": 7}\n");
}
