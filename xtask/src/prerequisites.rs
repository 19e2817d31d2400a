//! Tools that builds and tests need beyond cargo.
//!
//! Installs what can be installed cheaply; otherwise the error says what to install.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::command::{program, run, stdout_of};
use crate::project::{WASM_TARGET, root, target_dir};

/// The oldest major version of Node that the npm tools support.
const MIN_NODE_MAJOR: u32 = 18;

/// The pinned versions of the tools that generate requests and clients from the OpenAPI document.
const PYTHON_TOOLS: [(&str, &str); 2] = [("schemathesis", "4.32.5"), ("openapi-python-client", "0.29.1")];

/// Ensures that everything is installed that a build needs.
pub(crate) fn ensure() -> Result<()> {
    wasm_target()?;
    node()?;
    npm_packages()
}

/// Ensures that the standard library for WebAssembly is installed. rustup adds it, if there is one.
fn wasm_target() -> Result<()> {
    let libraries = stdout_of(program("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]));
    if libraries.is_some_and(|dir| Path::new(&dir).is_dir()) {
        return Ok(());
    }
    if stdout_of(program("rustup").arg("--version")).is_none() {
        bail!(
            "the Rust target {WASM_TARGET} is missing, and there is no rustup to add it: \
             install Rust with rustup (rustup.rs), or your distribution's package of that target \
             (Debian: libstd-rust-dev-wasm32)"
        );
    }
    println!("adding the Rust target {WASM_TARGET}");
    run(program("rustup").args(["target", "add", WASM_TARGET]))
}

/// Checks the version of Node, which runs the tools of the build and the tests. The server does not need it.
fn node() -> Result<()> {
    let Some(version) = stdout_of(program("node").arg("--version")) else {
        bail!(
            "node is missing: install Node.js {MIN_NODE_MAJOR} or newer (nodejs.org, or apt install nodejs npm)"
        );
    };
    match major(&version) {
        Some(major) if major < MIN_NODE_MAJOR => {
            bail!("node {version} is too old: install Node.js {MIN_NODE_MAJOR} or newer")
        }
        _ => Ok(()),
    }
}

/// Ensures that the pinned npm packages are installed: the codex CLI, and tools to build and test the page.
///
/// As its last step, npm writes a lock file into `node_modules`. If that is older than `package-lock.json`, they are stale.
fn npm_packages() -> Result<()> {
    let modified = |path: &str| fs::metadata(root().join(path)).and_then(|data| data.modified());
    let required = modified("package-lock.json").context("package-lock.json is missing")?;
    if modified("node_modules/.package-lock.json").is_ok_and(|installed| installed >= required) {
        return Ok(());
    }
    if stdout_of(program("npm").arg("--version")).is_none() {
        bail!("npm is missing: it comes with Node.js (nodejs.org), or apt install npm");
    }
    println!("installing the pinned npm packages");
    // None of the packages needs its install script.
    run(program("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).stdin(Stdio::null()))
}

/// Ensures that the tools for the OpenAPI document are installed.
///
/// They come from PyPI, each into a virtual environment of its own in the target directory.
pub(crate) fn python_tools() -> Result<()> {
    for (tool, version) in PYTHON_TOOLS {
        let dir = target_dir().join(tool);
        let installed = stdout_of(program(dir.join("bin").join(tool)).arg("--version"));
        if installed.is_some_and(|installed| installed.ends_with(version)) {
            continue;
        }
        println!("installing {tool} {version}");
        run(program("python3").args(["-m", "venv", "--clear"]).arg(&dir))
            .context("python3 with venv is missing: apt install python3-venv")?;
        let package = format!("{tool}=={version}");
        let pip = dir.join("bin/pip");
        run(program(pip).args(["install", "--quiet", "--disable-pip-version-check", &package]))?;
    }
    Ok(())
}

/// Returns the major version: 20 for `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn major_parses_the_output_of_node() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major("invalid"), None);
    }
}
