//! The parts of `cargo xtask test`: what each runs, and its entry in the totals.

use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::chromium;
use super::outcome::Outcome;
use super::versions;
use crate::build::{self, Profile, chunks, compress, site, wasm};
use crate::command::{cargo, npm_tool, run, stdout_of};
use crate::docs;
use crate::prerequisites;
use crate::project::{self, FRONTEND, SERVER, WASM_TARGET};

/// The size limit of the WASM of the first screen in a release: bytes as sent, compressed with brotli (quality 11).
const MAX_FIRST_SCREEN_WASM_BYTES: u64 = 254_000;

/// The size limit of the WASM that a conversation's page needs for its first paint, in the same bytes.
///
/// In one module it would be an eighth less. The stable compiler's standard library and Leptos's server functions are 30 KB
/// of it.
const MAX_CONVERSATION_WASM_BYTES: u64 = 433_000;

/// The size limit of all files that a conversation's page needs for its first paint, in the same bytes. It guards against
/// accidents and is no reason to bend code. Chunks that an idle browser loads do not count.
const MAX_FIRST_LOAD_BYTES: u64 = 451_000;

/// Arguments for the packages that run natively, with the features that the server enables.
///
/// xtask is not among them: in one build, cargo would unify the features of the dependencies and rebuild them.
pub(crate) const HOST: [&str; 18] = [
    "--package",
    "codex-gateway-wire",
    "--package",
    "codex-app-server-client",
    "--package",
    "codex-gateway-engine",
    "--package",
    "codex-gateway-site",
    "--package",
    "codex-gateway-mock-openai",
    "--package",
    "codex-gateway-view",
    "--package",
    "codex-gateway-app",
    "--package",
    project::SERVER,
    "--features",
    "codex-gateway-app/ssr",
];

/// Arguments for the packages that also run in the browser, with the features that the frontend enables.
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

/// A part of the checks. The parts run in this order.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The source is formatted
    Fmt,
    /// Clippy reports nothing, native and WASM
    Clippy,
    /// Unit and integration tests
    Unit,
    /// The main flows with other versions of codex
    Versions,
    /// rustdoc reports nothing, and the examples in the documentation run
    Doc,
    /// Tests run as WebAssembly, in Node and in Chromium
    Wasm,
    /// The release's WASM and the files of the page are within their size limits
    Size,
    /// The files that a release embeds are those that were built
    Embed,
    /// Licences, sources and bans of the dependencies (needs cargo-deny)
    Deny,
    /// Playwright in Chromium against the real server
    E2e,
}

