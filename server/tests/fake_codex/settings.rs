//! Models, and the settings of a thread.

use serde_json::{Value, json};

use crate::{AppServer, notify};

/// Returns a model that supports everything, and a text-only one with a single effort.
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

/// The settings of a thread, in the form of `thread/settings/updated`.
pub(crate) struct Settings(Value);

impl Settings {
    /// Returns the settings for the parameters of `thread/start` or `thread/resume`.
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

    /// Returns the reply to `thread/start` or `thread/resume`.
    pub(crate) fn reply(&self, thread: Value, cwd: &Value) -> Value {
        json!({
            "thread": thread, "cwd": cwd, "model": self.0["model"], "reasoningEffort": self.0["effort"],
            "sandbox": self.0["sandboxPolicy"], "approvalPolicy": self.0["approvalPolicy"],
        })
    }
}

impl AppServer {
    /// Applies the given settings, and sends `thread/settings/updated` if there are any.
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
