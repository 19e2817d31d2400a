//! Environment variables: empty ones count as unset, and errors name the variable. Unknown ones are reported.

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
/// Set for processes of an agent, so it is present when an agent starts a gateway.
const PROCESS_TAG: &str = "CODEX_GATEWAY_PROCESS";

/// Error from [`parse_cli`].
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A variable has an invalid value.
    #[error("{variable} is {value:?}; it takes {takes}")]
    Variable {
        /// Name of the variable.
        variable: String,
        /// Value of the variable. Secrets accept any value, so it is never one.
        value: String,
        /// Description of valid values.
        takes: String,
    },
    /// The command line is invalid, or asks for help or the version.
    #[error(transparent)]
    CommandLine(#[from] Error),
}

/// Parses the command line and the environment.
///
/// # Errors
/// [`CliError`]
pub fn parse_cli<C: CommandFactory + FromArgMatches>() -> Result<C, CliError> {
    let set = |name: &OsStr| env::var_os(name).is_some_and(|value| !value.is_empty());
    let error = match with_variables::<C>(set).try_get_matches() {
        Ok(matches) => return Ok(C::from_arg_matches(&matches)?),
        Err(error) => error,
    };
    // An error that remains without the environment concerns the command line.
    let is_command_line_error = with_variables::<C>(|_| false).try_get_matches().is_err();
    Err((!is_command_line_error)
        .then(|| variable_error::<C>(&error))
        .flatten()
        .unwrap_or(CliError::CommandLine(error)))
}

/// Returns the command with only those variables that are set.
fn with_variables<C: CommandFactory>(set: impl Fn(&OsStr) -> bool) -> Command {
    C::command().mut_args(|argument| match argument.get_env() {
        Some(name) if !set(name) => argument.env(None::<&'static str>),
        _ => argument,
    })
}

/// Converts the error if it concerns a variable.
fn variable_error<C: CommandFactory>(error: &Error) -> Option<CliError> {
    let mut command = C::command();
    command.build();
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(named)) => {
            command.get_arguments().find(|argument| argument.to_string() == *named)
        }
        // clap does not say which argument is not valid UTF-8.
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
        ("N", ..) => format!("a whole number{}", expected_range(error)),
        ("MS", ..) => format!("a whole number of milliseconds{}", expected_range(error)),
        (.., ErrorKind::InvalidUtf8) => "text in UTF-8".to_owned(),
        _ => std::error::Error::source(error)?.to_string(),
    };
    Some(CliError::Variable { variable: name.to_string_lossy().into_owned(), value, takes })
}

/// Returns the valid range of a number for the message. clap's error is `0 is not in 1..=10`.
fn expected_range(error: &Error) -> String {
    let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let range = why.split_once(" is not in ").and_then(|(_, range)| range.split_once(".."));
    match range.map(|(from, to)| (from, to.strip_prefix('='))) {
        Some((from, Some(to))) => format!(" from {from} to {to}"),
        Some((from, None)) => format!(" from {from} on"),
        None => String::new(),
    }
}

/// Returns unknown variables with the gateway's prefix, each with the nearest known name. Variables of the
/// server are known to all of its programs, because they share an environment.
pub fn unknown_variables(variables: impl Iterator<Item = OsString>) -> Vec<(String, String)> {
    let command = Cli::command();
    let known: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()))
        .collect();
    variables
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with(PREFIX) && *name != PROCESS_TAG && !known.contains(name))
        .filter_map(|name| {
            let distance = |other: &&String| strsim::damerau_levenshtein(other, &name);
            let nearest = known.iter().min_by_key(distance)?.clone();
            Some((name, nearest))
        })
        .collect()
}

/// Returns the warning about an unknown variable.
pub fn unknown_warning((name, nearest): &(String, String)) -> String {
    format!("{name} is not known and does nothing; the nearest that is known is {nearest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelled_variable_is_reported_with_nearest_name() {
        let unknown_variables = |name: &str| unknown_variables([OsString::from(name)].into_iter());
        let pair = |name: &str, nearest: &str| vec![(name.to_owned(), nearest.to_owned())];
        assert_eq!(unknown_variables("CODEX_GATEWAY_PROT"), pair("CODEX_GATEWAY_PROT", "CODEX_GATEWAY_PORT"));
        assert_eq!(
            unknown_variables("CODEX_GATEWAY_JWT_SECERT"),
            pair("CODEX_GATEWAY_JWT_SECERT", "CODEX_GATEWAY_JWT_SECRET")
        );
        for known in ["CODEX_GATEWAY_PORT", PROCESS_TAG, "CODEX_HOME", "PATH"] {
            assert_eq!(unknown_variables(known), []);
        }
    }
}
