//! The examples of the documentation: they do what stands there.

use std::{fs, path::Path, process::Stdio};

use crate::support::{Gateway, Setup, within};

const API: &str = include_str!("../../../docs/api.md");
/// Stands between what two examples print.
const BETWEEN: &str = "--- the next example ---";

/// The examples: what is run, and what it prints.
fn examples() -> Vec<(&'static str, &'static str)> {
    let block = |text: &'static str| text.split_once("\n```").unwrap().0;
    let shell = API.split("```sh\n").skip(1);
    shell
        .map(|rest| {
            let printed = rest.split_once("\n```\n```text\n").map(|(_, printed)| block(printed));
            (block(rest), printed.unwrap_or_else(|| panic!("it prints nothing: {rest}")))
        })
        .collect()
}

/// Runs a program in a directory of its own: what it prints.
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
async fn those_of_the_api_print_what_stands_under_them() {
    let gateway = Gateway::demo().await;
    let examples = examples();
    assert!(examples.len() >= 8, "{}", examples.len());
    let commands: Vec<&str> = examples.iter().map(|(command, _)| *command).collect();
    let script = format!("set -euo pipefail\n{}\n", commands.join(&format!("\necho '{BETWEEN}'\n")));
    let address = format!("http://{}", gateway.client.address());
    let printed = run(&gateway, "bash", &["-c", &script], &[("B", &address)]).await;
    let printed: Vec<&str> = printed.split(&format!("{BETWEEN}\n")).map(str::trim_end).collect();
    for ((command, expected), printed) in examples.iter().zip(&printed) {
        assert_eq!(printed, expected, "{command}");
    }
    assert_eq!(printed.len(), examples.len());
    gateway.stop().await;
}

#[tokio::test]
async fn those_in_other_languages_print_the_answer() {
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
