//! The Markdown documents: what they name exists, and what exists is named.
//!
//! Paths of the API, events, warnings, error codes and settings are compared in both directions. Links, paths of
//! files and the form of the text are checked in every document.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clap::CommandFactory as _;
use codex_gateway::{cli::Cli, router};
use codex_gateway_wire::{
    EventName,
    api::{ErrorCode, SummaryEventName},
    event::WarningKind,
};

/// The longest line of prose, in characters.
const MAX_LINE_CHARS: usize = 160;
/// The longest README, in lines.
const MAX_README_LINES: usize = 120;
/// Variables that are no settings of the gateway: of its tests, its examples, `compose.yaml` and its child processes.
const OTHER_VARIABLES: [&str; 6] = [
    "CODEX_GATEWAY_IMAGE",
    "CODEX_GATEWAY_PROCESS",
    "CODEX_GATEWAY_TEST_LEAVE_OUT",
    "CODEX_GATEWAY_TEST_SEED",
    "CODEX_GATEWAY_TOKEN",
    "CODEX_GATEWAY_URL",
];
/// The directories of the repository that the documents name paths in.
const DIRECTORIES: [&str; 9] =
    [".ci/", ".github/", "app/", "docs/", "end2end/", "frontend/", "server/", "style/", "xtask/"];
const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
/// Paths of the OpenAPI document outside of `/api`.
const OPEN_PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// A Markdown file of the repository.
struct Document {
    /// Relative to the repository.
    path: String,
    text: String,
}

impl Document {
    fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path: path.to_owned(), text }
    }

    /// The lines outside of code blocks, each with its number.
    fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut in_code = false;
        self.text.lines().enumerate().filter_map(move |(index, line)| {
            let is_fence = line.trim_start().starts_with("```");
            in_code ^= is_fence;
            (!in_code && !is_fence).then_some((index + 1, line))
        })
    }

    /// The code spans of the prose, each with the text before it and the number of its line.
    fn spans(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        self.prose().flat_map(|(number, line)| {
            let parts: Vec<&str> = line.split('`').collect();
            let spans = parts.windows(2).enumerate().filter(|(index, _)| index % 2 == 0);
            spans.map(|(_, pair)| (number, pair[0], pair[1])).collect::<Vec<_>>()
        })
    }

    /// The targets of the links, each with the number of its line.
    fn links(&self) -> impl Iterator<Item = (usize, &str)> {
        self.prose().flat_map(|(number, line)| {
            let targets = line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
            targets.map(move |target| (number, target)).collect::<Vec<_>>()
        })
    }

    /// The first code span of each row of the tables below a heading, up to the next heading.
    fn rows(&self, heading: &str) -> BTreeSet<&str> {
        let mut lines = self.prose().map(|(_, line)| line).skip_while(|line| *line != heading);
        assert!(lines.next().is_some(), "{} has no heading {heading:?}", self.path);
        lines
            .take_while(|line| !line.starts_with('#'))
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect()
    }

    /// The anchors of the headings, as GitHub makes them.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.prose().filter(|(_, line)| line.starts_with('#'));
        headings
            .map(|(_, line)| {
                let text = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
                text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
            })
            .collect()
    }
}

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// All Markdown files that people read.
fn documents() -> Vec<Document> {
    let mut paths = Vec::new();
    for directory in [".", "docs", ".github", ".github/ISSUE_TEMPLATE"] {
        for file in fs::read_dir(root().join(directory)).unwrap() {
            let path = Path::new(directory).join(file.unwrap().file_name());
            if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path.to_str().unwrap().trim_start_matches("./").to_owned());
            }
        }
    }
    assert!(paths.len() >= 15, "{paths:?}");
    paths.iter().map(|path| Document::read(path)).collect()
}

