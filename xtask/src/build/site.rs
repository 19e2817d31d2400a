//! Assembles `target/site`: the WASM module, the styles and `public/`, as the server serves them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Profile, compress, wasm::Module};
use crate::command::{npm_tool, run};
use crate::fresh::unless_fresh;
use crate::project::{self, SERVER, files_below};

/// Rebuilds the site when one of its inputs has changed.
///
/// The new site is assembled in a directory of its own and then replaces the old one. So no file of an earlier build stays,
/// in particular no stale `.br` file, which the server would prefer to the uncompressed one.
pub(crate) fn assemble(profile: Profile, module: &Module) -> Result<()> {
    let site = project::site_dir();
    let (public, style) = (project::root().join("public"), project::root().join("style"));
    let mut inputs = files_below(&module.dir)?;
    inputs.extend(files_below(&public)?);
    inputs.extend(files_below(&style)?);

    unless_fresh("site", &inputs, std::slice::from_ref(&site), || {
        let next = project::target_dir().join("site.next");
        remove(&next)?;
        let pkg = next.join("pkg");
        fs::create_dir_all(&pkg)?;
        copy(&public, &next)?;
        bundle_styles(&style.join("main.css"), &pkg.join(format!("{SERVER}.css")), profile)?;
        if profile == Profile::Release {
            for file in files_below(&next)? {
                compress::write_compressed(&file)?;
            }
        }
        copy(&module.dir, &pkg)?;
        remove(&site)?;
        fs::rename(&next, &site).with_context(|| format!("cannot put {} in place", site.display()))
    })
}

/// Bundles `main.css` and its imports into one stylesheet. Minifies it for a release.
fn bundle_styles(main: &Path, bundle: &Path, profile: Profile) -> Result<()> {
    let mut esbuild = npm_tool("esbuild");
    // Images and fonts are files of `public/`, so their URLs stay as they are.
    esbuild.arg(main).args(["--bundle", "--external:*.svg", "--external:*.png", "--external:*.woff2"]);
    esbuild.arg("--log-level=warning");
    if profile == Profile::Release {
        esbuild.arg("--minify");
    }
    run(esbuild.arg(format!("--outfile={}", bundle.display())))
}

/// Copies all files below `from`, with their directories.
fn copy(from: &Path, to: &Path) -> Result<()> {
    for file in files_below(from)? {
        let copy = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(copy.parent().unwrap_or(to))?;
        fs::copy(&file, &copy).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}

/// Removes `dir` if it exists.
fn remove(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    Ok(())
}
