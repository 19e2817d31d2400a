//! Where things are: the names and directories that more than one verb speaks of.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The package and binary of the server.
pub(crate) const SERVER: &str = "codex-gateway";
/// The package whose only job is to be the WASM module.
pub(crate) const FRONTEND: &str = "codex-gateway-frontend";
/// The target triple of the browser half.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The workspace's directory.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Cargo's target directory: `target`, unless `CARGO_TARGET_DIR` moves it.
pub(crate) fn target_dir() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// What the server serves: `pkg/codex-gateway.{js,wasm,css}` and the files of `public/`.
pub(crate) fn site_dir() -> PathBuf {
    target_dir().join("site")
}

/// The executable of the npm tool `name`, once `npm ci` has run.
pub(crate) fn npm_tool(name: &str) -> PathBuf {
    root().join("node_modules/.bin").join(name)
}

/// All files below `dir`, sorted; none when `dir` is missing.
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
