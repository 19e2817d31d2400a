//! Changes of files, of every sort.

use serde_json::{Value, json};

/// What a turn does that changes files below a directory: one of them twice, and some that come to nothing.
pub(crate) fn changes(turn: &str, cwd: &str) -> Vec<Value> {
    let update = |path: &str, diff: &str| json!({ "path": format!("{cwd}/{path}"), "kind": { "type": "update", "move_path": null }, "diff": diff });
    let whole = |path: &str, kind: &str, content: &str| json!({ "path": format!("{cwd}/{path}"), "kind": { "type": kind }, "diff": content });
    let long: Vec<String> = (1..=500).map(|line| format!("line {line} of the table\n")).collect();
    let long = long.concat();
    let moved = json!({
        "path": format!("{cwd}/src/helpers.rs"), "diff": "\n\nMoved to: src/support/helpers.rs",
        "kind": { "type": "update", "move_path": format!("{cwd}/src/support/helpers.rs") },
    });
    let steps = [
        ("completed", vec![update("src/server.rs", SERVER), whole("docs/table.md", "add", &long)]),
        ("completed", vec![update("src/server.rs", SERVER_AGAIN)]),
        (
            "completed",
            vec![whole("src/old.rs", "delete", "//! Not used any more.\n\npub fn old() {}\n"), moved],
        ),
        (
            "completed",
            vec![update("assets/logo.png", "Binary files a/assets/logo.png and b/assets/logo.png differ\n")],
        ),
        ("completed", vec![update("check.py", HIDDEN)]),
        ("completed", vec![whole("scratch.txt", "add", "for a moment\n")]),
        ("completed", vec![whole("scratch.txt", "delete", "for a moment\n")]),
        ("failed", vec![whole("not-done.txt", "add", "nothing\n")]),
        ("declined", vec![whole("refused.txt", "add", "nothing\n")]),
    ];
    let item = |(n, (status, changes)): (usize, (&str, Vec<Value>))| json!({ "type": "fileChange", "id": format!("{turn}-change-{n}"), "status": status, "changes": changes });
    steps.into_iter().enumerate().map(item).collect()
}

const SERVER: &str = r#"@@ -12,6 +12,8 @@
 use std::time::Duration;
 
-const PATIENCE: Duration = Duration::from_secs(10);
+/// How long a connection may be silent.
+const PATIENCE: Duration = Duration::from_secs(30);
+const RETRIES: u32 = 3;
 
 pub fn start() -> Server {
     Server::new()
@@ -88,5 +90,5 @@
     fn greet(&self, name: &str) -> String {
-        format!("Hello, {name}!")
+        format!("Welcome back, {name}, to the server that was started {} seconds ago and has answered {} requests since without a single failure!", self.uptime(), self.requests())
     }
 
     fn stop(self) {
"#;

/// What it left, changed once more.
const SERVER_AGAIN: &str = "@@ -15,3 +15,3 @@\n const PATIENCE: Duration = Duration::from_secs(30);\n-const RETRIES: u32 = 3;\n+const RETRIES: u32 = 5;\n \n";

/// What reads differently from what runs, and what is not seen.
const HIDDEN: &str = "@@ -1,2 +1,3 @@\n level = \"user\"\n-if level != \"user\":\n+if level != \"user\u{202e} \u{2066}# admins only\u{2069} \u{2066}\":\n+    print(\"\u{1b}[2J\")\r\n";
