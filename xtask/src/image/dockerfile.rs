//! Parses the Dockerfile. Supports the instructions that the project uses; any other is an error.

use anyhow::{Context, Result, bail};

/// A build stage: a `FROM` line and the steps after it.
#[derive(Debug, PartialEq)]
pub(crate) struct Stage {
    /// The name after `AS`; empty for the last stage, which is the image.
    pub(crate) name: String,
    /// The base image, such as `debian:bookworm-slim`, or the name of another stage.
    pub(crate) base: String,
    /// The instructions, in the order of the file.
    pub(crate) steps: Vec<Step>,
}

/// An instruction of a stage.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// `RUN` in its shell form.
    Run(String),
    /// `COPY` from the build context, or from another stage.
    Copy { from: Option<String>, sources: Vec<String>, to: String },
    /// `WORKDIR path`
    Workdir(String),
    /// `ENV name=value`
    Env(String, String),
    /// `ARG name=default`
    Arg(String, String),
    /// `USER uid:gid`
    User(u32, u32),
    /// `EXPOSE port`
    Expose(u16),
    /// `HEALTHCHECK … CMD […]`: the words of the command.
    Healthcheck(Vec<String>),
    /// `ENTRYPOINT […]`: the words of the command.
    Entrypoint(Vec<String>),
}

/// Returns the stages in the order of the file; the last one is the image.
pub(crate) fn parse(text: &str) -> Result<Vec<Stage>> {
    let mut stages: Vec<Stage> = Vec::new();
    for line in logical_lines(text) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        let rest = rest.trim();
        if word == "FROM" {
            let (base, name) = rest.split_once(" AS ").unwrap_or((rest, ""));
            stages.push(Stage { name: name.into(), base: base.into(), steps: Vec::new() });
            continue;
        }
        let stage = stages.last_mut().with_context(|| format!("{line:?} comes before the first FROM"))?;
        stage.steps.push(step(word, rest).with_context(|| format!("Dockerfile: {line}"))?);
    }
    if stages.last().is_none_or(|stage| !stage.name.is_empty()) {
        bail!("the last stage of the Dockerfile must be the image, without a name");
    }
    Ok(stages)
}

fn step(word: &str, rest: &str) -> Result<Step> {
    Ok(match word {
        "RUN" => Step::Run(rest.into()),
        "COPY" => {
            let mut words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
            let from = words.first().and_then(|word| word.strip_prefix("--from=")).map(str::to_owned);
            if from.is_some() {
                words.remove(0);
            }
            let to =
                words.pop().filter(|_| !words.is_empty()).context("COPY needs sources and a destination")?;
            Step::Copy { from, sources: words, to }
        }
        "WORKDIR" => Step::Workdir(rest.into()),
        "ENV" | "ARG" => {
            let (name, value) = rest.split_once('=').context("expected NAME=value, one for each line")?;
            let (name, value) = (name.to_owned(), value.trim_matches('"').to_owned());
            if word == "ENV" { Step::Env(name, value) } else { Step::Arg(name, value) }
        }
        "USER" => {
            let (user, group) = rest.split_once(':').context("expected numeric uid:gid after USER")?;
            Step::User(user.parse()?, group.parse()?)
        }
        "EXPOSE" => Step::Expose(rest.parse()?),
        "HEALTHCHECK" => Step::Healthcheck(words(rest.split_once("CMD ").context("expected CMD")?.1)?),
        "ENTRYPOINT" => Step::Entrypoint(words(rest)?),
        _ => bail!("this instruction is not supported"),
    })
}

/// Parses the exec form, `["a", "b"]`.
fn words(list: &str) -> Result<Vec<String>> {
    let inside = list.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    let inside = inside.context("expected a list in brackets")?;
    let word = |word: &str| Some(word.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned());
    inside.split(',').map(|each| word(each).context("expected words in quotes")).collect()
}

/// Returns the lines without comments. A line that ends in `\` is joined with the next one.
fn logical_lines(text: &str) -> Vec<String> {
    let (mut lines, mut open) = (Vec::new(), String::new());
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if let Some(start) = line.trim_end().strip_suffix('\\') {
            open.push_str(start);
            continue;
        }
        open.push_str(line.trim_end());
        if !open.trim().is_empty() {
            lines.push(open.trim().to_owned());
        }
        open.clear();
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const DOCKERFILE: &str = include_str!("../../../Dockerfile");

    #[test]
    fn parse_returns_stages_with_their_steps() {
        let text = "# syntax\nFROM a:1 AS tools\nWORKDIR /x\n\nFROM tools\nRUN one \\\n # why\n && two\n\
            COPY --from=tools /x/a /x/b /y/\nENV A=b=c\nUSER 1:2\nHEALTHCHECK --interval=1s CMD [\"p\", \"q\"]\n";
        let stages = parse(text).unwrap();
        assert_eq!((stages[0].name.as_str(), stages[0].base.as_str()), ("tools", "a:1"));
        assert_eq!(
            stages[1].steps,
            [
                Step::Run("one  && two".into()),
                Step::Copy {
                    from: Some("tools".into()),
                    sources: vec!["/x/a".into(), "/x/b".into()],
                    to: "/y/".into()
                },
                Step::Env("A".into(), "b=c".into()),
                Step::User(1, 2),
                Step::Healthcheck(vec!["p".into(), "q".into()]),
            ]
        );
    }

    #[test]
    fn parse_of_an_unsupported_instruction_is_an_error() {
        for bad in
            ["RUN x", "FROM a\nADD x /", "FROM a\nCOPY x", "FROM a\nENTRYPOINT codex", "FROM a AS b", ""]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    fn env(stage: &Stage) -> BTreeMap<&str, &str> {
        let mut env = BTreeMap::new();
        for step in &stage.steps {
            if let Step::Env(name, value) = step {
                env.insert(name.as_str(), value.as_str());
            }
        }
        env
    }

    #[test]
    fn image_has_the_documented_port_user_and_settings() {
        let stages = parse(DOCKERFILE).unwrap();
        let image = stages.last().unwrap();
        let has = |step: &Step| image.steps.contains(step);
        assert!(has(&Step::Expose(1317)));
        assert!(has(&Step::Healthcheck(vec!["codex-gateway".into(), "health".into()])));
        assert!(
            image.steps.iter().any(|step| matches!(step, Step::User(user, group) if *user > 0 && *group > 0))
        );
        assert!(image.steps.iter().any(|step| matches!(step, Step::Entrypoint(words) if words[0] == "tini")));
        let env = env(image);
        assert_eq!(env["CODEX_GATEWAY_HOST"], "0.0.0.0");
        assert_eq!(env["CODEX_GATEWAY_CODEX_HOME"], "/codex-home");
        let installs = |package| move |step: &Step| matches!(step, Step::Run(run) if run.contains(package));
        assert!(image.steps.iter().any(installs(" bubblewrap ")));
        assert!(image.base.starts_with("debian:") && image.base.ends_with("-slim"));
    }

    #[test]
    fn build_stage_uses_the_workspace_rust_version() {
        let manifest = include_str!("../../../Cargo.toml");
        let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
        let stages = parse(DOCKERFILE).unwrap();
        let build = stages.iter().find(|stage| stage.name == "build").unwrap();
        assert_eq!(build.base.split(['-', ':']).nth(1), Some(version.trim_matches('"')));
        assert!(build.steps.contains(&Step::Run("cargo xtask build --release".into())));
    }
}
