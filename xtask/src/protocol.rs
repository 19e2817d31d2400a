//! `cargo xtask protocol`: what is different in the protocol of another codex, of what the gateway uses.

mod diff;
mod model;
mod report;
mod schema;
mod used;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use self::diff::diff;
use self::model::Protocol;
use self::report::report;
use self::schema::Schema;
use self::used::Used;
use crate::command::{answer, program, run};
use crate::project::{npm_tool, root, target_dir};

/// The protocol of the version that the gateway is written for.
const KNOWN: &str = "xtask/protocol.json";
/// The file with everything, among those that codex writes.
const BUNDLE: &str = "codex_app_server_protocol.schemas.json";

/// Compare the protocol of a codex with the one we know: what is new, gone or changed for what we use
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The executable [default: the pinned one]
    #[arg(long, value_name = "PATH")]
    codex: Option<PathBuf>,
    /// Make it the one that we know
    #[arg(long)]
    write: bool,
}

/// Fails if something that we use is gone or changed.
pub(crate) fn protocol(args: &Args) -> Result<()> {
    let codex = args.codex.clone().unwrap_or_else(|| npm_tool("codex"));
    let used = Used::read()?;
    let found = of(&codex, &used)?;
    if args.write {
        fs::write(root().join(KNOWN), found.text()?).with_context(|| format!("cannot write {KNOWN}"))?;
        println!("{KNOWN} has the protocol of codex {} now", found.codex);
        return Ok(());
    }
    let known = known()?;
    let differences = diff(&known, &found);
    print!("{}", report(&known, &found, &differences));
    let breaking = differences.iter().filter(|difference| difference.kind.breaks()).count();
    if breaking > 0 {
        bail!("{breaking} things that the gateway uses are gone or changed in codex {}", found.codex);
    }
    Ok(())
}

/// The protocol that we know.
fn known() -> Result<Protocol> {
    let text = fs::read_to_string(root().join(KNOWN)).with_context(|| format!("{KNOWN} is missing"))?;
    serde_json::from_str(&text).with_context(|| format!("{KNOWN} cannot be read; --write makes it anew"))
}

/// The protocol of an executable, as far as it is used.
fn of(codex: &Path, used: &Used) -> Result<Protocol> {
    let version = answer(program(codex).arg("--version"));
    let version = version.with_context(|| format!("{} --version failed", codex.display()))?;
    let version = version.rsplit(' ').next().unwrap_or_default().to_owned();
    let dir = target_dir().join("protocol").join(&version);
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    run(program(codex).args(["app-server", "generate-json-schema", "--experimental", "--out"]).arg(&dir))
        .with_context(|| {
            format!("codex {version} prints no schema of its protocol: it may be too old for that")
        })?;
    let bundle = fs::read_to_string(dir.join(BUNDLE))
        .with_context(|| format!("codex {version} has written no {BUNDLE}"))?;
    Schema::read(&bundle)?.reduce(&version, used)
}

#[cfg(test)]
mod tests;
