//! The message: prompt, standard input, images, and schema of the answer.

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use codex_gateway_engine::Sessions;
use codex_gateway_wire::{InputPart, Json, OwnerId, StartTurn};

use crate::options::Cli;

/// Default prompt, which checks that everything works.
const DEFAULT_PROMPT: &str = "Reply with exactly the single word ready. Do not call tools.";

/// Returns the prompt of the command line and standard input.
pub(crate) fn prompt(cli: &Cli) -> Result<String> {
    match cli.prompt.as_deref() {
        None => Ok(DEFAULT_PROMPT.to_owned()),
        Some("-") => {
            let text = read_standard_input()?;
            ensure!(!text.trim().is_empty(), "there is no prompt on standard input");
            Ok(text)
        }
        // Like `codex exec`: piped input is the context of the prompt.
        Some(prompt) if !io::stdin().is_terminal() => Ok(with_input(prompt, &read_standard_input()?)),
        Some(prompt) => Ok(prompt.to_owned()),
    }
}

fn read_standard_input() -> Result<String> {
    let mut bytes = Vec::new();
    match io::stdin().read_to_end(&mut bytes) {
        Ok(_) => String::from_utf8(bytes).context("standard input is not UTF-8"),
        // Standard input is closed.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error()) => {
            Ok(String::new())
        }
        Err(error) => Err(error).context("standard input cannot be read"),
    }
}

/// Appends piped input to a prompt.
fn with_input(prompt: &str, input: &str) -> String {
    if input.trim().is_empty() {
        return prompt.to_owned();
    }
    let end = if input.ends_with('\n') { "" } else { "\n" };
    format!("{prompt}\n\n<stdin>\n{input}{end}</stdin>")
}

/// Builds the message from the prompt and the options.
pub(crate) async fn message(cli: &Cli, prompt: String, sessions: &Sessions) -> Result<StartTurn> {
    let output_schema = cli.output_schema.as_deref().map(schema).transpose()?;
    let mut input = Vec::new();
    for path in &cli.images {
        let named = || format!("the image {} cannot be used", path.display());
        let content = fs::read(path).with_context(named)?;
        let upload = sessions.uploads().add(&OwnerId::shared(), &content).await.with_context(named)?;
        input.push(InputPart::Image { upload: upload.id });
    }
    Ok(StartTurn { prompt, input, output_schema, effort: cli.effort.clone(), ..StartTurn::default() })
}

fn schema(path: &Path) -> Result<Json> {
    let text =
        fs::read_to_string(path).with_context(|| format!("the schema {} cannot be read", path.display()))?;
    let turn = format!(r#"{{"prompt":"","outputSchema":{text}}}"#);
    // Parsed like a body of the API, so that the same schemas are refused.
    match serde_json::from_str::<StartTurn>(&turn).map(|turn| turn.output_schema) {
        Ok(Some(schema)) if schema.get().trim_start().starts_with('{') => Ok(schema),
        Ok(_) => bail!("the schema {} is not a JSON object", path.display()),
        Err(error) => Err(error).with_context(|| format!("the schema {} cannot be used", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_appended_to_prompt_in_a_block() {
        assert_eq!(with_input("Why?", "a log"), "Why?\n\n<stdin>\na log\n</stdin>");
        assert_eq!(with_input("Why?", "a\nlog\n"), "Why?\n\n<stdin>\na\nlog\n</stdin>");
        assert_eq!(with_input("Why?", " \n"), "Why?");
    }

    #[test]
    fn invalid_schema_error_names_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            let path = dir.path().join("schema.json");
            fs::write(&path, text).unwrap();
            schema(&path).map(|schema| schema.get().to_owned()).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(read(r#"{"type":"object"}"#).as_deref(), Ok(r#"{"type":"object"}"#));
        for wrong in ["7", "null", "{", r#"{},"prompt":"x""#] {
            assert!(read(wrong).unwrap_err().contains("schema.json"), "{wrong}");
        }
    }
}
