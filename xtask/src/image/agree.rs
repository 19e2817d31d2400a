//! What several files say of the image has to be the same: nothing else would notice before a release.

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

/// What stands behind `before` in a line of `text`.
fn behind<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| Some(line.split_once(before)?.1.trim())).collect()
}

#[test]
fn the_workflows_use_the_rust_of_the_workspace() {
    let manifest = read("Cargo.toml");
    let wanted = behind(&manifest, "rust-version = ")[0].trim_matches('"');
    assert_eq!(behind(CI, "--default-toolchain "), [format!("{wanted}.0")]);
    assert!(CI.contains(&format!("name: Rust {wanted}\n")));
}

#[test]
fn the_build_is_told_what_the_dockerfile_asks() {
    let stages = parse(&read("Dockerfile")).unwrap();
    let steps = stages.iter().flat_map(|stage| &stage.steps);
    let asked: Vec<_> =
        steps.filter_map(|step| if let Step::Arg(name, _) = step { Some(name) } else { None }).collect();
    assert_eq!(asked, ["BUILD_COMMIT", "BUILD_DATE"]);
    for name in asked {
        // To build it and to publish it: told differently, it would be built twice.
        assert_eq!(IMAGE.matches(&format!("            {name}=${{{{")).count(), 2, "{name}");
        assert!(COMPOSE.contains(&format!("{name}: ${{{name}:-}}")), "{name}");
    }
}

#[test]
fn it_is_tried_as_it_is_meant_to_be_run() {
    let lifted: Vec<&str> =
        behind(COMPOSE, "- ").into_iter().filter(|line| line.ends_with("=unconfined")).collect();
    assert_eq!(lifted.len(), 2);
    let docs = read("docs/deployment.md");
    for option in lifted {
        assert!(IMAGE.contains(&format!("--security-opt {option}")), "{option}");
        assert!(docs.contains(&format!("| `{option}` |")), "{option}");
    }
    // An open gateway must not be reached from outside by default.
    assert!(COMPOSE.contains("- \"127.0.0.1:1317:1317\"") && !COMPOSE.contains("- \"1317:1317\""));
    for script in [".ci/quick-check", ".ci/run"] {
        assert!(IMAGE.contains(script) || CI.contains(script), "{script}");
        assert!(project::root().join(script).is_file(), "{script}");
    }
    let mode = fs::metadata(project::root().join(".ci/quick-check")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "the workflow starts it");
}

#[test]
fn the_workflow_names_what_users_were_told() {
    let tags = ["type=ref,event=branch", "type=sha,format=long,prefix=sha-", "type=ref,event=tag"]
        .into_iter()
        .chain(["{{version}}", "{{major}}.{{minor}}", "{{major}}"].map(|pattern| pattern))
        .chain(["type=raw,value=latest"]);
    for tag in tags {
        assert!(IMAGE.lines().any(|line| line.trim().contains(tag)), "{tag}");
    }
}
