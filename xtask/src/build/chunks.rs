//! Splits the WASM module into the part that every page loads, and chunks that are loaded when they are first needed.
//!
//! A chunk is what functions with `#[wasm_split(name, …)]` alone need; see `app/src/lazy.rs`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wasm_split_cli_support::{Options, transform};

/// The JavaScript module that loads the chunks. The glue of wasm-bindgen imports it by this name.
pub(crate) const LOADER: &str = "__wasm_split.js";

/// The file that lists, for each chunk, the files that the browser loads for it.
const MANIFEST: &str = "chunks.json";

/// The parts of a module.
pub(crate) struct Parts {
    /// What every page loads, before wasm-bindgen.
    pub(crate) main: PathBuf,
    /// The `.wasm` files of the chunks.
    pub(crate) chunks: Vec<PathBuf>,
    /// The JavaScript that loads them.
    pub(crate) loader: PathBuf,
    /// The names of the files that each chunk needs, in the order in which they are loaded.
    pub(crate) manifest: BTreeMap<String, Vec<String>>,
}

/// Splits `compiled` into files in `dir`. `glue` is the file name of wasm-bindgen's glue, which the loader imports.
pub(crate) fn split(compiled: &Path, dir: &Path, glue: &str) -> Result<Parts> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    fs::create_dir_all(dir)?;
    let input = fs::read(compiled).with_context(|| format!("cannot read {}", compiled.display()))?;
    let main = dir.join("main.wasm");
    let main_module = format!("./{glue}");
    let mut options = Options::new(&input);
    options.output_dir = dir;
    options.main_out_path = &main;
    options.main_module = &main_module;
    let split = transform(options).map_err(|error| anyhow!("wasm-split failed: {error:#}"))?;
    Ok(Parts {
        main,
        chunks: split.split_modules,
        loader: dir.join(LOADER),
        manifest: manifest(&split.prefetch_map),
    })
}

/// Sorts the chunks, so that equal modules give equal files, and adds the extension.
fn manifest(files: &HashMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
    let with_extension = |names: &Vec<String>| names.iter().map(|name| format!("{name}.wasm")).collect();
    files.iter().map(|(chunk, names)| (chunk.clone(), with_extension(names))).collect()
}

/// Writes the manifest into the module's directory.
pub(crate) fn write_manifest(dir: &Path, manifest: &BTreeMap<String, Vec<String>>) -> Result<()> {
    Ok(fs::write(dir.join(MANIFEST), serde_json::to_vec_pretty(manifest)?)?)
}

/// Returns the files of a chunk, from the manifest in the module's directory.
pub(crate) fn files_of(dir: &Path, chunk: &str) -> Result<Vec<String>> {
    let manifest: BTreeMap<String, Vec<String>> = serde_json::from_slice(&fs::read(dir.join(MANIFEST))?)?;
    manifest.get(chunk).cloned().with_context(|| format!("there is no chunk {chunk:?}"))
}
