//! Projects as codex defines them: the directories from a project's root down to the folder of a session, with their
//! instructions (`AGENTS.md`) and settings (`.codex`).
//!
//! Codex reads the instructions of every project, but uses the settings of trusted projects only. The gateway decides
//! for each thread which projects are trusted (`session/project.rs`).
//!
//! - [`instructions`]: the `AGENTS.md` files, found by codex's rules
//! - [`settings`]: the content of `.codex` directories, for people who decide whether to trust it

pub(crate) mod instructions;
pub(crate) mod settings;

use std::{
    fs,
    path::{Path, PathBuf},
};

use codex_app_server_client::protocol::CodexConfig;

/// The marker of a project's root if codex's configuration has none.
const DEFAULT_MARKER: &str = ".git";
/// The maximum size of instructions if codex's configuration has none, in bytes.
const DEFAULT_MAX_INSTRUCTION_BYTES: u64 = 32 * 1024;

/// Codex's rules about projects, from its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProjectRules {
    /// Names of files or directories that mark a project's root. Without markers, a project consists of its folder
    /// only.
    pub root_markers: Vec<String>,
    /// Names of files that are read in directories without `AGENTS.md`.
    pub fallback_names: Vec<String>,
    /// The maximum size of all instructions that codex reads, in bytes.
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
        let default = Self::default();
        Self {
            root_markers: config.project_root_markers.clone().unwrap_or(default.root_markers),
            fallback_names: config.project_doc_fallback_filenames.clone().unwrap_or_default(),
            max_instruction_bytes: config.project_doc_max_bytes.unwrap_or(default.max_instruction_bytes),
        }
    }

    /// Returns the directories of a folder's project, from the root down to the folder. Blocks.
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
    fn directories_go_from_the_nearest_marker_down_to_the_folder() {
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
