//! Validates messages and converts them to codex's input.

use std::path::{Path, PathBuf};

use codex_app_server_client::protocol::TurnInput;
use codex_gateway_wire::{
    InputPart as Part, OwnerId, StartTurn, ThreadId, api::Model, turn::MAX_PROMPT_CHARS,
};

use super::settings::{self, PathError};
use crate::{config::Config, error::SessionError, uploads::Uploads};

/// Maximum number of parts of a message, in addition to its prompt.
const MAX_PARTS: usize = 100;
/// Maximum number of images of a message.
const MAX_IMAGES: usize = 8;

/// Validates a message, except for its files. `current` is the model that applies unless the
/// message names another.
///
/// # Errors
/// [`SessionError::EmptyPrompt`], [`SessionError::PromptTooLong`], [`SessionError::TooManyParts`],
/// [`SessionError::OverCeiling`], [`SessionError::BadEffort`], [`SessionError::TooManyImages`],
/// [`SessionError::NoImages`]
pub(crate) fn check(
    config: &Config,
    models: &[Model],
    current: Option<&str>,
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
    settings::check_sandbox(config, turn.sandbox)?;
    settings::check_approval_policy(config, turn.approval_policy)?;
    let images = count_images(turn)?;
    // A model that is not in the list is left to codex.
    let named = turn.model.as_deref().filter(|model| !model.is_empty()).or(current);
    let model = find_model(models, named);
    let Some(model) = model else { return Ok(()) };
    check_model_effort(model, turn.effort.as_deref())?;
    if images > 0 && !model.input_modalities.is_empty() && !model.supports_images() {
        return Err(SessionError::NoImages(model.model.clone()));
    }
    Ok(())
}

/// Checks that a model supports an effort.
///
/// # Errors
/// [`SessionError::BadEffort`]
pub(crate) fn check_effort(
    models: &[Model],
    current: &str,
    effort: Option<&str>,
) -> Result<(), SessionError> {
    find_model(models, Some(current)).map_or(Ok(()), |model| check_model_effort(model, effort))
}

fn find_model<'a>(models: &'a [Model], named: Option<&str>) -> Option<&'a Model> {
    models.iter().find(|model| named.map_or(model.is_default, |named| model.model == named))
}

/// Checks that a model supports an effort.
fn check_model_effort(model: &Model, effort: Option<&str>) -> Result<(), SessionError> {
    let efforts = || model.supported_reasoning_efforts.iter().map(|effort| effort.reasoning_effort.as_str());
    let Some(effort) = effort.filter(|effort| efforts().all(|supported| supported != *effort)) else {
        return Ok(());
    };
    if efforts().next().is_none() {
        return Ok(());
    }
    let supported = efforts().collect::<Vec<_>>().join(", ");
    Err(SessionError::BadEffort { effort: effort.to_owned(), model: model.model.clone(), known: supported })
}

/// Returns the number of images of a message, after checking the number of images and parts.
fn count_images(turn: &StartTurn) -> Result<usize, SessionError> {
    if turn.input.len() > MAX_PARTS {
        return Err(SessionError::TooManyParts(MAX_PARTS));
    }
    let images = turn.input.iter().filter(|part| matches!(part, Part::Image { .. })).count();
    if images > MAX_IMAGES { Err(SessionError::TooManyImages(MAX_IMAGES)) } else { Ok(images) }
}

/// Returns `true` if a message has no text and no other part.
pub(crate) fn is_empty(turn: &StartTurn) -> bool {
    let is_blank = |part: &Part| matches!(part, Part::Text { text } if text.trim().is_empty());
    turn.prompt.trim().is_empty() && turn.input.iter().all(is_blank)
}

/// Converts messages to codex's input.
#[derive(Clone, Debug)]
pub(crate) struct InputResolver {
    pub uploads: Uploads,
    pub owner: OwnerId,
    /// The session's directory.
    pub cwd: PathBuf,
    /// The thread that the message is for. `None` to validate the message only.
    pub thread: Option<ThreadId>,
}

