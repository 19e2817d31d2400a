//! The browser files: embedded in the program, as in a release, or in a directory, where a development build
//! sees each change at once. Callers need not know which.

mod backend;
#[cfg(feature = "embed")]
mod embedded;
mod file;
mod memory;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use tower_http::services::fs::{DefaultServeDirFallback, ServeDir};

pub use backend::SiteBackend;
use memory::MemoryFiles;

/// Source of the browser files. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Site(Source);

#[derive(Clone, Debug)]
enum Source {
    Directory(PathBuf),
    /// Used by programs with the feature `embed`, and by tests.
    #[cfg_attr(not(any(test, feature = "embed")), allow(dead_code, reason = "there are none in this build"))]
    Embedded(MemoryFiles),
}

impl Site {
    /// Finds the browser files: the named directory, else the embedded files, else `site` beside the directory
    /// of the executable (`target/debug/codex-gateway` and `target/site`).
    ///
    /// # Errors
    /// If the path of the executable cannot be determined.
    pub fn find(named: Option<&Path>) -> io::Result<Self> {
        if let Some(directory) = named {
            return Ok(Self::directory(directory));
        }
        if let Some(embedded) = Self::embedded() {
            return Ok(embedded);
        }
        let executable = std::env::current_exe()?.canonicalize()?;
        let target = executable.parent().and_then(Path::parent).unwrap_or(Path::new("."));
        Ok(Self::directory(&target.join("site")))
    }

    /// Uses the files of a directory.
    pub fn directory(path: &Path) -> Self {
        Self(Source::Directory(path.to_owned()))
    }

    /// Uses the embedded files. `None` if the program was built without them.
    pub fn embedded() -> Option<Self> {
        #[cfg(feature = "embed")]
        let embedded = Some(Self(Source::Embedded(embedded::FILES)));
        #[cfg(not(feature = "embed"))]
        let embedded = None;
        embedded
    }

    /// Returns the content of a file, such as `pkg/codex-gateway.css`. `None` if it does not exist.
    ///
    /// # Errors
    /// If the file exists but cannot be read.
    pub fn read(&self, path: &str) -> io::Result<Option<Cow<'static, [u8]>>> {
        match &self.0 {
            Source::Embedded(files) => Ok(files.get(path).map(|file| Cow::Borrowed(file.content))),
            Source::Directory(root) => match fs::read(root.join(path)) {
                Ok(content) => Ok(Some(Cow::Owned(content))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Returns `true` if the file exists.
    pub fn has(&self, path: &str) -> bool {
        match &self.0 {
            Source::Embedded(files) => files.get(path).is_some(),
            Source::Directory(root) => root.join(path).is_file(),
        }
    }

    /// Returns a service for the files below `folder`. It supports precompressed files and conditional
    /// requests.
    pub fn serve(&self, folder: &str) -> ServeDir<DefaultServeDirFallback, SiteBackend> {
        ServeDir::with_backend(folder, SiteBackend::new(self.clone()))
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip()
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Directory(root) => root.display().fmt(f),
            Source::Embedded(_) => f.write_str("inside the program"),
        }
    }
}
