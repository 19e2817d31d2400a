//! The environment: an empty variable counts as unset, a bad value is named, and so is a variable that is unknown.

use std::ffi::{OsStr, OsString};

use clap::{
    ArgMatches, Command, CommandFactory, FromArgMatches,
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

impl Cli {
    /// Reads the command line and the environment.
    ///
    /// # Errors
    /// [`CliError`]
    pub fn read() -> Result<Self, CliError> {
        Self::read_from(std::env::args_os().collect(), |name| std::env::var_os(name))
    }

    fn read_from(
        line: Vec<OsString>,
        variable: impl Fn(&OsStr) -> Option<OsString>,
    ) -> Result<Self, CliError> {
        let read = |command: Command| -> Result<ArgMatches, Error> { command.try_get_matches_from(&line) };
        let set = |name: &OsStr| variable(name).is_some_and(|value| !value.is_empty());
        let error = match read(with_variables(set)) {
            Ok(matches) => return Ok(Self::from_arg_matches(&matches)?),
            Err(error) => error,
        };
        // What is still wrong without the environment is the line's own fault.
        let of_variable = read(with_variables(|_| false)).is_ok().then(|| of_variable(&error, &variable));
        Err(of_variable.flatten().unwrap_or(CliError::Line(error)))
    }
}

/// The command line, with those variables that are set.
fn with_variables(set: impl Fn(&OsStr) -> bool) -> Command {
    Cli::command().mut_args(|argument| match argument.get_env() {
        Some(name) if !set(name) => argument.env(None::<&'static str>),
        _ => argument,
    })
}

/// What is wrong with a variable, if that is what is wrong.
fn of_variable(error: &Error, variable: impl Fn(&OsStr) -> Option<OsString>) -> Option<CliError> {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return None };
    let mut command = Cli::command();
    command.build();
    let argument = command.get_arguments().find(|argument| argument.to_string() == *named)?;
    let name = argument.get_env()?;
    let value = variable(name)?.to_string_lossy().into_owned();
    let word = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let takes = match (word, error.get(ContextKind::ValidValue), error.kind()) {
        (_, Some(ContextValue::Strings(values)), _) if !values.is_empty() => values.join(", "),
        ("0|1", ..) => "0 or 1".to_owned(),
        ("ADDRESS", ..) => "an IP address".to_owned(),
        ("PORT", ..) => "a port, from 0 to 65535".to_owned(),
        ("N" | "MS", ..) => {
            let unit = if word == "MS" { "a whole number of milliseconds" } else { "a whole number" };
            // The range, if that is what it is not in.
            let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            why.split_once(" is not in ")
                .map_or_else(|| unit.to_owned(), |(_, range)| format!("{unit}: {range}"))
        }
        (.., ErrorKind::InvalidUtf8) => "text in UTF-8".to_owned(),
        _ => std::error::Error::source(error)?.to_string(),
    };
    Some(CliError::Variable { variable: name.to_string_lossy().into_owned(), value, takes })
}

/// Variables that look like ours and are not, each with the nearest that is.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[&str], variables: &[(&str, &str)]) -> Result<Cli, CliError> {
        let line = ["x"].iter().chain(line).map(OsString::from).collect();
        Cli::read_from(line, |name| {
            variables.iter().find(|(other, _)| name == *other).map(|(_, value)| OsString::from(value))
        })
    }

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

    #[test]
    fn what_the_line_gets_wrong_is_the_lines() {
        let error = read(&["--port", "http"], &[("CODEX_GATEWAY_PORT", "1")]).unwrap_err();
        assert!(matches!(error, CliError::Line(_)) && error.to_string().contains("--port"), "{error}");
    }
}
