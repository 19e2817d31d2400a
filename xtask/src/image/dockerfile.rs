//! Reading the Dockerfile: as much of its language as ours uses, and an error for what is beyond that.

use anyhow::{Context, Result, bail};

/// What one `FROM` begins.
#[derive(Debug, PartialEq)]
pub(crate) struct Stage {
    /// The name behind `AS`; empty for the last one, which is the image.
    pub(crate) name: String,
    /// What it begins with, such as `debian:bookworm-slim` or another stage's name.
    pub(crate) base: String,
    pub(crate) steps: Vec<Step>,
}

/// A line of a stage.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// `RUN`, for a shell.
    Run(String),
    /// `COPY`, out of the context or of another stage.
    Copy {
        from: Option<String>,
        sources: Vec<String>,
        to: String,
    },
    Workdir(String),
    /// `ENV name=value`
    Env(String, String),
    /// `ARG name=default`
    Arg(String, String),
    /// `USER uid:gid`
    User(u32, u32),
    Expose(u16),
    /// `HEALTHCHECK … CMD […]`: the words.
    Healthcheck(Vec<String>),
    /// `ENTRYPOINT […]`: the words.
    Entrypoint(Vec<String>),
}

/// The stages, the image's last.
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
        let stage = stages.last_mut().with_context(|| format!("{line:?} stands before the first FROM"))?;
        stage.steps.push(step(word, rest).with_context(|| format!("Dockerfile: {line}"))?);
    }
    if stages.last().is_none_or(|stage| !stage.name.is_empty()) {
        bail!("the Dockerfile's last stage has a name, and should be the image");
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
            let to = words.pop().filter(|_| !words.is_empty()).context("COPY takes what and where to")?;
            Step::Copy { from, sources: words, to }
        }
        "WORKDIR" => Step::Workdir(rest.into()),
        "ENV" | "ARG" => {
            let (name, value) = rest.split_once('=').context("NAME=value is expected, one for each line")?;
            let (name, value) = (name.to_owned(), value.trim_matches('"').to_owned());
            if word == "ENV" { Step::Env(name, value) } else { Step::Arg(name, value) }
        }
        "USER" => {
            let (user, group) = rest.split_once(':').context("USER takes numbers, uid:gid")?;
            Step::User(user.parse()?, group.parse()?)
        }
        "EXPOSE" => Step::Expose(rest.parse()?),
        "HEALTHCHECK" => Step::Healthcheck(words(rest.split_once("CMD ").context("CMD is expected")?.1)?),
        "ENTRYPOINT" => Step::Entrypoint(words(rest)?),
        _ => bail!("this instruction is not one that is known here"),
    })
}

/// `["a", "b"]`: the form that starts no shell.
fn words(list: &str) -> Result<Vec<String>> {
    let inside = list.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    let inside = inside.context("a list in brackets is expected")?;
    let word = |word: &str| Some(word.trim().strip_prefix('"')?.strip_suffix('"')?.to_owned());
    inside.split(',').map(|each| word(each).context("words in quotes are expected")).collect()
}

/// Lines without comments, those that end in `\` joined with the next.
fn logical_lines(text: &str) -> Vec<String> {
    let (mut lines, mut open) = (Vec::new(), String::new());
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if let Some(begun) = line.trim_end().strip_suffix('\\') {
            open.push_str(begun);
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

    const OURS: &str = include_str!("../../../Dockerfile");

    #[test]
    fn lines_become_steps() {
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
    fn what_is_not_known_is_an_error() {
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
    fn the_image_is_what_its_users_were_told() {
        let stages = parse(OURS).unwrap();
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
    fn it_is_built_with_the_rust_that_the_workspace_asks_for() {
        let manifest = include_str!("../../../Cargo.toml");
        let wanted = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
        let stages = parse(OURS).unwrap();
        let build = stages.iter().find(|stage| stage.name == "build").unwrap();
        assert_eq!(build.base.split(['-', ':']).nth(1), Some(wanted.trim_matches('"')));
        assert!(build.steps.contains(&Step::Run("cargo xtask build --release".into())));
    }
}
