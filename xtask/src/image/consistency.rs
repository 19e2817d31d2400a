//! Tests that the files that describe the image agree. Otherwise a contradiction would first show in a release.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::dockerfile::{Step, parse};
use crate::project;

const CI: &str = include_str!("../../../.github/workflows/ci.yml");
const IMAGE: &str = include_str!("../../../.github/workflows/image.yml");
const COMPOSE: &str = include_str!("../../../compose.yaml");

fn read(path: &str) -> String {
    fs::read_to_string(project::root().join(path)).unwrap()
}

/// Returns the rest of each line of `text` that contains `marker`, from behind the marker on.
fn rest_of_lines<'a>(text: &'a str, marker: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| Some(line.split_once(marker)?.1.trim())).collect()
}

#[test]
fn ci_workflow_uses_the_workspace_rust_version() {
    let manifest = read("Cargo.toml");
    let version = rest_of_lines(&manifest, "rust-version = ")[0].trim_matches('"');
    assert_eq!(rest_of_lines(CI, "--default-toolchain "), [format!("{version}.0")]);
    assert!(CI.contains(&format!("name: Rust {version}\n")));
}

#[test]
fn build_arguments_of_the_dockerfile_are_passed_by_workflow_and_compose() {
    let stages = parse(&read("Dockerfile")).unwrap();
    let steps = stages.iter().flat_map(|stage| &stage.steps);
    let arguments: Vec<_> =
        steps.filter_map(|step| if let Step::Arg(name, _) = step { Some(name) } else { None }).collect();
    assert_eq!(arguments, ["BUILD_COMMIT", "BUILD_DATE"]);
    for name in arguments {
        // In the step that builds and the one that publishes: different arguments would build the image twice.
        assert_eq!(IMAGE.matches(&format!("            {name}=${{{{")).count(), 2, "{name}");
        assert!(COMPOSE.contains(&format!("{name}: ${{{name}:-}}")), "{name}");
    }
}

#[test]
fn smoke_test_uses_the_documented_security_options() {
    let options: Vec<&str> =
        rest_of_lines(COMPOSE, "- ").into_iter().filter(|line| line.ends_with("=unconfined")).collect();
    assert_eq!(options.len(), 2);
    let docs = read("docs/deployment.md");
    for option in options {
        assert!(IMAGE.contains(&format!("--security-opt {option}")), "{option}");
        assert!(docs.contains(&format!("| `{option}` |")), "{option}");
    }
    // By default, a gateway without authentication must not be reachable from other machines.
    assert!(COMPOSE.contains("- \"127.0.0.1:1317:1317\"") && !COMPOSE.contains("- \"1317:1317\""));
    for script in [".ci/quick-check", ".ci/run"] {
        assert!(IMAGE.contains(script) || CI.contains(script), "{script}");
        assert!(project::root().join(script).is_file(), "{script}");
    }
    let mode = fs::metadata(project::root().join(".ci/quick-check")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "the workflow runs it, so it must be executable");
}

#[test]
fn workflow_publishes_the_documented_tags() {
    let tags = ["type=ref,event=branch", "type=sha,format=long,prefix=sha-", "type=ref,event=tag"]
        .into_iter()
        .chain(["{{version}}", "{{major}}.{{minor}}", "{{major}}"].map(|pattern| pattern))
        .chain(["type=raw,value=latest"]);
    for tag in tags {
        assert!(IMAGE.lines().any(|line| line.trim().contains(tag)), "{tag}");
    }
}