/// Fails with all problems at once.
#[track_caller]
fn assert_none(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Fails if the two sets are not equal, and names what is missing in each.
#[track_caller]
fn assert_same(documented: &BTreeSet<&str>, existing: &BTreeSet<&str>) {
    let undocumented: Vec<_> = existing.difference(documented).collect();
    let unknown: Vec<_> = documented.difference(existing).collect();
    assert!(
        undocumented.is_empty() && unknown.is_empty(),
        "not documented: {undocumented:?}; documented, but unknown: {unknown:?}"
    );
}

/// `GET /api/rules/{ruleId}?x=` as `GET /api/rules/{}`: parameters have other names in the documents.
fn normalized(operation: &str) -> String {
    let path = operation.split('?').next().unwrap_or_default();
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The operations of the OpenAPI document, as `METHOD /path/{}`.
fn operations() -> BTreeSet<String> {
    let document = router::document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase());
        methods
            .filter(|method| METHODS.contains(&method.as_str()))
            .map(move |method| normalized(&format!("{method} {path}")))
    });
    operations.collect()
}

fn settings() -> BTreeSet<String> {
    let command = Cli::command();
    let settings: BTreeSet<String> = command
        .get_arguments()
        .filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned()))
        .collect();
    assert!(settings.len() > 20, "{settings:?}");
    settings
}

fn borrowed(strings: &BTreeSet<String>) -> BTreeSet<&str> {
    strings.iter().map(String::as_str).collect()
}

#[test]
fn readmes_are_short_and_show_the_same_commands() {
    let [english, chinese] = ["README.md", "README_zh.md"].map(Document::read);
    for readme in [&english, &chinese] {
        let lines = readme.text.lines().count();
        assert!(lines <= MAX_README_LINES, "{} has {lines} lines", readme.path);
    }
    // Comments and prompts are translated.
    let commands = |document: &Document| -> Vec<String> {
        let blocks = document.text.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        let lines = blocks.flat_map(str::lines);
        lines
            .map(|line| line.split("  #").next().unwrap_or_default())
            .map(|line| line.split(" \"").next().unwrap_or_default().trim_end().to_owned())
            .collect()
    };
    assert_eq!(commands(&english), commands(&chinese));
}

#[test]
fn lines_of_prose_are_short() {
    let documents = documents();
    let problems = documents.iter().flat_map(|document| {
        let lines = document.prose().filter(|(_, line)| !line.starts_with('|'));
        lines.filter_map(|(number, line)| {
            // Where a link leads does not count.
            let targets =
                document.links().filter(|(of, _)| *of == number).map(|(_, target)| target.chars().count());
            let chars = line.chars().count() - targets.sum::<usize>();
            (chars > MAX_LINE_CHARS).then(|| format!("{}:{number}: {chars} characters", document.path))
        })
    });
    assert_none(problems.collect());
}

#[test]
fn settings_are_documented_and_documented_settings_exist() {
    let settings = settings();
    let configuration = Document::read("docs/configuration.md");
    assert_same(&configuration.rows("## All settings"), &borrowed(&settings));

    let is_known = |name: &str| {
        settings.contains(name)
            || OTHER_VARIABLES.contains(&name)
            // `CODEX_GATEWAY_RATE_…` stands for several.
            || (name.ends_with('_') && settings.iter().any(|setting| setting.starts_with(name)))
    };
    let mut problems = Vec::new();
    for document in documents() {
        for rest in document.text.split("CODEX_GATEWAY_").skip(1) {
            let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c == '_')).unwrap_or(rest.len());
            let name = format!("CODEX_GATEWAY_{}", &rest[..end]);
            if !is_known(&name) {
                problems.push(format!("{}: {name} does not exist", document.path));
            }
        }
    }
    assert_none(problems);
}

