//! The examples of the documents: each prints the documented output.

use std::{fs, path::Path, process::Stdio};

use crate::support::{Gateway, Setup, within};

const API: &str = include_str!("../../../docs/api.md");
const READMES: [&str; 2] = [include_str!("../../../README.md"), include_str!("../../../README_zh.md")];
/// Separates the output of two examples.
const SEPARATOR: &str = "--- the next example ---";

/// The text up to the end of its code block.
fn block(text: &'static str) -> &'static str {
    text.split_once("\n```").unwrap().0
}

/// The examples of `docs/api.md`: commands and their output.
fn examples() -> Vec<(&'static str, &'static str)> {
    let shell = API.split("```sh\n").skip(1);
    shell
        .map(|rest| {
            let printed = rest.split_once("\n```\n```text\n").map(|(_, printed)| block(printed));
            (block(rest), printed.unwrap_or_else(|| panic!("an example has no output: {rest}")))
        })
        .collect()
}

/// Runs a program in a directory of its own and returns its standard output.
async fn run(gateway: &Gateway, program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test does what a reader would do")]
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).current_dir(dir.path()).envs(variables.iter().copied());
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = within(program, command.output()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (printed, said) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{program}: {printed}{said}\n{}", gateway.log());
    printed
}

#[tokio::test]
async fn api_examples_print_their_documented_output() {
    let gateway = Gateway::demo().await;
    let examples = examples();
    assert!(examples.len() >= 8, "{}", examples.len());
    let commands: Vec<&str> = examples.iter().map(|(command, _)| *command).collect();
    let script = format!("set -euo pipefail\n{}\n", commands.join(&format!("\necho '{SEPARATOR}'\n")));
    let address = format!("http://{}", gateway.client.address());
    let printed = run(&gateway, "bash", &["-c", &script], &[("B", &address)]).await;
    let printed: Vec<&str> = printed.split(&format!("{SEPARATOR}\n")).map(str::trim_end).collect();
    for ((command, expected), printed) in examples.iter().zip(&printed) {
        assert_eq!(printed, expected, "{command}");
    }
    assert_eq!(printed.len(), examples.len());
    gateway.stop().await;
}

#[tokio::test]
async fn readme_commands_print_the_answer_and_its_status() {
    let gateway = Gateway::demo().await;
    let address = format!("http://{}", gateway.client.address());
    for readme in READMES {
        let commands = readme.split("```sh\n").skip(1).map(block).find(|commands| commands.starts_with("B="));
        let (_, commands) = commands.unwrap().split_once('\n').unwrap();
        assert!(commands.contains(r#""wait": true"#), "a script waits for the answer: {commands}");
        let script = format!("set -euo pipefail\n{commands}\n");
        let printed = run(&gateway, "bash", &["-c", &script], &[("B", &address)]).await;
        assert!(printed.starts_with("ready\n\"completed\"\n{\"ok\":true"), "{printed}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn example_programs_print_the_answer() {
    let gateway = Setup::demo().start().await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    let address = format!("http://{}", gateway.client.address());
    for (program, file) in [("python3", "ask.py"), ("node", "follow.mjs")] {
        let file = fs::canonicalize(examples.join(file)).unwrap();
        let arguments = [file.to_str().unwrap(), "Reply with exactly the single word exemplary"];
        let printed = run(&gateway, program, &arguments, &[("CODEX_GATEWAY_URL", &address)]).await;
        assert_eq!(printed, "exemplary\n", "{}", file.display());
    }
    gateway.stop().await;
}
