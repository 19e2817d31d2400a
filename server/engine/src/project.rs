//! Projects as codex sees them: the directories from the root of a project down to the folder of a session, the
//! instructions there (`AGENTS.md`), and the settings there (`.codex`).
//!
//! Codex reads the instructions of every project, and uses the settings of those that it is told to trust. Which these
//! are, the gateway decides for each thread (`session/project.rs`).
//!
//! - [`instructions`]: `AGENTS.md` files by codex's rules
//! - [`settings`]: what `.codex` directories set, for people who decide about it

pub(crate) mod instructions;
pub(crate) mod settings;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::bridge::protocol::CodexConfig;

/// The name that marks the root of a project, if codex's configuration names none.
const DEFAULT_MARKER: &str = ".git";
/// How many bytes of instructions codex reads, if its configuration does not say.
const DEFAULT_MAX_INSTRUCTION_BYTES: u64 = 32 * 1024;

/// Codex's rules about projects, from its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProjectRules {
    /// Names that mark the root of a project. Without any, a project is its folder alone.
    pub root_markers: Vec<String>,
    /// Names of files that are read where there is no `AGENTS.md`.
    pub fallback_names: Vec<String>,
    /// How many bytes of instructions codex reads.
    pub max_instruction_bytes: u64,
}

impl Default for ProjectRules {
    fn default() -> Self {
        Self {
            root_markers: vec![DEFAULT_MARKER.to_owned()],
            fallback_names: Vec::new(),
            max_instruction_bytes: DEFAULT_MAX_INSTRUCTION_BYTES,
        }
    }
}

impl ProjectRules {
    pub(crate) fn new(config: &CodexConfig) -> Self {
        let usual = Self::default();
        Self {
            root_markers: config.project_root_markers.clone().unwrap_or(usual.root_markers),
            fallback_names: config.project_doc_fallback_filenames.clone().unwrap_or_default(),
            max_instruction_bytes: config.project_doc_max_bytes.unwrap_or(usual.max_instruction_bytes),
        }
    }

    /// Returns the directories of the project that a folder is in, from its root down to the folder. Blocks.
    pub(crate) fn directories(&self, folder: &Path) -> Vec<PathBuf> {
        let has_marker =
            |dir: &Path| self.root_markers.iter().any(|name| fs::metadata(dir.join(name)).is_ok());
        let root = folder.ancestors().find(|dir| has_marker(dir)).unwrap_or(folder);
        let mut dirs: Vec<PathBuf> =
            folder.ancestors().take_while(|dir| dir.starts_with(root)).map(Path::to_owned).collect();
        dirs.reverse();
        dirs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_reaches_from_its_nearest_marker_down_to_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("a/b/c")).unwrap();
        fs::create_dir_all(path("a/.git")).unwrap();
        let rules = ProjectRules::default();
        assert_eq!(rules.directories(&path("a/b/c")), [path("a"), path("a/b"), path("a/b/c")]);
        fs::write(path("a/b/.git"), "gitdir: elsewhere").unwrap();
        assert_eq!(rules.directories(&path("a/b/c")), [path("a/b"), path("a/b/c")]);
        let none = ProjectRules { root_markers: Vec::new(), ..rules };
        assert_eq!(none.directories(&path("a/b/c")), [path("a/b/c")]);
        let unmarked = ProjectRules { root_markers: vec!["no-such-marker".into()], ..none };
        assert_eq!(unmarked.directories(&path("a/b/c")), [path("a/b/c")]);
    }
}