impl Part {
    /// Runs the part. An error means that it could not be completed.
    ///
    /// If there are filters, [`Part::Unit`] runs only the tests with one of these words in their names.
    pub(crate) fn check(self, filters: &[String]) -> Result<Outcome> {
        match self {
            Self::Fmt => Ok(Outcome::of_lints("fmt", [cargo().args(["fmt", "--all", "--check"])])),
            Self::Clippy => clippy(),
            Self::Unit => unit(filters),
            Self::Versions => versions::check(),
            Self::Doc => doc(),
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
    prerequisites::ensure()?;
    // A package that fails hides nothing of the others.
    let deny = ["--keep-going", "--", "-D", "warnings"];
    Ok(Outcome::of_lints(
        "clippy",
        [
            cargo().args(["clippy", "--all-targets"]).args(HOST).args(deny),
            cargo()
                .args(["clippy", "--all-targets", "--package", "xtask", "--package", "wasm-test-runner"])
                .args(deny),
            cargo()
                .args(["clippy", "--all-targets", "--package", "codex-gateway-site", "--features", "embed"])
                .env(build::SITE_TO_EMBED, project::root().join("public")) // any directory
                .args(deny),
            cargo().args(["clippy", "--package", FRONTEND]).args(BROWSER).args(deny),
        ],
    ))
}

fn doc() -> Result<Outcome> {
    let [mut host, mut xtask] = docs::commands();
    let rustdoc = Outcome::of_lints("doc", [&mut host, &mut xtask]);
    let examples = Outcome::of_tests("doc", [cargo().args(["test", "--doc", "--no-fail-fast"]).args(HOST)])?;
    let mut tally = rustdoc.tally;
    tally += examples.tally;
    Ok(Outcome::of_counted(rustdoc.ok && examples.ok, tally, "doc"))
}

fn unit(filters: &[String]) -> Result<Outcome> {
    prerequisites::ensure()?; // some tests start the pinned codex
    prerequisites::python_tools()?;
    // Tests run the server and the examples as programs.
    run(cargo().args(["build", "--bins", "--examples"]).args(HOST))?;
    let runner: &[&str] = if stdout_of(cargo().args(["nextest", "--version"])).is_some() {
        &["nextest", "run", "--no-fail-fast"]
    } else {
        println!("cargo-nextest is not installed: running the tests with cargo test");
        &["test", "--tests", "--no-fail-fast"]
    };
    let mut of_host = cargo();
    of_host.args(runner).args(HOST).args(filters);
    let mut of_xtask = cargo();
    of_xtask.args(runner).args(["--package", "xtask"]);
    let name = "unit+integration";
    // The runner fails if a filter leaves a package without tests.
    if filters.is_empty() {
        Outcome::of_tests(name, [&mut of_host, &mut of_xtask])
    } else {
        Outcome::of_tests(name, [&mut of_host])
    }
}

fn wasm_tests() -> Result<Outcome> {
    prerequisites::ensure()?;
    run(cargo()
        .args(["build", "--package", "wasm-test-runner"])
        // The web server in it, which gives Chromium its tests, has old dependencies.
        .env("CARGO_FUTURE_INCOMPAT_REPORT_FREQUENCY", "never"))?;
    let runner = project::target_dir().join("debug/wasm-test-runner");
    let tests = || {
        let mut tests = cargo();
        tests
            .args(["test", "--tests", "--no-fail-fast"])
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", &runner);
        tests
    };
    let outcome = Outcome::of_tests(
        "wasm",
        [
            tests().args(BROWSER),
            tests()
                .args(["--package", "codex-gateway-view", "--features", "codex-gateway-view/hydrate"])
                .args(["--target", WASM_TARGET])
                .env("CHROMEDRIVER", chromium::find_driver()?),
        ],
    )?;
    if outcome.ok && outcome.tally.passed == 0 {
        // The runner finds #[wasm_bindgen_test] only, and succeeds if there is none.
        bail!("no test ran: is #[test] still wasm_bindgen_test under cfg(target_arch = \"wasm32\")?");
    }
    Ok(outcome)
}

fn size() -> Result<Outcome> {
    prerequisites::ensure()?;
    let module = wasm::build(Profile::Release)?;
    site::assemble(Profile::Release, &module)?;
    let pkg = project::site_dir().join("pkg");
    let sent_bytes = |name: &str| -> Result<u64> {
        let compressed = compress::compressed_path(&pkg.join(name), "br");
        Ok(fs::metadata(&compressed).with_context(|| format!("{} is missing", compressed.display()))?.len())
    };
    let [script, styles, main] = ["js", "css", "wasm"].map(|kind| sent_bytes(&format!("{SERVER}.{kind}")));
    let first_screen = main?;
    let mut conversation = first_screen;
    for file in chunks::files_of(&module.dir, "conversation")? {
        conversation += sent_bytes(&file)?;
    }
    let measured = [
        ("first screen", first_screen, MAX_FIRST_SCREEN_WASM_BYTES),
        ("conversation", conversation, MAX_CONVERSATION_WASM_BYTES),
        ("with all files", conversation + script? + styles?, MAX_FIRST_LOAD_BYTES),
    ];
    let texts =
        measured.map(|(what, bytes, limit)| format!("{what} {} of {}", kilobytes(bytes), kilobytes(limit)));
    Ok(Outcome::of_check(
        measured.iter().all(|(_, bytes, limit)| bytes <= limit),
        format!("size: {}", texts.join(", ")),
    ))
}

fn embed() -> Result<Outcome> {
    prerequisites::ensure()?;
    build::site(Profile::Release)?;
    // Only the package that embeds the files: the server would have to be built once more.
    Outcome::of_tests(
        "embed",
        [cargo()
            .args(["test", "--package", "codex-gateway-site", "--features", "embed", "--no-fail-fast"])
            .env(build::SITE_TO_EMBED, project::site_dir())],
    )
}

/// Checks the dependencies without the network. (Advisories need a database; the workflow on GitHub checks them too.)
fn deny() -> Outcome {
    if stdout_of(cargo().args(["deny", "--version"])).is_none() {
        println!("skipped: cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Outcome::of_check(true, "deny left out");
    }
    Outcome::of_lints("deny", [cargo().args(["deny", "--locked", "check", "bans", "licenses", "sources"])])
}

fn e2e() -> Result<Outcome> {
    prerequisites::ensure()?;
    // The page of a release: users get it, and a debug build takes seconds to load.
    build::site(Profile::Release)?;
    // The fake codex produces, on demand, what the real one rarely does.
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

/// Formats a size in units of 1,000 bytes: `231.4 KB`.
fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}
