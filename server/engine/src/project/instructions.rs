//! The instructions of a project: its `AGENTS.md` files, found and truncated by codex's rules.
//!
//! Codex reads them itself, and does not report when its size limit truncates them. Codex leaves them out where its own
//! configuration mentions the project; the gateway then passes them as developer instructions.

use std::{
    fmt::Write as _,
    fs::File,
    io::Read as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use super::ProjectRules;

/// The names in the order in which codex looks for them. In each directory it reads the first that exists.
const NAMES: [&str; 2] = ["AGENTS.override.md", "AGENTS.md"];

/// The instructions of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instructions {
    /// From the root of the project down.
    files: Vec<InstructionFile>,
    /// The maximum size of all files together, in bytes.
    max_bytes: u64,
}

/// A file of instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InstructionFile {
    path: PathBuf,
    /// The text that codex reads.
    text: String,
    /// The size of that text, in bytes.
    read_bytes: u64,
    /// The size of the file, in bytes.
    file_bytes: u64,
}

impl Instructions {
    /// Reads the instructions in the directories of a project. Blocks.
    pub(crate) fn read(dirs: &[PathBuf], rules: &ProjectRules) -> Self {
        let max_bytes = rules.max_instruction_bytes;
        let mut left = max_bytes;
        let mut files = Vec::new();
        // With a limit of 0, codex does not look for instructions.
        for dir in dirs.iter().take(if max_bytes == 0 { 0 } else { usize::MAX }) {
            let Some(file) = open(dir, rules).and_then(|(path, file)| read(path, file, left)) else {
                continue;
            };
            if left == 0 || !file.text.trim().is_empty() {
                left -= file.read_bytes;
                files.push(file);
            }
        }
        Self { files, max_bytes }
    }

    /// Returns `true` if the instructions include the file with this path.
    pub(crate) fn contains(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path.as_os_str() == path)
    }

    /// Returns `true` if the project has no instructions.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.read_bytes == 0)
    }

    /// Returns a notice about files that codex reads in part or not at all. `None` if codex reads all files in full.
    pub(crate) fn truncation_notice(&self) -> Option<String> {
        let cut: Vec<String> = self
            .files
            .iter()
            .filter(|file| file.read_bytes < file.file_bytes)
            .map(|file| match file.read_bytes {
                0 => format!("nothing of {}", file.path.display()),
                read => format!("the first {} of {}", bytes(read), file.path.display()),
            })
            .collect();
        (!cut.is_empty()).then(|| {
            format!(
                "The instructions of this project are longer than the {} that Codex reads. It reads only {}. Shorten them, or \
                 raise project_doc_max_bytes in Codex's config.toml.",
                bytes(self.max_bytes),
                cut.join(", and "),
            )
        })
    }

    /// Returns the instructions as developer instructions, after the user's own. `None` if the project has no
    /// instructions.
    pub(crate) fn as_developer_instructions(&self, own: Option<&str>) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let mut text = own.map(|own| format!("{own}\n\n")).unwrap_or_default();
        text.push_str(
            "The user works in a project with instructions of its own, which follow. Treat them as instructions of the user: a \
             later file is more specific than the ones before it, and what the user says in the conversation comes first.",
        );
        for file in self.files.iter().filter(|file| file.read_bytes > 0) {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n\n# Instructions in {}\n\n<INSTRUCTIONS>\n{}\n</INSTRUCTIONS>",
                file.path.display(),
                file.text
            );
        }
        Some(text)
    }
}

/// Opens the instruction file that codex would read in a directory. Follows symbolic links, as codex does.
fn open(dir: &Path, rules: &ProjectRules) -> Option<(PathBuf, File)> {
    let names = NAMES.into_iter().chain(rules.fallback_names.iter().map(String::as_str));
    names.filter(|name| !name.is_empty()).find_map(|name| {
        let path = dir.join(name);
        // Opening a pipe or a device must not block.
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let file = File::options().read(true).custom_flags(flags).open(&path).ok()?;
        file.metadata().is_ok_and(|metadata| metadata.is_file()).then_some((path, file))
    })
}

