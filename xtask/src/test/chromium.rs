//! Finds or installs Chromium for the browser tests.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Result, bail};

use crate::command::{program, run, stdout_of};

/// Chromium, and fonts for the scripts in the tests: Latin, Chinese, emoji.
const DEBIAN_PACKAGES: [&str; 4] =
    ["chromium", "fonts-dejavu-core", "fonts-noto-cjk", "fonts-noto-color-emoji"];

/// Returns the path of Chromium: `CHROMIUM`, else an installed one, else Debian's, which is installed if possible.
pub(crate) fn find() -> Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        let named = PathBuf::from(named);
        if !named.exists() {
            bail!("CHROMIUM names {}, which does not exist", named.display());
        }
        return Ok(named);
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    let is_root = stdout_of(program("id").arg("-u")).as_deref() == Some("0");
    let is_debian = fs::exists("/etc/debian_version")?;
    if !(is_root && is_debian) {
        bail!(
            "no Chromium found: install Chromium or Google Chrome (on Debian, as root: apt-get install {}), \
             or name one in the environment variable CHROMIUM",
            DEBIAN_PACKAGES.join(" ")
        );
    }
    println!("installing Chromium");
    run(program("apt-get").args(["update", "-q"]))?;
    run(program("apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(DEBIAN_PACKAGES)
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    match installed() {
        Some(found) => Ok(found),
        None => bail!("apt-get installed chromium, but it is neither in /usr/bin nor on the PATH"),
    }
}

/// Looks for Chromium under its usual names in `/usr/bin` and on the `PATH`.
fn installed() -> Option<PathBuf> {
    let dirs = env::var_os("PATH").unwrap_or_default();
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| {
            let usual = Path::new("/usr/bin").join(name);
            std::iter::once(usual).chain(env::split_paths(&dirs).map(move |dir| dir.join(name)))
        })
        .find(|path| path.is_file())
}
