//! The environment: an empty variable counts as unset, a bad value is named, and so is a variable that is unknown.

use std::{
    any::TypeId,
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::{
    Command, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};

use crate::cli::Cli;

const PREFIX: &str = "CODEX_GATEWAY_";
/// Marks the processes of an agent; it is there when a gateway is started by one.
const MARK: &str = "CODEX_GATEWAY_PROCESS";

/// Why the program does not start.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A variable has a value that it does not take.
    #[error("{variable} is {value:?}; it takes {takes}")]
    Variable {
        /// The variable.
        variable: String,
        /// Its value. (Secrets take any.)
        value: String,
        /// What it takes, in words.
        takes: String,
    },
    /// The command line is wrong, or only wants to be explained.
    #[error(transparent)]
    Line(#[from] Error),
}

/// Reads the command line and the environment.
///
/// # Errors
/// [`CliError`]
pub fn read<C: CommandFactory + FromArgMatches>() -> Result<C, CliError> {
    let set = |name: &OsStr| env::var_os(name).is_some_and(|value| !value.is_empty());
    let error = match with_variables::<C>(set).try_get_matches() {
        Ok(matches) => return Ok(C::from_arg_matches(&matches)?),
        Err(error) => error,
    };
    // What is still wrong without the environment is the line's own fault.
    let is_the_lines = with_variables::<C>(|_| false).try_get_matches().is_err();
    Err((!is_the_lines).then(|| of_variable::<C>(&error)).flatten().unwrap_or(CliError::Line(error)))
}

/// The command line, with those variables that are set.
fn with_variables<C: CommandFactory>(set: impl Fn(&OsStr) -> bool) -> Command {
    C::command().mut_args(|argument| match argument.get_env() {
        Some(name) if !set(name) => argument.env(None::<&'static str>),
        _ => argument,
    })
}

/// What is wrong with a variable, if that is what is wrong.
fn of_variable<C: CommandFactory>(error: &Error) -> Option<CliError> {
    let mut command = C::command();
    command.build();
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(named)) => {
            command.get_arguments().find(|argument| argument.to_string() == *named)
        }
        // Clap does not say where it has found what is no text.
        _ if error.kind() == ErrorKind::InvalidUtf8 => command.get_arguments().find(|argument| {
            let value = argument.get_env().and_then(env::var_os);
            let is_path = argument.get_value_parser().type_id() == TypeId::of::<PathBuf>();
            !is_path && value.is_some_and(|value| value.to_str().is_none())
        }),
        _ => None,
    }?;
    let name = argument.get_env()?;
    let secret = argument.is_hide_env_values_set();
    let value = if secret { "…".to_owned() } else { env::var_os(name)?.to_string_lossy().into_owned() };
    let word = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let takes = match (word, error.get(ContextKind::ValidValue), error.kind()) {
        (_, Some(ContextValue::Strings(values)), _) if !values.is_empty() => values.join(", "),
        ("0|1", ..) => "0 or 1".to_owned(),
        ("ADDRESS", ..) => "an IP address".to_owned(),
        ("ADDRESS:PORT", ..) => "an IP address and a port, as in 127.0.0.1:9317".to_owned(),
        ("PORT", ..) => "a port, from 0 to 65535".to_owned(),
        ("N", ..) => format!("a whole number{}", range(error)),
        ("MS", ..) => format!("a whole number of milliseconds{}", range(error)),
        (.., ErrorKind::InvalidUtf8) => "text in UTF-8".to_owned(),
        _ => std::error::Error::source(error)?.to_string(),
    };
    Some(CliError::Variable { variable: name.to_string_lossy().into_owned(), value, takes })
}

/// The range that a number is not in, if that is what is wrong: clap says `0 is not in 1..=10`.
fn range(error: &Error) -> String {
    let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let range = why.split_once(" is not in ").and_then(|(_, range)| range.split_once(".."));
    match range.map(|(from, to)| (from, to.strip_prefix('='))) {
        Some((from, Some(to))) => format!(" from {from} to {to}"),
        Some((from, None)) => format!(" from {from} on"),
        None => String::new(),
    }
}

/// Variables that look like ours and are not, each with the nearest that is. Those of the server are known to all programs,
/// which share an environment.
pub fn unknown(variables: impl Iterator<Item = OsString>) -> Vec<(String, String)> {
    let command = Cli::command();
    let known: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()))
        .collect();
    variables
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with(PREFIX) && *name != MARK && !known.contains(name))
        .filter_map(|name| {
            let distance = |other: &&String| strsim::damerau_levenshtein(other, &name);
            let nearest = known.iter().min_by_key(distance)?.clone();
            Some((name, nearest))
        })
        .collect()
}

/// What is said of a variable that looks like ours and is not.
pub fn unknown_warning((name, nearest): &(String, String)) -> String {
    format!("{name} is not known and does nothing; the nearest that is known is {nearest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_ours_that_is_misspelled_is_found() {
        let unknown = |name: &str| unknown([OsString::from(name)].into_iter());
        let pair = |name: &str, nearest: &str| vec![(name.to_owned(), nearest.to_owned())];
        assert_eq!(unknown("CODEX_GATEWAY_PROT"), pair("CODEX_GATEWAY_PROT", "CODEX_GATEWAY_PORT"));
        assert_eq!(
            unknown("CODEX_GATEWAY_JWT_SECERT"),
            pair("CODEX_GATEWAY_JWT_SECERT", "CODEX_GATEWAY_JWT_SECRET")
        );
        for known in ["CODEX_GATEWAY_PORT", MARK, "CODEX_HOME", "PATH"] {
            assert_eq!(unknown(known), []);
        }
    }
}
