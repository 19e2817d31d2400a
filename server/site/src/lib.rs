//! The browser files, wherever they are: inside the program, as in a release, or in a directory, where a build for
//! developing finds each change at once. Who serves them need not know which.

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
use memory::Files;

/// Where the browser files are. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Site(Place);

#[derive(Clone, Debug)]
enum Place {
    Directory(PathBuf),
    /// Only a program with the feature `embed` has any; the tests have some too.
    #[cfg_attr(not(any(test, feature = "embed")), allow(dead_code, reason = "there are none in this build"))]
    Program(Files),
}

impl Site {
    /// Where they are for this program: in the directory that was named, else in the program itself, else in `site` beside
    /// the directory of the executable (`target/debug/codex-gateway` and `target/site`).
    ///
    /// # Errors
    /// If the executable's own place cannot be told.
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

    /// Those of a directory.
    pub fn directory(path: &Path) -> Self {
        Self(Place::Directory(path.to_owned()))
    }

    /// Those in the program, if it was built with them.
    pub fn embedded() -> Option<Self> {
        #[cfg(feature = "embed")]
        let embedded = Some(Self(Place::Program(embedded::FILES)));
        #[cfg(not(feature = "embed"))]
        let embedded = None;
        embedded
    }

    /// The content of a file, such as `pkg/codex-gateway.css`; none if there is no such file.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn read(&self, path: &str) -> io::Result<Option<Cow<'static, [u8]>>> {
        match &self.0 {
            Place::Program(files) => Ok(files.get(path).map(|file| Cow::Borrowed(file.content))),
            Place::Directory(root) => match fs::read(root.join(path)) {
                Ok(content) => Ok(Some(Cow::Owned(content))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Whether there is such a file.
    pub fn has(&self, path: &str) -> bool {
        match &self.0 {
            Place::Program(files) => files.get(path).is_some(),
            Place::Directory(root) => root.join(path).is_file(),
        }
    }

    /// Serves what is below `folder`: compressed where the client takes that and the build has done it, and not again to
    /// who has it.
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
            Place::Directory(root) => root.display().fmt(f),
            Place::Program(_) => f.write_str("inside the program"),
        }
    }
}
