//! What a build needs beyond cargo: asked for, got where that is cheap, and else said plainly.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::command::{answer, program, run};
use crate::project::{WASM_TARGET, root, target_dir};

/// The oldest Node that the npm tools run on.
const NODE_MAJOR: u32 = 18;

/// The pinned versions of what makes requests and clients of the OpenAPI document.
const PYTHON_TOOLS: [(&str, &str); 2] = [("schemathesis", "4.32.5"), ("openapi-python-client", "0.29.1")];

/// Checks everything that building needs; quick when all is there.
pub(crate) fn check() -> Result<()> {
    wasm_target()?;
    node()?;
    npm_packages()
}

/// The standard library for WebAssembly; rustup, where it is there, adds it.
fn wasm_target() -> Result<()> {
    let libraries = answer(program("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]));
    if libraries.is_some_and(|dir| Path::new(&dir).is_dir()) {
        return Ok(());
    }
    if answer(program("rustup").arg("--version")).is_none() {
        bail!(
            "this Rust has no {WASM_TARGET}, and rustup is not here to add it: \
             install Rust with rustup (rustup.rs), or your distribution's package of that target \
             (Debian: libstd-rust-dev-wasm32)"
        );
    }
    println!("adding the Rust target {WASM_TARGET}");
    run(program("rustup").args(["target", "add", WASM_TARGET]))
}

/// The source of the standard library, which a release builds anew for the browser; rustup, where it is there, adds it.
/// Whether it is there then: a release can do without, and is a little larger.
pub(crate) fn std_source() -> Result<bool> {
    let sysroot = answer(program("rustc").args(["--print", "sysroot"]));
    let source = |root: String| Path::new(&root).join("lib/rustlib/src/rust/library/Cargo.lock");
    if sysroot.map(source).is_some_and(|lock| lock.is_file()) {
        return Ok(true);
    }
    if answer(program("rustup").arg("--version")).is_none() {
        println!("without the source of Rust's library, which rustup would add, the page is 18 KB larger");
        return Ok(false);
    }
    println!("adding the source of Rust's library");
    run(program("rustup").args(["component", "add", "rust-src"]))?;
    Ok(true)
}

/// Node runs the tools of the build and the tests; the server itself does not need it.
fn node() -> Result<()> {
    let Some(version) = answer(program("node").arg("--version")) else {
        bail!(
            "node is missing: install Node.js {NODE_MAJOR} or newer (nodejs.org, or apt install nodejs npm)"
        );
    };
    match major(&version) {
        Some(major) if major < NODE_MAJOR => {
            bail!("node {version} is too old: install Node.js {NODE_MAJOR} or newer")
        }
        _ => Ok(()),
    }
}

/// The pinned npm packages: the codex CLI, and what builds and tests the browser half.
/// npm writes a lock of its own into `node_modules` as its last step: older than ours means stale.
fn npm_packages() -> Result<()> {
    let changed = |path: &str| fs::metadata(root().join(path)).and_then(|data| data.modified());
    let wanted = changed("package-lock.json").context("package-lock.json is missing")?;
    if changed("node_modules/.package-lock.json").is_ok_and(|installed| installed >= wanted) {
        return Ok(());
    }
    if answer(program("npm").arg("--version")).is_none() {
        bail!("npm is missing: it comes with Node.js (nodejs.org), or apt install npm");
    }
    println!("installing the pinned npm packages");
    // No package of ours needs its install script to work.
    run(program("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).stdin(Stdio::null()))
}

/// The tools that make requests and clients of the OpenAPI document. They come from PyPI into the target directory, as what is
/// built does, each into an environment of its own.
pub(crate) fn python_tools() -> Result<()> {
    for (tool, version) in PYTHON_TOOLS {
        let dir = target_dir().join(tool);
        let installed = answer(program(dir.join("bin").join(tool)).arg("--version"));
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

/// 20 of `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn node_says_its_major_version() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major("what"), None);
    }
}
