//! The content of a project's `.codex` directories, for people who decide whether to trust the project.
//!
//! An agent may have written the directories, so they are read with limits, and links that lead out of them are not
//! followed. Unreadable files are listed as such, because codex might be able to read them.

use std::{
    fs::File,
    io::Read as _,
    os::fd::{AsFd as _, OwnedFd},
    path::{Path, PathBuf},
};

use codex_gateway_wire::api::{ProjectHook, ProjectMcpServer, ProjectSettings};
use rustix::{
    fs::{Dir, Mode, OFlags, ResolveFlags, open, openat2},
    io::Errno,
};
use serde_json::Value;

use crate::git;

/// The maximum size of a file, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// The maximum number of directory entries that are read.
const MAX_DIRECTORY_ENTRIES: usize = 1000;
/// The maximum length of each list in the result.
const MAX_LISTED: usize = 100;
/// The maximum length of a text in the result, in characters.
const MAX_TEXT_CHARS: usize = 500;

/// Reads the settings in the directories of a project. A `.codex` directory that is codex's own home is left
/// out. Blocks.
pub(crate) fn read(dirs: &[PathBuf], codex_home: Option<&Path>) -> ProjectSettings {
    let mut reader = Reader::default();
    let codex_home = codex_home.and_then(|home| home.canonicalize().ok());
    for dir in dirs {
        if codex_home.is_none() || dir.join(".codex").canonicalize().ok() != codex_home {
            reader.directory(dir, Part::All);
        }
    }
    // In a linked worktree, codex reads the hooks from the main checkout.
    for (dir, main) in main_checkout(dirs) {
        if dir != main {
            reader.directory(&main, Part::Hooks);
        }
    }
    reader.found
}

/// Pairs the directories of a linked worktree with their counterparts in the main checkout.
fn main_checkout(dirs: &[PathBuf]) -> Vec<(PathBuf, PathBuf)> {
    let checkout = dirs.iter().rev().find(|dir| dir.join(".git").exists());
    let Some((checkout, main)) = checkout.and_then(|dir| Some((dir, git::repository_root(dir)?))) else {
        return Vec::new();
    };
    let counterpart = |dir: &PathBuf| Some((dir.clone(), main.join(dir.strip_prefix(checkout).ok()?)));
    dirs.iter().filter_map(counterpart).collect()
}

/// The part of a `.codex` directory that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Hooks,
}

#[derive(Default)]
struct Reader {
    found: ProjectSettings,
}

