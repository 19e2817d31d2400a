//! The parts of `cargo xtask test`: what each runs, and what it says in the totals.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::chromium;
use super::outcome::Outcome;
use super::versions;
use crate::build::{self, Profile, compress, site, wasm};
use crate::command::{answer, cargo, npm_tool, run};
use crate::needs;
use crate::project::{self, FRONTEND, WASM_TARGET};

/// What the release's WASM may weigh, in bytes as brotli (quality 11) sends it.
const WASM_BUDGET: u64 = 420_000;

/// What it and the other files of the page may weigh together, in bytes as brotli sends them. A guard against accidents, not a
/// reason to bend code.
const FILES_BUDGET: u64 = 460_000;

/// The packages whose tests run natively, with the features that the server gives them. xtask is
/// not among them: in one build with them its dependencies' features would rebuild theirs.
pub(super) const HOST: [&str; 14] = [
    "--package",
    "codex-gateway-wire",
    "--package",
    "codex-gateway-engine",
    "--package",
    "codex-gateway-site",
    "--package",
    "codex-gateway-standin",
    "--package",
    "codex-gateway-app",
    "--package",
    project::SERVER,
    "--features",
    "codex-gateway-app/ssr",
];

/// The packages that run in the browser too, with the features that the frontend gives them.
const BROWSER: [&str; 8] = [
    "--package",
    "codex-gateway-wire",
    "--package",
    "codex-gateway-app",
    "--features",
    "codex-gateway-app/hydrate",
    "--target",
    WASM_TARGET,
];

/// A part of the checks, in the order they run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The source is formatted
    Fmt,
    /// Clippy has nothing to say, native and WASM
    Clippy,
    /// Unit and integration tests
    Unit,
    /// The main flows with older and newer versions of codex
    Versions,
    /// Examples in the documentation
    Doc,
    /// Tests run as WebAssembly in Node
    Wasm,
    /// The release's WASM and the files of the page keep their budgets
    Size,
    /// A program has the release's files in it as they are
    Embed,
    /// Licences, sources and bans of the dependencies (needs cargo-deny)
    Deny,
    /// Playwright in Chromium against the real server
    E2e,
}

