//! Tool calls, as functions and as JavaScript for the tool `exec`.

use serde_json::{Value, json};

use crate::{commands, request::OfferedTools};

/// A tool call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Call {
    Live,
    Slow,
    Stubborn,
    Background,
    Big,
    Environment,
    Temporary,
    /// A command of [`commands::EXPLORING`], by its position.
    Explore(usize),
    Missing,
    Escalate,
    /// As `Escalate`, but with a single command.
    EscalateAlone,
    Patch(PatchStage),
    Plan {
        /// The number of completed steps, out of three.
        completed: usize,
    },
    Question,
}

/// The three calls of a file change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PatchStage {
    /// Checks whether the file exists.
    Look,
    /// Adds the file, or updates it if it exists.
    AddOrUpdate,
    /// Updates the file.
    Update,
}

const ADD_NOTES: &str = "*** Begin Patch
*** Add File: standin-notes.md
+# Notes of the stand-in model
+
+- This file was added with apply_patch.
*** End Patch
";

/// Appends a line, whatever the content of the file.
const UPDATE_NOTES: &str = "*** Begin Patch
*** Update File: standin-notes.md
@@
+- This line was added by an update.
*** End Patch
";

const PLAN: [&str; 3] = ["Look around", "Change a file", "Report"];

impl Call {
    /// The name of the called tool.
    pub(crate) fn tool(self) -> &'static str {
        match self {
            Call::Patch(PatchStage::AddOrUpdate | PatchStage::Update) => "apply_patch",
            Call::Plan { .. } => "update_plan",
            Call::Question => "request_user_input",
            _ => "exec_command",
        }
    }

    /// The call as an output item. `last_output` is the output of the previous tool call.
    pub(crate) fn item(self, offered: &OfferedTools, id: &str, last_output: &str) -> Value {
        let (tool, input) = (self.tool(), self.input(last_output));
        let custom = |name, input| json!({"type": "custom_tool_call", "id": id, "call_id": id, "name": name, "input": input});
        if !offered.is_direct(tool) {
            // JSON is valid JavaScript.
            return custom(
                "exec",
                Value::from(format!("const result = await tools.{tool}({input});\ntext(result);")),
            );
        }
        match input {
            Value::String(_) => custom(tool, input),
            arguments => json!({
                "type": "function_call", "id": id, "call_id": id, "name": tool, "arguments": arguments.to_string(),
            }),
        }
    }

    /// The input: an object of arguments, or the text of a free-form tool.
    fn input(self, last_output: &str) -> Value {
        match self {
            Call::Live => command(commands::LIVE, 10_000),
            Call::Slow => command(commands::SLOW, 30_000),
            Call::Stubborn => command(commands::STUBBORN, 30_000),
            Call::Background => command(commands::BACKGROUND, 250),
            Call::Big => command(commands::BIG, 30_000),
            Call::Environment => command(commands::ENVIRONMENT, 30_000),
            Call::Temporary => command(commands::TEMPORARY, 30_000),
            Call::Explore(at) => command(commands::EXPLORING[at], 10_000),
            Call::Missing => command(commands::MISSING, 10_000),
            Call::Escalate => escalated(
                commands::ESCALATED,
                "May I print the date and the system's name, outside the sandbox?",
            ),
            Call::EscalateAlone => {
                escalated(commands::ESCALATED_ALONE, "May I print the system's name, outside the sandbox?")
            }
            Call::Patch(PatchStage::Look) => command(commands::LOOK, 10_000),
            Call::Patch(PatchStage::AddOrUpdate) if !last_output.contains(commands::NOTES_PRESENT) => {
                ADD_NOTES.into()
            }
            Call::Patch(_) => UPDATE_NOTES.into(),
            Call::Plan { completed } => plan(completed),
            Call::Question => json!({"questions": [{
                "id": "colour",
                "header": "Colour",
                "question": "Which colour do you like better?",
                "options": [
                    {"label": "Blue (Recommended)", "description": "Like the sky at noon."},
                    {"label": "Green", "description": "Like a forest in spring."},
                ],
            }]}),
        }
    }
}

fn command(cmd: &str, yield_time_ms: u32) -> Value {
    json!({"cmd": cmd, "yield_time_ms": yield_time_ms})
}

fn escalated(cmd: &str, justification: &str) -> Value {
    json!({"cmd": cmd, "sandbox_permissions": "require_escalated", "justification": justification})
}

fn plan(completed: usize) -> Value {
    let status = |step: usize| match step {
        step if step < completed => "completed",
        step if step == completed => "in_progress",
        _ => "pending",
    };
    let steps = PLAN.iter().enumerate().map(|(at, step)| json!({"step": step, "status": status(at)}));
    json!({"explanation": format!("{completed} of {} done", PLAN.len()), "plan": steps.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_call_has_json_and_script_has_javascript() {
        let function = Call::Live.item(&OfferedTools::everything(), "c1", "");
        assert_eq!(function["type"], "function_call");
        let arguments: Value = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments["cmd"], commands::LIVE);

        let script = Call::Live.item(&OfferedTools::none(), "c1", "");
        assert_eq!((&script["type"], &script["name"]), (&json!("custom_tool_call"), &json!("exec")));
        let quoted = serde_json::to_string(commands::LIVE).unwrap();
        assert!(script["input"].as_str().unwrap().contains(&quoted), "{script}");
    }

    #[test]
    fn existing_file_is_updated_instead_of_added() {
        let stage = Call::Patch(PatchStage::AddOrUpdate);
        assert_eq!(stage.input("standin-notes.md: absent"), ADD_NOTES);
        assert_eq!(stage.input("{\"output\":\"standin-notes.md: present\\n\"}"), UPDATE_NOTES);
    }

    #[test]
    fn plan_steps_are_completed_in_order() {
        let statuses = |completed| {
            let plan = plan(completed);
            let steps = plan["plan"].as_array().unwrap().iter();
            steps.map(|step| step["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(statuses(0), ["in_progress", "pending", "pending"]);
        assert_eq!(statuses(2), ["completed", "completed", "in_progress"]);
        assert_eq!(statuses(3), ["completed"; 3]);
    }
}
