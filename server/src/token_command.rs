//! `codex-gateway token`: creates a token.

use std::time::Duration;

use codex_gateway_engine::config::Secret;

use crate::tokens::sign;

/// Makes a token with the gateway's JWT secret.
#[derive(Clone, Debug, clap::Args)]
pub struct TokenCommand {
    /// Owner of what is created with the token [default: one shared owner]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub sub: Option<String>,

    /// How long the token is valid: 12h, 30d, 1y, …
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = parse_ttl)]
    pub ttl: Duration,
}

/// Error from [`TokenCommand::run`].
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No secret is configured.
    #[error(
        "a token is signed with the gateway's secret: set CODEX_GATEWAY_JWT_SECRET, or give --jwt-secret"
    )]
    NoSecret,
    /// Signing failed.
    #[error("the token cannot be signed: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

impl TokenCommand {
    /// Creates the token.
    ///
    /// # Errors
    /// [`TokenError`]
    pub fn run(&self, secret: Option<&Secret>) -> Result<String, TokenError> {
        Ok(sign(secret.ok_or(TokenError::NoSecret)?, self.sub.as_deref(), self.ttl)?)
    }
}

/// Parses a duration such as `30d`. Durations below a second or over a hundred years are mistakes.
fn parse_ttl(text: &str) -> Result<Duration, String> {
    let ttl = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let max = Duration::from_hours(24 * 366 * 100);
    if ttl < Duration::from_secs(1) || ttl > max {
        return Err("it takes between a second and a hundred years".to_owned());
    }
    Ok(ttl)
}

#[cfg(test)]
mod tests {
    use super::parse_ttl;

    #[test]
    fn ttl_is_parsed_and_limited() {
        let days = |days: u64| std::time::Duration::from_hours(24 * days);
        assert_eq!(parse_ttl("30d"), Ok(days(30)));
        assert_eq!(parse_ttl("1d 12h"), Ok(days(3) / 2));
        for bad in ["", "30", "0s", "10ms", "1000y", "soon"] {
            assert!(parse_ttl(bad).is_err(), "{bad}");
        }
    }
}
