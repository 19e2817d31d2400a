//! The command line.

use std::{
    io::{IsTerminal, Read},
    path::PathBuf,
};

use anyhow::{Context, Result, ensure};
use clap_complete::Shell;
use codex_gateway_engine::Options;
use codex_gateway_wire::ThreadId;

/// What the program is called.
pub(crate) const NAME: &str = "codex-gateway-cli";
/// What is asked if nothing is: a check that everything works.
const CHECK: &str = "Reply with exactly the single word ready. Do not call tools.";

/// Asks codex something, shows what it does, and prints its answer
///
/// The answer goes to standard output, everything else to standard error. The exit status is 0 if the turn was
/// completed, 1 if it failed or could not be begun, 2 if the command line is wrong, 130 if it was interrupted, and 143 or
/// 129 if SIGTERM or SIGHUP ended the program.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = NAME, version, long_version = codex_gateway::version::long(), args_override_self = true, mut_args(|argument| {
    // They are about a gateway that serves many sessions.
    let serves = ["max_sessions", "session_ttl_ms", "session_sweep_interval_ms", "park_after_ms", "warm_processes"];
    let serves = serves.contains(&argument.get_id().as_str());
    if serves { argument.hide(true) } else { argument }
}))]
pub(crate) struct Cli {
    /// What to ask; `-` reads it from standard input [default: whether everything works]
    pub prompt: Option<String>,

    /// Prints events as lines of JSON instead: `{event, id, data}`, the last one `turn`; `gap` says that some are missing
    #[arg(long)]
    pub json: bool,

    /// Goes on with a thread of codex, by its id
    #[arg(long, value_name = "THREAD")]
    pub resume: Option<ThreadId>,

    /// Use a stand-in model inside this program, with a codex home and a workspace of its own
    #[arg(long, env = "CODEX_GATEWAY_DEMO", value_name = "0|1", num_args = 0..=1, require_equals = true,
          default_value = "0", default_missing_value = "1",
          value_parser = clap::builder::BoolishValueParser::new())]
    pub demo: bool,

    /// Where the demo keeps its files [default: codex-gateway in the user's state directory]
    #[arg(long, env = "CODEX_GATEWAY_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Prints a script that completes this command line
    #[arg(long, value_name = "SHELL")]
    pub completions: Option<Shell>,

    /// Prints the manual page
    #[arg(long)]
    pub man: bool,

    /// What the engine takes.
    #[command(flatten)]
    pub engine: Options,
}

impl Cli {
    /// What is asked.
    pub(crate) fn prompt(&self) -> Result<String> {
        match self.prompt.as_deref() {
            None => Ok(CHECK.to_owned()),
            Some("-") => {
                let mut prompt = String::new();
                std::io::stdin().read_to_string(&mut prompt).context("the prompt cannot be read")?;
                ensure!(!prompt.trim().is_empty(), "there is no prompt on standard input");
                Ok(prompt)
            }
            Some(prompt) => Ok(prompt.to_owned()),
        }
    }

    /// Whether somebody is there who can be asked.
    pub(crate) fn is_interactive(&self) -> bool {
        !self.json
            && self.prompt.as_deref() != Some("-")
            && std::io::stdin().is_terminal()
            && std::io::stderr().is_terminal()
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains("--sandbox") && !help.contains("--max-sessions"), "{help}");
    }

    #[test]
    fn a_switch_takes_no_word_that_follows_it() {
        let cli = Cli::parse_from(["x", "--demo", "What does this do?"]);
        assert_eq!((cli.demo, cli.prompt.as_deref()), (true, Some("What does this do?")));
        let cli = Cli::parse_from(["x", "--demo=0", "--debug", "1"]);
        assert_eq!((cli.demo, cli.engine.debug, cli.prompt.as_deref()), (false, true, Some("1")));
    }
}
