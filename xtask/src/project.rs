//! Names and paths of the workspace that more than one subcommand uses.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The name of the server's package and binary.
pub(crate) const SERVER: &str = "codex-gateway";
/// The package that is compiled to the WASM module.
pub(crate) const FRONTEND: &str = "codex-gateway-frontend";
/// The target triple of the WASM module.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Returns the workspace's root directory.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Returns cargo's target directory: `CARGO_TARGET_DIR`, else `target`.
pub(crate) fn target_dir() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Returns the directory that the server serves: `pkg/codex-gateway.{js,wasm,css}` and the files of `public/`.
pub(crate) fn site_dir() -> PathBuf {
    target_dir().join("site")
}

/// Returns the path of the npm tool `name`. It exists after `npm ci`.
pub(crate) fn npm_tool(name: &str) -> PathBuf {
    root().join("node_modules/.bin").join(name)
}

/// Returns all files below `dir`, sorted. Empty if `dir` does not exist.
pub(crate) fn files_below(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        if !dir.is_dir() {
            continue;
        }
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() { &mut dirs } else { &mut files }.push(path);
        }
    }
    files.sort();
    Ok(files)
}