#[test]
fn paths_are_documented_and_documented_paths_exist() {
    let operations = operations();
    let api = Document::read("docs/api.md");
    let documented: BTreeSet<String> = api.rows("## All paths").into_iter().map(normalized).collect();
    assert_same(&borrowed(&documented), &borrowed(&operations));

    let mut problems = Vec::new();
    for document in documents() {
        for (number, _, span) in document.spans() {
            let (method, path) = match span.split_once(' ') {
                Some((method, path)) if METHODS.contains(&method) => (Some(method), path),
                _ => (None, span),
            };
            let is_described = path.starts_with("/api/") || OPEN_PATHS.contains(&path);
            if !is_described || path.contains(['…', '*', ' ']) || path.ends_with('/') {
                continue;
            }
            let wanted = normalized(path);
            let exists = operations.iter().any(|operation| {
                let (of, path) = operation.split_once(' ').unwrap();
                path == wanted && method.is_none_or(|method| method == of)
            });
            if !exists {
                problems.push(format!("{}:{number}: {span} does not exist", document.path));
            }
        }
    }
    assert_none(problems);
}

#[test]
fn events_are_documented_and_documented_events_exist() {
    let api = Document::read("docs/api.md");
    let events = EventName::ALL.iter().map(|name| name.as_str()).collect();
    assert_same(&api.rows("### Events of a session"), &events);
    let summaries = SummaryEventName::ALL.iter().map(|name| name.as_str()).collect();
    assert_same(&api.rows("### Events of the summaries"), &summaries);
    let warnings = WarningKind::ALL.iter().filter(|kind| **kind != WarningKind::Other);
    assert_same(&api.rows("### Warnings"), &warnings.map(|kind| kind.as_str()).collect());
}

#[test]
fn error_codes_are_documented_with_their_status() {
    let api = Document::read("docs/api.md");
    let codes = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_same(&api.rows("### Codes"), &codes);

    let status_of =
        |name: &str| ErrorCode::ALL.iter().find(|code| code.as_str() == name).map(|code| code.status());
    let mut problems = Vec::new();
    for document in documents() {
        for (number, before, span) in document.spans() {
            // "409 `turn_active`": the three digits before the code, as a word of their own.
            let word = before.strip_suffix(' ').unwrap_or_default();
            let word = word.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            let Some(status) = word.parse::<u16>().ok().filter(|status| (400..600).contains(status)) else {
                continue;
            };
            if span.chars().all(|c| c.is_ascii_lowercase() || c == '_') && status_of(span) != Some(status) {
                problems.push(format!("{}:{number}: {status} `{span}` does not exist", document.path));
            }
        }
    }
    for line in api.prose().filter_map(|(_, line)| line.strip_prefix("| `")) {
        if let Some((code, rest)) = line.split_once("` | ")
            && let Some(status) = status_of(code)
            && !rest.starts_with(&format!("{status} |"))
        {
            problems.push(format!("{code} is {status}, not {rest}"));
        }
    }
    assert_none(problems);
}

#[test]
fn links_lead_somewhere() {
    let mut problems = Vec::new();
    for document in documents() {
        let directory = Path::new(&document.path).parent().unwrap();
        for (number, target) in document.links() {
            if target.starts_with("https://") || target.starts_with("http://") || target.starts_with("../../")
            {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() { PathBuf::from(&document.path) } else { directory.join(path) };
            let Ok(full) = fs::canonicalize(root().join(&path)) else {
                problems.push(format!("{}:{number}: {target} does not exist", document.path));
                continue;
            };
            let linked = full.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            if !anchor.is_empty() && !Document::read(&linked).anchors().contains(anchor) {
                problems.push(format!("{}:{number}: {linked} has no heading for #{anchor}", document.path));
            }
        }
    }
    assert_none(problems);
}

#[test]
fn paths_of_files_exist() {
    let is_source = |span: &str| {
        let extension = Path::new(span).extension().and_then(|extension| extension.to_str());
        span.contains('/') && matches!(extension, Some("rs" | "ts" | "css" | "toml"))
    };
    let mut problems = Vec::new();
    for document in documents() {
        for (number, _, span) in document.spans() {
            let is_path = is_source(span) || DIRECTORIES.iter().any(|directory| span.starts_with(directory));
            let is_pattern = span.contains(['…', '*', ' ', '{', '<']) || span.starts_with(['/', '~', '.']);
            if is_path && !is_pattern && !root().join(span).exists() {
                problems.push(format!("{}:{number}: {span} does not exist", document.path));
            }
        }
    }
    assert_none(problems);
}