impl Reader {
    /// Reads the `.codex` directory in a directory.
    fn directory(&mut self, dir: &Path, part: Part) {
        let path = dir.join(".codex");
        let settings = match open(dir, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .and_then(|dir| open_below(&dir, ".codex", OFlags::DIRECTORY))
        {
            Ok(settings) => settings,
            Err(Errno::NOENT | Errno::NOTDIR) => return,
            Err(_) => return self.unreadable(&path),
        };
        // Codex reads `config.toml`, and files beside it that override it.
        let is_config = |name: &str| name.starts_with("config") && extension(name) == Some("toml");
        for name in names(&settings, is_config) {
            let config = content(&settings, &name).and_then(|text| toml::from_str::<Value>(&text).ok());
            self.file(&path.join(name), config, |reader, file, config| reader.config(file, config, part));
        }
        for name in names(&settings, |name| name == "hooks.json") {
            let hooks = content(&settings, &name).and_then(|text| serde_json::from_str::<Value>(&text).ok());
            self.file(&path.join(name), hooks, |reader, file, hooks| {
                hooks.get("hooks").is_none_or(|hooks| reader.hooks(file, hooks))
            });
        }
        if part == Part::All
            && let Ok(rules) = open_below(&settings, "rules", OFlags::DIRECTORY)
        {
            for name in names(&rules, |name| extension(name) == Some("rules")) {
                let file = path.join("rules").join(name);
                if !add(&mut self.found.rules, clip(&file.to_string_lossy())) {
                    self.unreadable(&file);
                }
            }
        }
    }

    /// Adds the settings of a file. A file that is invalid, or has more settings than the lists take, is listed as
    /// unreadable.
    fn file(
        &mut self,
        path: &Path,
        content: Option<Value>,
        take: impl FnOnce(&mut Self, &str, &Value) -> bool,
    ) {
        let file = clip(&path.to_string_lossy());
        let Some(content) = content else { return self.unreadable(path) };
        if !take(self, &file, &content) {
            self.unreadable(path);
        }
        add(&mut self.found.files, file);
    }

    fn unreadable(&mut self, path: &Path) {
        add(&mut self.found.unreadable, clip(&path.to_string_lossy()));
    }

    /// Adds the settings of a `config.toml`. Returns `false` if a list is full, as the following functions do.
    fn config(&mut self, file: &str, config: &Value, part: Part) -> bool {
        let mut all = true;
        for (key, value) in config.as_object().into_iter().flatten() {
            all &= match key.as_str() {
                "hooks" => self.hooks(file, value),
                _ if part == Part::Hooks => true,
                "mcp_servers" => self.mcp_servers(file, value),
                key => add(&mut self.found.other, clip(key)),
            };
        }
        all
    }

    fn mcp_servers(&mut self, file: &str, servers: &Value) -> bool {
        let mut all = servers.is_object();
        for (name, server) in servers.as_object().into_iter().flatten() {
            let arguments = server["args"].as_array().into_iter().flatten();
            let target = match (server["command"].as_str(), server["url"].as_str()) {
                (Some(command), _) => {
                    let words =
                        [command].into_iter().chain(arguments.map(|word| word.as_str().unwrap_or("…")));
                    words.collect::<Vec<_>>().join(" ")
                }
                (None, Some(url)) => url.to_owned(),
                // Unknown forms are shown as JSON.
                (None, None) => server.to_string(),
            };
            let server = ProjectMcpServer { name: clip(name), target: clip(&target), file: file.to_owned() };
            all &= add(&mut self.found.mcp_servers, server);
        }
        all
    }

    /// Adds hooks: each event has a list of groups, and each group a list of handlers.
    fn hooks(&mut self, file: &str, hooks: &Value) -> bool {
        let mut all = hooks.is_object();
        for (event, groups) in hooks.as_object().into_iter().flatten() {
            let handlers = |group: &Value| group["hooks"].as_array().cloned();
            let known: Option<Vec<Vec<Value>>> =
                groups.as_array().and_then(|groups| groups.iter().map(handlers).collect());
            // Unknown forms are shown as JSON.
            let handlers =
                known.map_or_else(|| vec![groups.clone()], |known| known.into_iter().flatten().collect());
            for handler in handlers {
                let command = handler["command"].as_str().map_or_else(|| handler.to_string(), str::to_owned);
                let hook = ProjectHook { event: clip(event), command: clip(&command), file: file.to_owned() };
                all &= add(&mut self.found.hooks, hook);
            }
        }
        all
    }
}

/// Opens a path below a directory, without following links that lead out of the directory.
fn open_below(dir: &OwnedFd, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    // Opening a pipe or a device must not block.
    let flags = flags | OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    openat2(dir.as_fd(), name, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS)
}

/// Reads a text file. `None` if it is unreadable or too large.
fn content(dir: &OwnedFd, name: &str) -> Option<String> {
    let file = File::from(open_below(dir, name, OFlags::empty()).ok()?);
    if !file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_FILE_BYTES) {
        return None;
    }
    let mut text = String::new();
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Returns the sorted names in a directory that match.
fn names(dir: &OwnedFd, matches: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = Dir::read_from(dir).into_iter().flatten().take(MAX_DIRECTORY_ENTRIES).flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().to_str().ok().filter(|name| matches(name)).map(str::to_owned))
        .collect();
    names.sort();
    names
}

fn extension(name: &str) -> Option<&str> {
    Path::new(name).extension()?.to_str()
}

/// Adds an item to a list. Returns `false` if the list is full.
fn add<T>(list: &mut Vec<T>, item: T) -> bool {
    let has_room = list.len() < MAX_LISTED;
    if has_room {
        list.push(item);
    }
    has_room
}

fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(MAX_TEXT_CHARS).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    const CONFIG: &str = r#"
        model = "x"
        [mcp_servers.local]
        command = "npx"
        args = ["-y", "server"]
        [mcp_servers.remote]
        url = "https://example.org/mcp"
        [[hooks.PreToolUse]]
        matcher = "shell"
        [[hooks.PreToolUse.hooks]]
        type = "command"
        command = "./check.sh"
    "#;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn servers_hooks_and_rules_of_all_directories_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        let [root, sub] = ["", "sub"].map(|name| dir.path().join(name));
        write(&root.join(".codex/config.toml"), CONFIG);
        write(&root.join(".codex/rules/b.rules"), "");
        write(&root.join(".codex/rules/notes.txt"), "");
        let hooks = r#"{"hooks": {"New": 7, "Stop": [{"matcher": null, "hooks": [{"command": "bell"}, {"x": null}]}]}}"#;
        write(&sub.join(".codex/hooks.json"), hooks);
        let found = read(&[root.clone(), sub.clone()], None);
        let servers: Vec<_> =
            found.mcp_servers.iter().map(|server| (server.name.as_str(), server.target.as_str())).collect();
        assert_eq!(servers, [("local", "npx -y server"), ("remote", "https://example.org/mcp")]);
        let hooks: Vec<_> =
            found.hooks.iter().map(|hook| (hook.event.as_str(), hook.command.as_str())).collect();
        assert_eq!(
            hooks,
            [("PreToolUse", "./check.sh"), ("New", "7"), ("Stop", "bell"), ("Stop", r#"{"x":null}"#)]
        );
        assert_eq!(found.rules, [root.join(".codex/rules/b.rules").display().to_string()]);
        assert_eq!(found.other, ["model"]);
        let files = [root.join(".codex/config.toml"), sub.join(".codex/hooks.json")];
        assert_eq!(found.files, files.map(|file| file.display().to_string()));
        assert!(found.unreadable.is_empty() && !found.is_empty());
    }

    #[test]
    fn outside_links_and_oversized_or_invalid_files_are_listed_as_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        let [root, linked, other] = ["root", "linked", "other"].map(|name| dir.path().join(name));
        write(&other.join("config.toml"), CONFIG);
        write(&root.join(".codex/config.large.toml"), &" ".repeat(300 * 1024));
        write(&root.join(".codex/hooks.json"), "no JSON");
        symlink(other.join("config.toml"), root.join(".codex/config.toml")).unwrap();
        fs::create_dir(&linked).unwrap();
        symlink(&other, linked.join(".codex")).unwrap();
        let found = read(&[root.clone(), linked.clone()], None);
        let names = [".codex/config.large.toml", ".codex/config.toml", ".codex/hooks.json"];
        let mut expected = names.map(|name| root.join(name).display().to_string()).to_vec();
        expected.push(linked.join(".codex").display().to_string());
        assert_eq!(found.unreadable, expected);
        assert!(found.mcp_servers.is_empty() && found.files.is_empty());
    }

    #[test]
    fn file_with_more_settings_than_listed_is_unreadable_too() {
        let dir = tempfile::tempdir().unwrap();
        let servers: Vec<String> =
            (0..=MAX_LISTED).map(|n| format!("[mcp_servers.s{n}]\nurl = \"x\"\n")).collect();
        write(&dir.path().join(".codex/config.toml"), &servers.concat());
        let found = read(&[dir.path().to_owned()], None);
        assert_eq!((found.mcp_servers.len(), found.files.len()), (MAX_LISTED, 1));
        assert_eq!(found.unreadable, found.files);
    }

    #[test]
    fn codex_home_and_folders_without_settings_are_empty() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join(".codex/config.toml"), CONFIG);
        let home = dir.path().join(".codex");
        assert_eq!(read(&[dir.path().to_owned()], Some(&home)), ProjectSettings::default());
        assert_eq!(read(&[dir.path().join("nowhere"), home], None), ProjectSettings::default());
    }

    #[test]
    fn hooks_of_a_linked_worktree_come_from_the_main_checkout() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let [main, tree] = ["main", "tree"].map(|name| root.join(name));
        write(&main.join(".codex/config.toml"), CONFIG);
        write(&main.join(".git/HEAD"), "ref: refs/heads/main\n");
        write(&main.join(".git/worktrees/tree/HEAD"), "ref: refs/heads/tree\n");
        write(&tree.join(".git"), &format!("gitdir: {}\n", main.join(".git/worktrees/tree").display()));
        let found = read(&[tree], None);
        assert_eq!(found.hooks.len(), 1);
        assert!(found.mcp_servers.is_empty() && found.other.is_empty());
        assert_eq!(found.files, [main.join(".codex/config.toml").display().to_string()]);
    }
}
