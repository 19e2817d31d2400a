//! Finding the codex executable: the native one, behind the npm launcher.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::process::is_executable;

/// Why there is no codex executable.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LocateError {
    /// The configured one cannot be run.
    #[error("CODEX_GATEWAY_CODEX_BIN is {0}, which is not an executable file")]
    Configured(PathBuf),
    /// None was found.
    #[error(
        "no codex executable was found on PATH or in node_modules; install it with `npm install -g @openai/codex`, \
         or name it in CODEX_GATEWAY_CODEX_BIN"
    )]
    NotFound,
}

/// The codex executable: the configured one, else the first on PATH, else the pinned npm install above our
/// own executable. Where it is npm's launcher, the native binary behind it: the launcher would cost a
/// second process and some 200 ms per session.
///
/// # Errors
/// If there is none.
pub fn locate(configured: Option<&Path>) -> Result<PathBuf, LocateError> {
    if let Some(path) = configured {
        // A bare word is looked up as a shell would.
        let found = if path.components().count() == 1 { on_path(path) } else { Some(path.to_owned()) };
        let found = found.filter(|path| is_executable(path));
        return found.map(native).ok_or_else(|| LocateError::Configured(path.to_owned()));
    }
    on_path(Path::new("codex")).or_else(pinned).map(native).ok_or(LocateError::NotFound)
}

/// The first executable file of that name on PATH.
pub fn on_path(name: &Path) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|candidate| is_executable(candidate))
}

/// The install beside the checkout or the image that this program stands in. Not the current directory's:
/// that is where agents work.
fn pinned() -> Option<PathBuf> {
    let own = env::current_exe().ok()?.canonicalize().ok()?;
    own.ancestors().map(|dir| dir.join("node_modules/.bin/codex")).find(|candidate| is_executable(candidate))
}

/// The native binary behind npm's launcher, or the path itself if it is no such launcher.
fn native(path: PathBuf) -> PathBuf {
    let Ok(launcher) = path.canonicalize() else { return path };
    // …/node_modules/@openai/codex/bin/codex.js
    let Some(package) =
        launcher.parent().and_then(Path::parent).filter(|_| launcher.ends_with("codex/bin/codex.js"))
    else {
        return path;
    };
    let triple = format!("{}-unknown-linux-musl", env::consts::ARCH);
    let platform = match env::consts::ARCH {
        "x86_64" => "codex-linux-x64",
        "aarch64" => "codex-linux-arm64",
        _ => return path,
    };
    let beside = package.parent().map(|scope| scope.join(platform));
    let nested = package.join("node_modules/@openai").join(platform);
    let vendor = |package: PathBuf| package.join("vendor").join(&triple);
    // Older versions (0.130, say) have it in a directory of another name.
    let inside = |vendor: PathBuf| [vendor.join("bin/codex"), vendor.join("codex/codex")];
    let packages = beside.into_iter().chain([nested, package.to_owned()]);
    packages.map(vendor).flat_map(inside).find(|candidate| is_executable(candidate)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn executable(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_native_binary_is_found_behind_the_launcher() {
        let dir = tempfile::tempdir().unwrap();
        let scope = dir.path().canonicalize().unwrap().join("node_modules/@openai");
        let launcher = scope.join("codex/bin/codex.js");
        executable(&launcher);
        let link = dir.path().join("node_modules/.bin/codex");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&launcher, &link).unwrap();
        assert_eq!(native(link.clone()), link, "without a platform package the launcher has to do");

        let platform = if env::consts::ARCH == "x86_64" { "codex-linux-x64" } else { "codex-linux-arm64" };
        let binary =
            scope.join(format!("{platform}/vendor/{}-unknown-linux-musl/bin/codex", env::consts::ARCH));
        executable(&binary);
        assert_eq!(native(link.clone()), binary);
        fs::remove_file(&binary).unwrap();
        let older = binary.parent().unwrap().with_file_name("codex/codex");
        executable(&older);
        assert_eq!(native(link), older);
    }

    #[test]
    fn another_program_is_taken_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("my-codex");
        executable(&program);
        assert_eq!(locate(Some(&program)), Ok(program));
    }

    #[test]
    fn a_configured_file_that_cannot_be_run_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("codex");
        fs::write(&path, "").unwrap();
        assert_eq!(locate(Some(&path)), Err(LocateError::Configured(path.clone())));
        assert!(locate(Some(Path::new("no-such-program-here"))).is_err());
    }
}
