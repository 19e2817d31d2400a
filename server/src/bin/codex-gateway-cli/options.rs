//! The command line.

use std::{io::IsTerminal, path::PathBuf, time::Duration};

use clap_complete::Shell;
use codex_gateway_engine::Options;
use codex_gateway_wire::ThreadId;

/// Name of the program.
pub(crate) const NAME: &str = "codex-gateway-cli";

/// Sends a prompt to codex, shows its progress, and prints its answer
///
/// The answer goes to standard output, everything else to standard error. The exit status is 0 if the turn
/// completed, 1 if it failed or could not start, 2 if the command line is wrong, 124 if it took longer than
/// `--timeout`, 130 if it was interrupted, and 143 or 129 if SIGTERM or SIGHUP ended the program.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = NAME, version, long_version = codex_gateway::version::long(), args_override_self = true, mut_args(|argument| {
    // These options concern a gateway with many sessions.
    let serves = ["max_sessions", "session_ttl_ms", "session_sweep_interval_ms", "park_after_ms", "warm_processes"];
    let serves = serves.contains(&argument.get_id().as_str());
    if serves { argument.hide(true) } else { argument }
}))]
pub(crate) struct Cli {
    /// What to ask; `-` reads it from standard input [default: whether everything works]
    ///
    /// With a prompt, what is piped into standard input follows it, in a block `<stdin>`.
    pub prompt: Option<String>,

    /// Prints events as lines of JSON instead: `{event, id, data}`
    ///
    /// The first one is `session`, with the ids of the session and its thread, the last one `turn`; `gap` says that some are missing.
    #[arg(long)]
    pub json: bool,

    /// Images to look at: PNG, JPEG, GIF or WebP
    #[arg(short = 'i', long = "image", value_name = "FILE", value_delimiter = ',')]
    pub images: Vec<PathBuf>,

    /// A JSON Schema that the answer must follow
    #[arg(long, value_name = "FILE")]
    pub output_schema: Option<PathBuf>,

    /// Reasoning effort: one of the model's levels, such as low, medium or high
    #[arg(long, value_name = "LEVEL")]
    pub effort: Option<String>,

    /// Writes the answer into a file, too
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output_last_message: Option<PathBuf>,

    /// Interrupts the turn after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub timeout: Option<Duration>,

    /// Resumes a codex thread by its id
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

    /// Options of the engine.
    #[command(flatten)]
    pub engine: Options,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "it takes a number of seconds above 0".to_owned())
}

impl Cli {
    /// Returns `true` if the user can be prompted.
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
    fn clap_definition_is_valid() {
        Cli::command().debug_assert();
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains("--sandbox") && !help.contains("--max-sessions"), "{help}");
    }

    #[test]
    fn timeout_must_be_positive() {
        let timeout = |text: &str| Cli::try_parse_from(["x", "--timeout", text]).map(|cli| cli.timeout);
        assert_eq!(timeout("1.5").unwrap(), Some(Duration::from_millis(1500)));
        for wrong in ["0", "-1", "soon", "1e40", "NaN"] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn images_are_repeated_or_comma_separated() {
        let cli = Cli::parse_from(["x", "-i", "a.png,b.png", "--image", "c.png", "What is this?"]);
        assert_eq!(cli.images, ["a.png", "b.png", "c.png"].map(PathBuf::from));
        assert_eq!(cli.prompt.as_deref(), Some("What is this?"));
    }

    #[test]
    fn demo_flag_does_not_consume_prompt() {
        let cli = Cli::parse_from(["x", "--demo", "What does this do?"]);
        assert_eq!((cli.demo, cli.prompt.as_deref()), (true, Some("What does this do?")));
        let cli = Cli::parse_from(["x", "--demo=0", "--debug", "1"]);
        assert_eq!((cli.demo, cli.engine.debug, cli.prompt.as_deref()), (false, true, Some("1")));
    }
}
