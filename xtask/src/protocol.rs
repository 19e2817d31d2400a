//! `cargo xtask protocol`: compares the app-server protocol of another codex with the pinned one.
//!
//! Only methods and types that the gateway uses are compared.

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
use self::used::UsedNames;
use crate::command::{program, run, stdout_of};
use crate::project::{npm_tool, root, target_dir};

/// The file with the protocol of the pinned version.
const PINNED_PROTOCOL: &str = "xtask/protocol.json";
/// The file that contains all definitions, among those that codex writes.
const SCHEMA_FILE: &str = "codex_app_server_protocol.schemas.json";

/// Compare the protocol of a codex with the pinned one: what is added, removed or changed of what the gateway uses
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The executable of the codex to compare [default: the pinned one]
    #[arg(long, value_name = "PATH")]
    codex: Option<PathBuf>,
    /// Write its protocol to xtask/protocol.json instead of comparing it
    #[arg(long)]
    write: bool,
}

/// Prints the differences. Fails if something that the gateway uses is removed or changed.
pub(crate) fn protocol(args: &Args) -> Result<()> {
    let codex = args.codex.clone().unwrap_or_else(|| npm_tool("codex"));
    let used = UsedNames::read()?;
    let other = protocol_of(&codex, &used)?;
    if args.write {
        fs::write(root().join(PINNED_PROTOCOL), other.to_text()?)
            .with_context(|| format!("cannot write {PINNED_PROTOCOL}"))?;
        println!("{PINNED_PROTOCOL} now has the protocol of codex {}", other.codex);
        return Ok(());
    }
    let pinned = pinned_protocol()?;
    let differences = diff(&pinned, &other);
    print!("{}", report(&pinned, &other, &differences));
    let breaking = differences.iter().filter(|difference| difference.kind.is_breaking()).count();
    if breaking > 0 {
        bail!("{breaking} things that the gateway uses are removed or changed in codex {}", other.codex);
    }
    Ok(())
}

/// Reads the protocol of the pinned version.
fn pinned_protocol() -> Result<Protocol> {
    let text = fs::read_to_string(root().join(PINNED_PROTOCOL))
        .with_context(|| format!("{PINNED_PROTOCOL} is missing"))?;
    serde_json::from_str(&text)
        .with_context(|| format!("cannot parse {PINNED_PROTOCOL}; --write creates it again"))
}

/// Returns the part of an executable's protocol that the gateway uses.
fn protocol_of(codex: &Path, used: &UsedNames) -> Result<Protocol> {
    let version = stdout_of(program(codex).arg("--version"));
    let version = version.with_context(|| format!("{} --version failed", codex.display()))?;
    let version = version.rsplit(' ').next().unwrap_or_default().to_owned();
    let dir = target_dir().join("protocol").join(&version);
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    run(program(codex).args(["app-server", "generate-json-schema", "--experimental", "--out"]).arg(&dir))
        .with_context(|| {
            format!("codex {version} cannot print the schema of its protocol: it may be too old")
        })?;
    let schema = fs::read_to_string(dir.join(SCHEMA_FILE))
        .with_context(|| format!("codex {version} has written no {SCHEMA_FILE}"))?;
    Schema::read(&schema)?.reduce(&version, used)
}

#[cfg(test)]
mod tests;
