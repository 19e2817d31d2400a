//! What a message becomes for codex, and whether it may be sent at all.

use std::path::{Path, PathBuf};

use codex_gateway_wire::{
    InputPart as Part, OwnerId, StartTurn, ThreadId, api::Model, turn::MAX_PROMPT_CHARS,
};

use super::settings::{self, NoPath};
use crate::{bridge::protocol::Input, config::Config, error::SessionError, uploads::Uploads};

/// How many parts a message can have beside its prompt.
const PARTS: usize = 100;
/// How many images a message can bring.
const IMAGES: usize = 8;

/// Whether a message may be sent, as far as can be told without looking at files. `used` is the model that is used
/// unless the message names another.
///
/// # Errors
/// [`SessionError::EmptyPrompt`], [`SessionError::PromptTooLong`], [`SessionError::TooManyParts`], [`SessionError::OverCeiling`],
/// [`SessionError::BadEffort`], [`SessionError::TooManyImages`], [`SessionError::NoImages`]
pub(crate) fn check(
    config: &Config,
    models: &[Model],
    used: Option<&str>,
    turn: &StartTurn,
) -> Result<(), SessionError> {
    if is_empty(turn) {
        return Err(SessionError::EmptyPrompt);
    }
    let texts =
        turn.input.iter().filter_map(|part| if let Part::Text { text } = part { Some(text) } else { None });
    let length = texts.chain([&turn.prompt]).map(|text| text.chars().count()).sum();
    if length > MAX_PROMPT_CHARS {
        return Err(SessionError::PromptTooLong(length));
    }
    settings::sandbox(config, turn.sandbox)?;
    settings::approval_policy(config, turn.approval_policy)?;
    let images = count(turn)?;
    // One that is not in the list is known to codex alone: it may do as it likes.
    let named = turn.model.as_deref().filter(|model| !model.is_empty()).or(used);
    let model = find(models, named);
    let Some(model) = model else { return Ok(()) };
    thinks(model, turn.effort.as_deref())?;
    if images > 0 && !model.input_modalities.is_empty() && !model.sees() {
        return Err(SessionError::NoImages(model.model.clone()));
    }
    Ok(())
}

/// Whether a thread of this model can be begun with this effort.
///
/// # Errors
/// [`SessionError::BadEffort`]
pub(crate) fn check_effort(models: &[Model], used: &str, effort: Option<&str>) -> Result<(), SessionError> {
    find(models, Some(used)).map_or(Ok(()), |model| thinks(model, effort))
}

fn find<'a>(models: &'a [Model], named: Option<&str>) -> Option<&'a Model> {
    models.iter().find(|model| named.map_or(model.is_default, |named| model.model == named))
}

/// Whether a model can think that hard.
fn thinks(model: &Model, effort: Option<&str>) -> Result<(), SessionError> {
    let efforts = || model.supported_reasoning_efforts.iter().map(|effort| effort.reasoning_effort.as_str());
    let Some(effort) = effort.filter(|effort| efforts().all(|known| known != *effort)) else { return Ok(()) };
    if efforts().next().is_none() {
        return Ok(());
    }
    let known = efforts().collect::<Vec<_>>().join(", ");
    Err(SessionError::BadEffort { effort: effort.to_owned(), model: model.model.clone(), known })
}

/// How many images a message brings; neither they nor all of its parts are too many.
fn count(turn: &StartTurn) -> Result<usize, SessionError> {
    if turn.input.len() > PARTS {
        return Err(SessionError::TooManyParts(PARTS));
    }
    let images = turn.input.iter().filter(|part| matches!(part, Part::Image { .. })).count();
    if images > IMAGES { Err(SessionError::TooManyImages(IMAGES)) } else { Ok(images) }
}

/// Whether a message says nothing.
pub(crate) fn is_empty(turn: &StartTurn) -> bool {
    let says_nothing = |part: &Part| matches!(part, Part::Text { text } if text.trim().is_empty());
    turn.prompt.trim().is_empty() && turn.input.iter().all(says_nothing)
}

/// Makes of messages what codex is told.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    pub uploads: Uploads,
    pub owner: OwnerId,
    /// The session's directory.
    pub cwd: PathBuf,
    /// The thread that the message is for; without one, it is only looked at.
    pub thread: Option<ThreadId>,
}

