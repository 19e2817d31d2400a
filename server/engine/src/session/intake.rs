//! What a message becomes for codex, and whether it may be sent at all.

use std::path::{Path, PathBuf};

use codex_gateway_wire::{
    InputPart, StartTurn,
    api::{InputPart as Part, Model},
};

use super::settings::{self, NoPath};
use crate::{bridge::protocol::Input, config::Config, error::SessionError};

/// How many images a message can bring.
const IMAGES: usize = 8;

/// Whether a message may be sent, as far as can be told without looking at files. `used` is the model that is used
/// unless the message names another.
///
/// # Errors
/// [`SessionError::EmptyPrompt`], [`SessionError::OverCeiling`], [`SessionError::BadEffort`],
/// [`SessionError::TooManyImages`], [`SessionError::NoImages`]
pub(crate) fn check(
    config: &Config,
    models: &[Model],
    used: Option<&str>,
    turn: &StartTurn,
) -> Result<(), SessionError> {
    if is_empty(turn) {
        return Err(SessionError::EmptyPrompt);
    }
    settings::sandbox(config, turn.sandbox)?;
    settings::approval_policy(config, turn.approval_policy)?;
    let images = turn.input.iter().filter(|part| matches!(part, Part::Image { .. })).count();
    if images > IMAGES {
        return Err(SessionError::TooManyImages(IMAGES));
    }
    // One that is not in the list is known to codex alone: it may do as it likes.
    let named = turn.model.as_deref().filter(|model| !model.is_empty()).or(used);
    let model = models.iter().find(|model| named.map_or(model.is_default, |named| model.model == named));
    let Some(model) = model else { return Ok(()) };
    let efforts = || model.supported_reasoning_efforts.iter().map(|effort| effort.reasoning_effort.as_str());
    if let Some(effort) = &turn.effort
        && efforts().all(|known| known != effort)
        && efforts().next().is_some()
    {
        let known = efforts().collect::<Vec<_>>().join(", ");
        return Err(SessionError::BadEffort { effort: effort.clone(), model: model.model.clone(), known });
    }
    if images > 0 && !model.input_modalities.is_empty() && !model.sees() {
        return Err(SessionError::NoImages(model.model.clone()));
    }
    Ok(())
}

fn is_empty(turn: &StartTurn) -> bool {
    let says_nothing = |part: &InputPart| matches!(part, Part::Text { text } if text.trim().is_empty());
    turn.prompt.trim().is_empty() && turn.input.iter().all(says_nothing)
}

/// What codex is told: the prompt, then the parts, files by their real paths.
///
/// # Errors
/// [`SessionError::OutsideSession`], [`SessionError::NoSuchFile`]
pub(crate) async fn resolve(cwd: &Path, turn: StartTurn) -> Result<Vec<Input>, SessionError> {
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
            Part::Image { .. } => return Err(SessionError::TooManyImages(0)),
            Part::Mention { path } => {
                let real = file(cwd, &path).await?;
                parts.push(Input::Mention { name: path.clone(), path: real });
                mentioned.push(path);
            }
            Part::Skill { name, path } => {
                let path = file(cwd, &path).await?;
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
