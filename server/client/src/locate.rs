//! Finds the codex executable: the native binary, not the npm launcher.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::process::is_executable;

/// Why no codex executable was found.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LocateError {
    /// The configured path is not an executable file. The value is the path.
    #[error("{0} is not an executable file")]
    NotExecutable(PathBuf),
    /// Neither `PATH` nor `node_modules` has an executable.
    #[error("no codex executable was found on PATH or in node_modules")]
    NotFound,
}

/// Returns the codex executable: the configured one, else the first on `PATH`, else that of the nearest
/// `node_modules` above the executable of this program.
///
/// If that is npm's launcher, returns the native binary that it would run: the launcher costs a second process and
/// about 200 ms per start.
///
/// # Errors
/// [`LocateError`]
pub fn locate(configured: Option<&Path>) -> Result<PathBuf, LocateError> {
    if let Some(path) = configured {
        // A name without a directory is looked up on PATH, as in a shell.
        let found = if path.components().count() == 1 { find_on_path(path) } else { Some(path.to_owned()) };
        let found = found.filter(|path| is_executable(path));
        return found.map(native_binary).ok_or_else(|| LocateError::NotExecutable(path.to_owned()));
    }
    find_on_path(Path::new("codex")).or_else(npm_install).map(native_binary).ok_or(LocateError::NotFound)
}

/// Returns the first executable file with this name on `PATH`.
pub fn find_on_path(name: &Path) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|candidate| is_executable(candidate))
}

/// Returns the launcher in the nearest `node_modules` above the executable of this program: in its checkout or image.
/// The current directory is not searched, because agents can write there.
fn npm_install() -> Option<PathBuf> {
    let own = env::current_exe().ok()?.canonicalize().ok()?;
    own.ancestors().map(|dir| dir.join("node_modules/.bin/codex")).find(|candidate| is_executable(candidate))
}

/// Returns the native binary that npm's launcher runs, or `path` itself if it is not that launcher.
fn native_binary(path: PathBuf) -> PathBuf {
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
    // In older versions, such as 0.130, the directory has another name.
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
    fn native_binary_is_found_for_the_npm_launcher() {
        let dir = tempfile::tempdir().unwrap();
        let scope = dir.path().canonicalize().unwrap().join("node_modules/@openai");
        let launcher = scope.join("codex/bin/codex.js");
        executable(&launcher);
        let link = dir.path().join("node_modules/.bin/codex");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&launcher, &link).unwrap();
        assert_eq!(native_binary(link.clone()), link, "without a platform package, the launcher is used");

        let platform = if env::consts::ARCH == "x86_64" { "codex-linux-x64" } else { "codex-linux-arm64" };
        let binary =
            scope.join(format!("{platform}/vendor/{}-unknown-linux-musl/bin/codex", env::consts::ARCH));
        executable(&binary);
        assert_eq!(native_binary(link.clone()), binary);
        fs::remove_file(&binary).unwrap();
        let older = binary.parent().unwrap().with_file_name("codex/codex");
        executable(&older);
        assert_eq!(native_binary(link), older);
    }

    #[test]
    fn other_executable_is_returned_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("my-codex");
        executable(&program);
        assert_eq!(locate(Some(&program)), Ok(program));
    }

    #[test]
    fn error_names_a_configured_file_that_is_not_executable() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("codex");
        fs::write(&path, "").unwrap();
        assert_eq!(locate(Some(&path)), Err(LocateError::NotExecutable(path.clone())));
        assert!(locate(Some(Path::new("no-such-program-here"))).is_err());
    }
}
