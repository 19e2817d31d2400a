//! Builds the WASM module and its chunks: cargo, wasm-split, wasm-bindgen, and for a release wasm-opt and compression.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::{Profile, chunks, compress};
use crate::command::{cargo, npm_tool, run};
use crate::fresh::unless_fresh;
use crate::project::{self, FRONTEND, SERVER, WASM_TARGET};

/// The wasm-opt passes that give the fewest bytes on the wire.
///
/// `-Oz` gives a smaller file that brotli compresses less well: measured here, 7 % more bytes to send.
const WASM_OPT_PASSES: [&str; 10] = [
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

/// Part of the names of exports that no page calls.
///
/// They belong to the streams of Leptos's own client for server functions, and an export keeps all the code that it
/// reaches. The app has a client without streams (`app/src/server_fns/client.rs`).
const UNUSED_EXPORT: &str = "intounderlying";

/// The module as the browser loads it, with its chunks and its JavaScript glue. A release has `.br` and `.gz` files next to
/// each of them.
pub(crate) struct Module {
    /// A directory that contains only these files. Each profile has its own, so switching profiles rebuilds nothing.
    pub(crate) dir: PathBuf,
    /// The `.wasm` file that every page loads.
    pub(crate) wasm: PathBuf,
    /// The `.js` file that wasm-bindgen generates.
    pub(crate) glue: PathBuf,
}

/// Builds the module of `profile`.
pub(crate) fn build(profile: Profile) -> Result<Module> {
    let cargo_profile = match profile {
        Profile::Dev => "dev",
        Profile::Release => "wasm-release",
    };
    let mut compile = cargo();
    compile.args([
        "rustc",
        "--package",
        FRONTEND,
        "--target",
        WASM_TARGET,
        "--profile",
        cargo_profile,
        "--lib",
    ]);
    compile.args(["--crate-type", "cdylib"]);
    // wasm-split moves functions between modules, for which it needs their relocations.
    compile.args(["--", "-Clink-arg=--emit-relocs"]);
    run(&mut compile)?;

    let dir = project::target_dir().join("xtask").join(format!("module-{}", profile.name()));
    let module =
        Module { wasm: dir.join(format!("{SERVER}.wasm")), glue: dir.join(format!("{SERVER}.js")), dir };
    let compiled = project::target_dir()
        .join(WASM_TARGET)
        .join(if profile == Profile::Dev { "debug" } else { cargo_profile })
        .join(format!("{}.wasm", FRONTEND.replace('-', "_")));
    let inputs = [compiled.clone(), project::root().join("package-lock.json")];
    unless_fresh(&format!("module-{}", profile.name()), &inputs, std::slice::from_ref(&module.wasm), || {
        bind(&compiled, &module, profile)?;
        if profile == Profile::Release { shrink(&module) } else { Ok(()) }
    })?;
    Ok(module)
}

/// Splits the module, and runs wasm-bindgen as a library: nothing to install, and always the version of the crate.
fn bind(compiled: &Path, module: &Module, profile: Profile) -> Result<()> {
    if module.dir.exists() {
        fs::remove_dir_all(&module.dir)?;
    }
    let parts_dir = module.dir.with_extension("parts");
    let parts = chunks::split(compiled, &parts_dir, &format!("{SERVER}.js"))?;
    let mut bound = Bindgen::new();
    let mut bound = bound
        .input_path(&parts.main)
        .out_name(SERVER)
        .web(true)?
        .typescript(false)
        // Chunks import what the linker exports, by its names.
        .keep_lld_exports(true)
        .demangle(false)
        .debug(profile == Profile::Dev)
        .remove_name_section(profile == Profile::Release)
        .generate_output()
        .context("wasm-bindgen failed")?;
    let exports = &mut bound.wasm_mut().exports;
    let mut unused = Vec::new();
    for export in exports.iter() {
        if export.name.contains(UNUSED_EXPORT) {
            unused.push(export.id());
        }
    }
    for export in unused {
        exports.delete(export);
    }
    bound.emit(&module.dir).context("wasm-bindgen failed")?;
    // The page requests the name without `_bg` (LEPTOS_OUTPUT_NAME in .cargo/config.toml).
    fs::rename(module.dir.join(format!("{SERVER}_bg.wasm")), &module.wasm)?;
    for file in parts.chunks.iter().chain([&parts.loader]) {
        fs::copy(file, module.dir.join(file.file_name().unwrap_or_default()))?;
    }
    chunks::write_manifest(&module.dir, &parts.manifest)?;
    bundle_glue(module, profile)
}

/// Joins the glue and the loader of the chunks, which import each other, into one file. Minifies it for a release.
fn bundle_glue(module: &Module, profile: Profile) -> Result<()> {
    let mut esbuild = npm_tool("esbuild");
    esbuild.arg(&module.glue).args(["--bundle", "--format=esm", "--target=es2022"]);
    esbuild.args(["--allow-overwrite", "--log-level=warning"]);
    if profile == Profile::Release {
        esbuild.arg("--minify");
    }
    run(esbuild.arg(format!("--outfile={}", module.glue.display())))?;
    Ok(fs::remove_file(module.dir.join(chunks::LOADER))?)
}

/// Optimises the module and its chunks for size, and compresses all files.
fn shrink(module: &Module) -> Result<()> {
    for file in project::files_below(&module.dir)? {
        if file.extension().is_some_and(|extension| extension == "wasm") {
            println!("optimising {} for size", file.display());
            run(npm_tool("wasm-opt").args(WASM_OPT_PASSES).arg(&file).arg("-o").arg(&file))?;
        }
        compress::write_compressed(&file)?;
    }
    Ok(())
}