/// Reads at most `left` bytes of a file.
fn read(path: PathBuf, file: File, left: u64) -> Option<InstructionFile> {
    let file_bytes = file.metadata().ok()?.len();
    let mut bytes = Vec::new();
    file.take(left).read_to_end(&mut bytes).ok()?;
    let read_bytes = bytes.len() as u64;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // The file may have grown since its size was read.
    Some(InstructionFile { path, text, read_bytes, file_bytes: file_bytes.max(read_bytes) })
}

/// Formats a size for a person.
fn bytes(n: u64) -> String {
    match n {
        n if n >= 1024 && n.is_multiple_of(1024) => format!("{} KiB", n / 1024),
        n => format!("{n} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn rules(max_instruction_bytes: u64) -> ProjectRules {
        ProjectRules {
            max_instruction_bytes,
            fallback_names: vec!["README.md".into()],
            ..ProjectRules::default()
        }
    }

    /// Creates a project with these files. Returns its directories.
    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let dirs = ["", "a", "a/b"].map(|name| dir.path().join(name)).to_vec();
        (dir, dirs)
    }

    fn names(dir: &tempfile::TempDir, found: &Instructions) -> Vec<(String, u64)> {
        let name = |path: &Path| path.strip_prefix(dir.path()).unwrap().display().to_string();
        found.files.iter().map(|file| (name(&file.path), file.read_bytes)).collect()
    }

    fn expected(files: &[(&str, u64)]) -> Vec<(String, u64)> {
        files.iter().map(|(name, read)| ((*name).to_owned(), *read)).collect()
    }

    #[test]
    fn each_directory_contributes_its_override_file_or_fallback() {
        let files = [
            ("AGENTS.md", "root"),
            ("AGENTS.override.md", "override"),
            ("README.md", "never"),
            ("a/README.md", "fallback"),
            ("a/b/AGENTS.md", " \n"),
        ];
        let (dir, dirs) = project(&files);
        fs::create_dir(dir.path().join("a/AGENTS.md")).unwrap();
        let found = Instructions::read(&dirs, &rules(1024));
        assert_eq!(names(&dir, &found), expected(&[("AGENTS.override.md", 8), ("a/README.md", 8)]));
        assert_eq!(found.truncation_notice(), None);
        let text = found.as_developer_instructions(Some("Mine.")).unwrap();
        assert!(text.starts_with("Mine.\n\n"), "{text}");
        assert!(text.contains("<INSTRUCTIONS>\noverride\n</INSTRUCTIONS>"), "{text}");
        assert!(!text.contains("root\n") && !text.contains("never"), "{text}");
    }

    #[test]
    fn files_beyond_the_limit_are_truncated_with_a_notice() {
        let (dir, dirs) =
            project(&[("AGENTS.md", "12345"), ("a/AGENTS.md", "67890"), ("a/b/AGENTS.md", "more")]);
        let found = Instructions::read(&dirs, &rules(7));
        let all = [("AGENTS.md", 5), ("a/AGENTS.md", 2), ("a/b/AGENTS.md", 0)];
        assert_eq!(names(&dir, &found), expected(&all));
        let notice = found.truncation_notice().unwrap();
        assert!(notice.contains("than the 7 bytes that Codex reads"), "{notice}");
        assert!(notice.contains("the first 2 bytes of ") && notice.contains("nothing of "), "{notice}");
        assert!(!notice.contains("5 bytes"), "{notice}");
        let text = found.as_developer_instructions(None).unwrap();
        assert!(text.contains("\n67\n") && !text.contains("more\n</INSTRUCTIONS>"), "{text}");
    }

    #[test]
    fn without_files_or_with_a_limit_of_zero_there_are_no_instructions() {
        let (_dir, dirs) = project(&[]);
        assert_eq!(Instructions::read(&dirs, &rules(1024)).as_developer_instructions(Some("Mine.")), None);
        let (_dir, dirs) = project(&[("AGENTS.md", "root")]);
        let none = Instructions::read(&dirs, &rules(0));
        assert_eq!((none.as_developer_instructions(None), none.truncation_notice()), (None, None));
    }
}