impl Intake {
    /// What codex is told: the prompt, then the parts, files by their real paths.
    ///
    /// # Errors
    /// [`SessionError::TooManyParts`], [`SessionError::TooManyImages`], [`SessionError::OutsideSession`],
    /// [`SessionError::NoSuchFile`], [`SessionError::NoSuchUpload`]
    pub(crate) async fn resolve(&self, turn: StartTurn) -> Result<Vec<Input>, SessionError> {
        count(&turn)?;
        let StartTurn { prompt, input, .. } = turn;
        let mut said = prompt.clone();
        let mut parts = Vec::with_capacity(input.len() + 2);
        let mut mentioned = Vec::new();
        if !prompt.trim().is_empty() {
            parts.push(Input::text(prompt));
        }
        for part in input {
            match part {
                Part::Text { text } => {
                    said.push_str(&text);
                    parts.push(Input::text(text));
                }
                Part::Image { upload } => {
                    let path = self.uploads.file(&self.owner, &upload, self.thread.as_ref()).await?;
                    parts.push(Input::LocalImage { path: path.to_string_lossy().into_owned() });
                }
                Part::Mention { path } => {
                    let real = file(&self.cwd, &path).await?;
                    parts.push(Input::Mention { name: path.clone(), path: real });
                    mentioned.push(path);
                }
                Part::Skill { name, path } => {
                    let path = file(&self.cwd, &path).await?;
                    parts.push(Input::Skill { name, path });
                }
            }
        }
        // Codex shows mentions to people, and tells the model nothing of them: what no text names is named here.
        mentioned.retain(|path| !said.contains(path.as_str()));
        if !mentioned.is_empty() {
            let names: Vec<String> = mentioned.iter().map(|path| format!("@{path}")).collect();
            parts.push(Input::text(names.join(" ")));
        }
        Ok(parts)
    }
}

/// The real path of a file or directory in the session's directory.
async fn file(cwd: &Path, path: &str) -> Result<String, SessionError> {
    let outside = || SessionError::OutsideSession(path.to_owned());
    let missing = || SessionError::NoSuchFile(path.to_owned());
    if path.is_empty() {
        return Err(missing());
    }
    if Path::new(path).is_absolute() {
        return Err(outside());
    }
    let real: PathBuf =
        settings::inside(&[cwd.to_owned()], &cwd.join(path)).await.map_err(|no| match no {
            NoPath::Outside => outside(),
            NoPath::Missing => missing(),
        })?;
    // Codex takes its paths as text.
    real.into_os_string().into_string().map_err(|_| missing())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::store::Store;

    fn intake(dir: &Path) -> Intake {
        let uploads = Uploads::new(Store::open(&dir.join("data")).unwrap(), &dir.join("data"));
        Intake { uploads, owner: OwnerId::shared(), cwd: dir.join("work"), thread: None }
    }

    fn message(prompt: &str, input: Vec<Part>) -> StartTurn {
        StartTurn { prompt: prompt.to_owned(), input, ..StartTurn::default() }
    }

    #[tokio::test]
    async fn a_file_is_in_the_directory_of_the_session_after_its_links() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let work = dir.join("work");
        std::fs::create_dir_all(work.join("src")).unwrap();
        std::fs::write(work.join("src/a.rs"), "").unwrap();
        std::fs::write(dir.join("secret"), "").unwrap();
        symlink(work.join("src"), work.join("in")).unwrap();
        symlink(&dir, work.join("out")).unwrap();
        symlink(dir.join("secret"), work.join("link")).unwrap();
        let intake = intake(&dir);
        let mention = async |path: &str| {
            let parts = vec![Part::Mention { path: path.to_owned() }];
            match intake.resolve(message("", parts)).await {
                Ok(mut parts) => match parts.swap_remove(0) {
                    Input::Mention { path, .. } => Ok(path),
                    other => panic!("{other:?}"),
                },
                Err(error) => Err(error.code().as_str()),
            }
        };
        for (asked, real) in
            [("src/a.rs", "src/a.rs"), ("in/a.rs", "src/a.rs"), ("./src", "src"), ("src/..", "")]
        {
            let real = work.join(real).to_str().unwrap().trim_end_matches('/').to_owned();
            assert_eq!(mention(asked).await, Ok(real), "{asked}");
        }
        let secret = dir.join("secret");
        for asked in
            ["out", "out/secret", "link", "..", "../secret", "out/none", "../none", secret.to_str().unwrap()]
        {
            assert_eq!(mention(asked).await, Err("outside_session"), "{asked}");
        }
        for asked in ["", "none", "src/none/deeper", "src/a.rs/x", "a\0b"] {
            assert_eq!(mention(asked).await, Err("no_such_file"), "{asked}");
        }
    }

    #[tokio::test]
    async fn the_model_hears_of_every_file_once() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(dir.join("work")).unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(dir.join("work").join(name), "").unwrap();
        }
        let mentions = ["a", "b", "c"].map(|path| Part::Mention { path: path.to_owned() });
        let parts = intake(&dir).resolve(message("Look at @a.", mentions.into())).await.unwrap();
        let texts: Vec<_> = parts
            .iter()
            .filter_map(|part| match part {
                Input::Text { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!((parts.len(), texts), (5, vec!["Look at @a.", "@b @c"]));
    }

    #[test]
    fn a_message_that_says_nothing_is_empty() {
        let text = |text: &str| Part::Text { text: text.to_owned() };
        assert!(is_empty(&message(" \n", vec![])) && is_empty(&message("", vec![text("  ")])));
        assert!(!is_empty(&message("", vec![text("x")])));
        assert!(!is_empty(&message("", vec![Part::Mention { path: "a".into() }])));
    }
}
