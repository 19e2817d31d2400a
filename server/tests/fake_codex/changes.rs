//! File changes of every sort.

use serde_json::{Value, json};

/// Returns file changes below a directory. One file is changed twice; some changes cancel out, fail or are declined.
pub(crate) fn changes(turn: &str, cwd: &str) -> Vec<Value> {
    let update = |path: &str, diff: &str| json!({ "path": format!("{cwd}/{path}"), "kind": { "type": "update", "move_path": null }, "diff": diff });
    let full_content = |path: &str, kind: &str, content: &str| json!({ "path": format!("{cwd}/{path}"), "kind": { "type": kind }, "diff": content });
    let long: Vec<String> = (1..=500).map(|line| format!("line {line} of the table\n")).collect();
    let long = long.concat();
    let moved = json!({
        "path": format!("{cwd}/src/helpers.rs"), "diff": "\n\nMoved to: src/support/helpers.rs",
        "kind": { "type": "update", "move_path": format!("{cwd}/src/support/helpers.rs") },
    });
    let steps = [
        ("completed", vec![update("src/server.rs", SERVER), full_content("docs/table.md", "add", &long)]),
        ("completed", vec![update("src/server.rs", SERVER_AGAIN)]),
        (
            "completed",
            vec![full_content("src/old.rs", "delete", "//! Not used any more.\n\npub fn old() {}\n"), moved],
        ),
        (
            "completed",
            vec![update("assets/logo.png", "Binary files a/assets/logo.png and b/assets/logo.png differ\n")],
        ),
        ("completed", vec![update("check.py", HIDDEN)]),
        ("completed", vec![full_content("scratch.txt", "add", "for a moment\n")]),
        ("completed", vec![full_content("scratch.txt", "delete", "for a moment\n")]),
        ("failed", vec![full_content("not-done.txt", "add", "nothing\n")]),
        ("declined", vec![full_content("refused.txt", "add", "nothing\n")]),
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

/// A change of the result of [`SERVER`].
const SERVER_AGAIN: &str = "@@ -15,3 +15,3 @@\n const PATIENCE: Duration = Duration::from_secs(30);\n-const RETRIES: u32 = 3;\n+const RETRIES: u32 = 5;\n \n";

/// A change with bidirectional controls, an escape sequence and a carriage return.
const HIDDEN: &str = "@@ -1,2 +1,3 @@\n level = \"user\"\n-if level != \"user\":\n+if level != \"user\u{202e} \u{2066}# admins only\u{2069} \u{2066}\":\n+    print(\"\u{1b}[2J\")\r\n";
