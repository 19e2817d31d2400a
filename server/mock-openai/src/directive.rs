//! Parser of `!standin` directives.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use crate::{
    commands,
    scenario::{Deltas, Step},
    texts,
    tools::Call,
};

/// Why a directive cannot be parsed.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum DirectiveError {
    #[error("There is no stand-in step `{0}`.")]
    UnknownStep(String),
    #[error("The stand-in step `{step}` takes no `{key}`.")]
    UnknownKey { step: String, key: String },
    #[error("`{0}` is not a `key=value`.")]
    NoValue(String),
    #[error("`{value}` is no value for `{key}`.")]
    BadValue { key: &'static str, value: String },
}

/// Parses `step key=value …, step …`.
pub(crate) fn parse(line: &str) -> Result<Vec<Step>, DirectiveError> {
    let mut steps = Vec::new();
    for text in line.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let mut values = Values::parse(words)?;
        match name {
            "text" => steps.push(Step::Message(texts::MARKDOWN.to_owned())),
            "deltas" => steps.push(Step::Deltas(deltas(&mut values)?)),
            "reasoning" => steps.push(Step::Reasoning),
            "command" => steps.push(Step::Call(Call::Live)),
            "slow-command" => steps.push(Step::Call(Call::Slow)),
            "stubborn-command" => steps.push(Step::Call(Call::Stubborn)),
            "background" => steps.push(Step::Call(Call::Background)),
            "big-output" => steps.push(Step::Call(Call::Big)),
            "temporary" => steps.push(Step::Call(Call::Temporary)),
            "explore" => {
                steps.extend((0..commands::EXPLORING.len()).map(|at| Step::Call(Call::Explore(at))));
            }
            "missing" => steps.push(Step::Call(Call::Missing)),
            "environment" => steps.push(Step::Call(Call::Environment)),
            "patch" => steps.extend(Step::patch()),
            "plan" => steps.extend((0..=3).map(Step::plan)),
            "escalate" => {
                let alone = values.take("alone", false, |_| true)?;
                steps.push(Step::Call(if alone { Call::EscalateAlone } else { Call::Escalate }));
            }
            "question" => steps.push(Step::Call(Call::Question)),
            "fail" => {
                steps.push(Step::Fail(values.take("status", 500, |status| (400..600).contains(status))?));
            }
            "flaky" => steps.push(Step::Flaky(values.take("times", 2, |_| true)?)),
            "cut" => steps.push(Step::Cut),
            "hang" => steps.push(Step::Hang),
            _ => return Err(DirectiveError::UnknownStep(name.to_owned())),
        }
        values.finish(name)?;
    }
    Ok(steps)
}

fn deltas(values: &mut Values) -> Result<Deltas, DirectiveError> {
    const MAX_BYTES: usize = 64 << 20;
    let count = values.take("count", 5000, |count| (1..=1_000_000).contains(count))?;
    let pace_us = values.take("pace_us", 0, |pace| *pace <= 10_000_000)?;
    let size = values.take("size", 5, |size| (1..=MAX_BYTES / count as usize).contains(size))?;
    let stamp = values.take("stamp", false, |_| true)?;
    Ok(Deltas { count, pace: Duration::from_micros(pace_us), size, stamp })
}

/// The values of a step that have not been used yet.
struct Values<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Values<'a> {
    fn parse(words: impl Iterator<Item = &'a str>) -> Result<Self, DirectiveError> {
        let pair =
            |word: &'a str| word.split_once('=').ok_or_else(|| DirectiveError::NoValue(word.to_owned()));
        words.map(pair).collect::<Result<_, _>>().map(Self)
    }

    fn take<T: FromStr>(
        &mut self,
        key: &'static str,
        default: T,
        allowed: impl Fn(&T) -> bool,
    ) -> Result<T, DirectiveError> {
        let Some(value) = self.0.remove(key) else { return Ok(default) };
        let parsed = value.parse().ok().filter(allowed);
        parsed.ok_or_else(|| DirectiveError::BadValue { key, value: value.to_owned() })
    }

    /// Fails if there is a value that the step does not take.
    fn finish(&self, step: &str) -> Result<(), DirectiveError> {
        match self.0.keys().next() {
            Some(key) => Err(DirectiveError::UnknownKey { step: step.to_owned(), key: (*key).to_owned() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_have_defaults() {
        let default = Deltas { count: 5000, pace: Duration::ZERO, size: 5, stamp: false };
        assert_eq!(parse("deltas"), Ok(vec![Step::Deltas(default)]));
        let given = Deltas { count: 7, pace: Duration::from_millis(2), size: 9, stamp: true };
        assert_eq!(parse("deltas count=7 pace_us=2000 size=9 stamp=true"), Ok(vec![Step::Deltas(given)]));
    }

    #[test]
    fn steps_keep_their_order_and_values() {
        assert_eq!(parse("fail status=503,hang , cut"), Ok(vec![Step::Fail(503), Step::Hang, Step::Cut]));
    }

    #[test]
    fn errors_name_what_cannot_be_parsed() {
        assert_eq!(parse("dance"), Err(DirectiveError::UnknownStep("dance".to_owned())));
        assert_eq!(parse("text now"), Err(DirectiveError::NoValue("now".to_owned())));
        let bad = |key, value: &str| Err(DirectiveError::BadValue { key, value: value.to_owned() });
        assert_eq!(parse("fail status=200"), bad("status", "200"));
        assert_eq!(parse("deltas count=1000000 size=5000"), bad("size", "5000"));
        let unknown = DirectiveError::UnknownKey { step: "cut".to_owned(), key: "times".to_owned() };
        assert_eq!(parse("cut times=2"), Err(unknown));
    }
}
