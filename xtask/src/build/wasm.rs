//! The browser half: Rust → WebAssembly → wasm-bindgen, and for a release → as small as it gets.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::{Profile, compress};
use crate::command::{cargo, npm_tool, run};
use crate::fresh::unless_fresh;
use crate::needs;
use crate::project::{self, FRONTEND, SERVER, WASM_TARGET};

/// What makes the module smallest on the wire. `-Oz` makes a smaller file, but one that brotli can do less
/// with: measured here, 7 % more bytes to send.
const SMALLEST: [&str; 10] = [
    "-O1",
    "--dae-optimizing",
    "--flatten",
    "--rereloop",
    "-O1",
    "--rse",
    "--merge-locals",
    "--vacuum",
    "--duplicate-function-elimination",
    "--remove-unused-module-elements",
];

/// Builds the standard library along, for a module that stops at once where it would panic. The words of panics, the
/// places they name and all that would format them are a twentieth of the module, and no reader sees them; a build for
/// developing keeps them. (None of this is stable yet, hence `RUSTC_BOOTSTRAP`: it concerns this module alone.)
const ABORTING: [&str; 4] = [
    "-Zbuild-std=std,panic_abort",
    "-Zunstable-options",
    "--config",
    "target.wasm32-unknown-unknown.rustflags=['-Zunstable-options','-Cpanic=immediate-abort']",
];

/// What no page calls: leptos's server functions bring streams that Rust hands to JavaScript, and an export keeps all its
/// code. Ours go through one call of their own (`app/src/server_fns/call.rs`).
const UNUSED: &str = "intounderlying";

/// The module as the browser gets it, with its JavaScript glue. A release has `.br` and `.gz`
/// files beside the two.
pub(crate) struct Module {
    /// Holds these files and nothing else. One per profile: switching costs nothing.
    pub(crate) dir: PathBuf,
    pub(crate) wasm: PathBuf,
    pub(crate) glue: PathBuf,
}

/// Builds the module of `profile`.
pub(crate) fn build(profile: Profile) -> Result<Module> {
    let cargo_profile = match profile {
        Profile::Dev => "dev",
        Profile::Release => "wasm-release",
    };
    let mut compile = cargo();
    compile.args(["build", "--package", FRONTEND, "--target", WASM_TARGET, "--profile", cargo_profile]);
    if profile == Profile::Release && needs::std_source()? {
        compile.env("RUSTC_BOOTSTRAP", "1").args(ABORTING);
    }
    run(&mut compile)?;

    let dir = project::target_dir().join("xtask").join(format!("module-{}", profile.word()));
    let module =
        Module { wasm: dir.join(format!("{SERVER}.wasm")), glue: dir.join(format!("{SERVER}.js")), dir };
    let compiled = project::target_dir()
        .join(WASM_TARGET)
        .join(if profile == Profile::Dev { "debug" } else { cargo_profile })
        .join(format!("{}.wasm", FRONTEND.replace('-', "_")));
    let inputs = [compiled.clone(), project::root().join("package-lock.json")];
    unless_fresh(&format!("module-{}", profile.word()), &inputs, std::slice::from_ref(&module.wasm), || {
        bind(&compiled, &module, profile)?;
        if profile == Profile::Release { shrink(&module) } else { Ok(()) }
    })?;
    Ok(module)
}

/// wasm-bindgen as a library: nothing to install, and never another version than the crate's.
fn bind(compiled: &Path, module: &Module, profile: Profile) -> Result<()> {
    if module.dir.exists() {
        fs::remove_dir_all(&module.dir)?;
    }
    let mut bound = Bindgen::new();
    let mut bound = bound
        .input_path(compiled)
        .out_name(SERVER)
        .web(true)?
        .typescript(false)
        .debug(profile == Profile::Dev)
        .remove_name_section(profile == Profile::Release)
        .generate_output()
        .context("wasm-bindgen failed")?;
    let exports = &mut bound.wasm_mut().exports;
    let mut unused = Vec::new();
    for export in exports.iter() {
        if export.name.contains(UNUSED) {
            unused.push(export.id());
        }
    }
    for export in unused {
        exports.delete(export);
    }
    bound.emit(&module.dir).context("wasm-bindgen failed")?;
    // The page asks for the name without `_bg` (LEPTOS_OUTPUT_NAME in .cargo/config.toml).
    Ok(fs::rename(module.dir.join(format!("{SERVER}_bg.wasm")), &module.wasm)?)
}

/// Optimises for size, minifies the glue, compresses both.
fn shrink(module: &Module) -> Result<()> {
    println!("optimising {} for size", module.wasm.display());
    run(npm_tool("wasm-opt").args(SMALLEST).arg(&module.wasm).arg("-o").arg(&module.wasm))?;
    run(npm_tool("esbuild")
        .arg(&module.glue)
        .args(["--minify", "--format=esm", "--target=es2022", "--allow-overwrite", "--log-level=warning"])
        .arg(format!("--outfile={}", module.glue.display())))?;
    compress::beside(&module.wasm)?;
    compress::beside(&module.glue)
}
