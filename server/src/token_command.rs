//! `codex-gateway token`: prints a token.

use std::time::Duration;

use codex_gateway_engine::config::Secret;

use crate::tokens::sign;

/// Makes a token with the gateway's JWT secret.
#[derive(Clone, Debug, clap::Args)]
pub struct TokenCommand {
    /// Whose token it is: the owner of what is made with it [default: one owner for all who have no name]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub sub: Option<String>,

    /// How long it is good: 12h, 30d, 1y, …
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = ttl)]
    pub ttl: Duration,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is nothing to sign it with.
    #[error(
        "a token is signed with the gateway's secret: set CODEX_GATEWAY_JWT_SECRET, or give --jwt-secret"
    )]
    NoSecret,
    /// It cannot be signed.
    #[error("the token cannot be signed: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

impl TokenCommand {
    /// The token.
    ///
    /// # Errors
    /// [`TokenError`]
    pub fn run(&self, secret: Option<&Secret>) -> Result<String, TokenError> {
        Ok(sign(secret.ok_or(TokenError::NoSecret)?, self.sub.as_deref(), self.ttl)?)
    }
}

/// Reads `30d`. A token that is over as soon as it is made, or only after all of us, is a mistake.
fn ttl(text: &str) -> Result<Duration, String> {
    let ttl = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let most = Duration::from_hours(24 * 366 * 100);
    if ttl < Duration::from_secs(1) || ttl > most {
        return Err("it takes between a second and a hundred years".to_owned());
    }
    Ok(ttl)
}

#[cfg(test)]
mod tests {
    use super::ttl;

    #[test]
    fn times_are_written_as_people_write_them() {
        let days = |days: u64| std::time::Duration::from_hours(24 * days);
        assert_eq!(ttl("30d"), Ok(days(30)));
        assert_eq!(ttl("1d 12h"), Ok(days(3) / 2));
        for bad in ["", "30", "0s", "10ms", "1000y", "soon"] {
            assert!(ttl(bad).is_err(), "{bad}");
        }
    }
}