impl Part {
    /// Runs the part. An error means that it could not run to its end.
    pub(crate) fn check(self) -> Result<Outcome> {
        match self {
            Self::Fmt => Ok(Outcome::of_lints("fmt", [cargo().args(["fmt", "--all", "--check"])])),
            Self::Clippy => clippy(),
            Self::Unit => unit(),
            Self::Versions => versions::check(),
            Self::Doc => {
                Outcome::of_tests("doc", [cargo().args(["test", "--doc", "--no-fail-fast"]).args(HOST)])
            }
            Self::Wasm => wasm_tests(),
            Self::Size => size(),
            Self::Embed => embed(),
            Self::Deny => Ok(deny()),
            Self::E2e => e2e(),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

fn clippy() -> Result<Outcome> {
    needs::check()?;
    let deny = ["--", "-D", "warnings"];
    Ok(Outcome::of_lints(
        "clippy",
        [
            cargo().args(["clippy", "--all-targets"]).args(HOST).args(deny),
            cargo()
                .args(["clippy", "--all-targets", "--package", "xtask", "--package", "wasm-test-runner"])
                .args(deny),
            cargo()
                .args(["clippy", "--all-targets", "--package", "codex-gateway-site", "--features", "embed"])
                .env(build::SITE_TO_EMBED, project::root().join("public")) // any directory will do
                .args(deny),
            cargo().args(["clippy", "--package", FRONTEND]).args(BROWSER).args(deny),
        ],
    ))
}

fn unit() -> Result<Outcome> {
    needs::check()?; // tests of the bridge start the pinned codex
    needs::python_tools()?;
    // Tests start the server and the examples as programs.
    run(cargo().args(["build", "--bins", "--examples"]).args(HOST))?;
    let runner: &[&str] = if answer(cargo().args(["nextest", "--version"])).is_some() {
        &["nextest", "run", "--no-fail-fast"]
    } else {
        println!("cargo-nextest is not installed: running the tests with cargo test");
        &["test", "--tests", "--no-fail-fast"]
    };
    Outcome::of_tests(
        "unit+integration",
        [cargo().args(runner).args(HOST), cargo().args(runner).args(["--package", "xtask"])],
    )
}

fn wasm_tests() -> Result<Outcome> {
    needs::check()?;
    run(cargo()
        .args(["build", "--package", "wasm-test-runner"])
        // Its web server, which we never start, has old dependencies.
        .env("CARGO_FUTURE_INCOMPAT_REPORT_FREQUENCY", "never"))?;
    let runner = project::target_dir().join("debug/wasm-test-runner");
    let outcome = Outcome::of_tests(
        "wasm",
        [cargo()
            .args(["test", "--tests", "--no-fail-fast"])
            .args(BROWSER)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)],
    )?;
    if outcome.ok && outcome.tally.passed == 0 {
        // The runner sees #[wasm_bindgen_test] only, and is content with none.
        bail!("no test ran: is #[test] still wasm_bindgen_test under cfg(target_arch = \"wasm32\")?");
    }
    Ok(outcome)
}

fn size() -> Result<Outcome> {
    needs::check()?;
    let module = wasm::build(Profile::Release)?;
    site::assemble(Profile::Release, &module)?;
    let sent = |file: &Path| -> Result<u64> {
        let sent = compress::name(file, "br");
        Ok(fs::metadata(&sent).with_context(|| format!("{} is missing", sent.display()))?.len())
    };
    let size = sent(&module.wasm)?;
    let pkg = project::files_below(&project::site_dir().join("pkg"))?;
    let compressed =
        |file: &&PathBuf| file.extension().is_some_and(|extension| extension == "br" || extension == "gz");
    let mut all = 0;
    for file in pkg.iter().filter(|file| !compressed(file)) {
        all += sent(file)?;
    }
    let of = |size, budget| format!("{} of {}", kilobytes(size), kilobytes(budget));
    Ok(Outcome::of_check(
        size <= WASM_BUDGET && all <= FILES_BUDGET,
        format!("size {}, with all files {}", of(size, WASM_BUDGET), of(all, FILES_BUDGET)),
    ))
}

fn embed() -> Result<Outcome> {
    needs::check()?;
    build::site(Profile::Release)?;
    // The package that takes them in, alone: the server itself would have to be built once more.
    Outcome::of_tests(
        "embed",
        [cargo()
            .args(["test", "--package", "codex-gateway-site", "--features", "embed", "--no-fail-fast"])
            .env(build::SITE_TO_EMBED, project::site_dir())],
    )
}

/// What can be told without the network. (Advisories need their database: the workflow on GitHub asks for them too.)
fn deny() -> Outcome {
    if answer(cargo().args(["deny", "--version"])).is_none() {
        println!("left out: cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Outcome::of_check(true, "deny left out");
    }
    Outcome::of_lints("deny", [cargo().args(["deny", "--locked", "check", "bans", "licenses", "sources"])])
}

fn e2e() -> Result<Outcome> {
    needs::check()?;
    // The page as a release ships it: it is what people use, and a debug build takes seconds to load.
    build::site(Profile::Release)?;
    // What codex does only when it has a reason to, a fake one does when it is told to.
    run(cargo().args(["build", "--package", project::SERVER, "--bins", "--example", "fake-codex"]))?;
    let chromium = chromium::find()?;
    let specs = project::root().join("end2end");
    run(npm_tool("tsc").arg("--noEmit").current_dir(&specs))?;
    Outcome::of_tests(
        "e2e",
        [npm_tool("playwright")
            .arg("test")
            .current_dir(&specs)
            .env("CHROMIUM", chromium)
            .env("SERVER_BIN", Profile::Dev.server())],
    )
}

/// `231.4 KB`, of 1,000 bytes each.
fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}