impl InputResolver {
    /// Returns codex's input: the prompt, then the parts. Files are named by their real paths.
    ///
    /// # Errors
    /// [`SessionError::TooManyParts`], [`SessionError::TooManyImages`], [`SessionError::OutsideSession`],
    /// [`SessionError::NoSuchFile`], [`SessionError::NoSuchUpload`]
    pub(crate) async fn resolve(&self, turn: StartTurn) -> Result<Vec<TurnInput>, SessionError> {
        count_images(&turn)?;
        let StartTurn { prompt, input, .. } = turn;
        let mut text_so_far = prompt.clone();
        let mut parts = Vec::with_capacity(input.len() + 2);
        let mut mentioned = Vec::new();
        if !prompt.trim().is_empty() {
            parts.push(TurnInput::text(prompt));
        }
        for part in input {
            match part {
                Part::Text { text } => {
                    text_so_far.push_str(&text);
                    parts.push(TurnInput::text(text));
                }
                Part::Image { upload } => {
                    let path = self.uploads.file_path(&self.owner, &upload, self.thread.as_ref()).await?;
                    parts.push(TurnInput::LocalImage { path: path.to_string_lossy().into_owned() });
                }
                Part::Mention { path } => {
                    let real = resolve_file(&self.cwd, &path).await?;
                    parts.push(TurnInput::Mention { name: path.clone(), path: real });
                    mentioned.push(path);
                }
                Part::Skill { name, path } => {
                    let path = resolve_file(&self.cwd, &path).await?;
                    parts.push(TurnInput::Skill { name, path });
                }
            }
        }
        // Codex shows mentions to users but does not name them to the model. Files that no text
        // names are named here.
        mentioned.retain(|path| !text_so_far.contains(path.as_str()));
        if !mentioned.is_empty() {
            let names: Vec<String> = mentioned.iter().map(|path| format!("@{path}")).collect();
            parts.push(TurnInput::text(names.join(" ")));
        }
        Ok(parts)
    }
}

/// Resolves the real path of a file or directory in the session's directory.
async fn resolve_file(cwd: &Path, path: &str) -> Result<String, SessionError> {
    let outside = || SessionError::OutsideSession(path.to_owned());
    let missing = || SessionError::NoSuchFile(path.to_owned());
    if path.is_empty() {
        return Err(missing());
    }
    if Path::new(path).is_absolute() {
        return Err(outside());
    }
    let real: PathBuf =
        settings::resolve_inside(&[cwd.to_owned()], &cwd.join(path)).await.map_err(|error| match error {
            PathError::Outside => outside(),
            PathError::Missing => missing(),
        })?;
    // Codex's protocol has paths as text.
    real.into_os_string().into_string().map_err(|_| missing())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::store::Store;

    fn resolver(dir: &Path) -> InputResolver {
        let uploads = Uploads::new(Store::open(&dir.join("data")).unwrap(), &dir.join("data"));
        InputResolver { uploads, owner: OwnerId::shared(), cwd: dir.join("work"), thread: None }
    }

    fn message(prompt: &str, input: Vec<Part>) -> StartTurn {
        StartTurn { prompt: prompt.to_owned(), input, ..StartTurn::default() }
    }

    #[tokio::test]
    async fn mention_resolves_links_and_must_be_inside_the_session_directory() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let work = dir.join("work");
        std::fs::create_dir_all(work.join("src")).unwrap();
        std::fs::write(work.join("src/a.rs"), "").unwrap();
        std::fs::write(dir.join("secret"), "").unwrap();
        symlink(work.join("src"), work.join("in")).unwrap();
        symlink(&dir, work.join("out")).unwrap();
        symlink(dir.join("secret"), work.join("link")).unwrap();
        let resolver = resolver(&dir);
        let mention = async |path: &str| {
            let parts = vec![Part::Mention { path: path.to_owned() }];
            match resolver.resolve(message("", parts)).await {
                Ok(mut parts) => match parts.swap_remove(0) {
                    TurnInput::Mention { path, .. } => Ok(path),
                    other => panic!("{other:?}"),
                },
                Err(error) => Err(error.code().as_str()),
            }
        };
        for (path, real) in
            [("src/a.rs", "src/a.rs"), ("in/a.rs", "src/a.rs"), ("./src", "src"), ("src/..", "")]
        {
            let real = work.join(real).to_str().unwrap().trim_end_matches('/').to_owned();
            assert_eq!(mention(path).await, Ok(real), "{path}");
        }
        let secret = dir.join("secret");
        for path in
            ["out", "out/secret", "link", "..", "../secret", "out/none", "../none", secret.to_str().unwrap()]
        {
            assert_eq!(mention(path).await, Err("outside_session"), "{path}");
        }
        for path in ["", "none", "src/none/deeper", "src/a.rs/x", "a\0b"] {
            assert_eq!(mention(path).await, Err("no_such_file"), "{path}");
        }
    }

    #[tokio::test]
    async fn mention_is_named_to_the_model_only_if_the_prompt_does_not_name_it() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(dir.join("work")).unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(dir.join("work").join(name), "").unwrap();
        }
        let mentions = ["a", "b", "c"].map(|path| Part::Mention { path: path.to_owned() });
        let parts = resolver(&dir).resolve(message("Look at @a.", mentions.into())).await.unwrap();
        let texts: Vec<_> = parts
            .iter()
            .filter_map(|part| match part {
                TurnInput::Text { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!((parts.len(), texts), (5, vec!["Look at @a.", "@b @c"]));
    }

    #[test]
    fn message_of_blank_texts_is_empty() {
        let text = |text: &str| Part::Text { text: text.to_owned() };
        assert!(is_empty(&message(" \n", vec![])) && is_empty(&message("", vec![text("  ")])));
        assert!(!is_empty(&message("", vec![text("x")])));
        assert!(!is_empty(&message("", vec![Part::Mention { path: "a".into() }])));
    }
}
