//! What a thread runs with.

use serde_json::{Value, json};

use crate::{Fake, notify};

/// A model that does everything, and one that does little.
pub(crate) fn models() -> Value {
    let efforts = |words: &[&str]| -> Vec<Value> {
        words.iter().map(|word| json!({ "reasoningEffort": word, "description": "" })).collect()
    };
    json!([
        {
            "model": "fake-1", "displayName": "Fake 1", "isDefault": true, "inputModalities": ["text", "image"],
            "supportedReasoningEfforts": efforts(&["low", "medium", "high"]), "defaultReasoningEffort": "medium",
        },
        {
            "model": "fake-blind", "displayName": "Fake blind", "isDefault": false, "inputModalities": ["text"],
            "supportedReasoningEfforts": efforts(&["low"]), "defaultReasoningEffort": "low",
        },
    ])
}

/// What a thread runs with, in the words of `thread/settings/updated`.
pub(crate) struct Settings(Value);

impl Settings {
    /// What a thread is opened with.
    pub(crate) fn of(params: &Value) -> Self {
        let sandbox = match params["sandbox"].as_str() {
            Some("read-only") => "readOnly",
            Some("danger-full-access") => "dangerFullAccess",
            _ => "workspaceWrite",
        };
        let model = params["model"].as_str().unwrap_or("fake-1");
        Self(json!({
            "model": model, "effort": null, "sandboxPolicy": { "type": sandbox },
            "approvalPolicy": params["approvalPolicy"],
        }))
    }

    /// What codex answers when a thread is opened.
    pub(crate) fn reply(&self, thread: Value, cwd: &Value) -> Value {
        json!({
            "thread": thread, "cwd": cwd, "model": self.0["model"], "reasoningEffort": self.0["effort"],
            "sandbox": self.0["sandboxPolicy"], "approvalPolicy": self.0["approvalPolicy"],
        })
    }
}

impl Fake {
    /// Takes over what differs, and says so.
    pub(crate) fn change_settings(&mut self, params: &Value) {
        let mut changed = false;
        for key in ["model", "effort", "sandboxPolicy", "approvalPolicy"] {
            if let Some(value) = params.get(key) {
                changed = true;
                self.settings.0[key] = value.clone();
            }
        }
        if changed {
            let params = json!({ "threadId": self.thread.id, "threadSettings": self.settings.0 });
            notify("thread/settings/updated", &params);
        }
    }
}
