//! Finds or installs Chromium and its driver for the tests in a browser.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Result, bail};

use crate::command::{program, run, stdout_of};

/// Chromium, its driver, and fonts for the scripts in the tests: Latin, Chinese, emoji.
const DEBIAN_PACKAGES: [&str; 5] =
    ["chromium", "chromium-driver", "fonts-dejavu-core", "fonts-noto-cjk", "fonts-noto-color-emoji"];

/// Returns the path of Chromium: `CHROMIUM`, else an installed one, else Debian's, which is installed if possible.
pub(crate) fn find() -> Result<PathBuf> {
    find_program("CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])
}

/// Returns the path of Chromium's `WebDriver`: `CHROMEDRIVER`, else an installed one, else Debian's, which is installed if
/// possible.
pub(crate) fn find_driver() -> Result<PathBuf> {
    find_program("CHROMEDRIVER", &["chromedriver"])
}

/// Returns the path that the environment variable holds, or that of the first program that is installed.
fn find_program(variable: &str, names: &[&str]) -> Result<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        let path = PathBuf::from(path);
        if !path.exists() {
            bail!("{variable} names {}, which does not exist", path.display());
        }
        return Ok(path);
    }
    if let Some(found) = installed(names) {
        return Ok(found);
    }
    let is_root = stdout_of(program("id").arg("-u")).as_deref() == Some("0");
    let is_debian = fs::exists("/etc/debian_version")?;
    if !(is_root && is_debian) {
        bail!(
            "no {} found: install it (on Debian, as root: apt-get install {}), \
             or name its path in the environment variable {variable}",
            names[0],
            DEBIAN_PACKAGES.join(" ")
        );
    }
    println!("installing Chromium");
    run(program("apt-get").args(["update", "-q"]))?;
    run(program("apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(DEBIAN_PACKAGES)
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    match installed(names) {
        Some(found) => Ok(found),
        None => bail!("apt-get installed {}, but it is neither in /usr/bin nor on the PATH", names[0]),
    }
}

/// Looks for the first of these programs in `/usr/bin` and on the `PATH`.
fn installed(names: &[&str]) -> Option<PathBuf> {
    let dirs = env::var_os("PATH").unwrap_or_default();
    names
        .iter()
        .flat_map(|name| {
            let usual = Path::new("/usr/bin").join(name);
            std::iter::once(usual).chain(env::split_paths(&dirs).map(move |dir| dir.join(name)))
        })
        .find(|path| path.is_file())
}
