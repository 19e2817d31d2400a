//! Maps the many scopes of grammars to the few tokens that have a colour.

use codex_gateway_wire::highlight::PLAIN;
use syntect::parsing::{Scope, ScopeStack};

/// Prefixes of scopes and their tokens. The longest matching prefix counts. (`style/code.css` has the colours.)
const TOKENS: &[(&str, char)] = &[
    ("comment", 'c'),
    ("meta.diff.header", 'c'),
    ("meta.diff.range", 'c'),
    ("string", 's'),
    ("markup.raw", 's'),
    ("markup.underline.link", 's'),
    ("constant", 'n'),
    ("constant.character.escape", 'e'),
    ("constant.other.placeholder", 'e'),
    ("support.constant", 'n'),
    ("keyword", 'k'),
    ("keyword.operator", PLAIN),
    ("keyword.operator.logical.python", 'k'),
    ("keyword.operator.word", 'k'),
    ("storage", 'k'),
    ("storage.type.numeric", 'n'),
    ("variable.language", 'k'),
    ("support.type", 't'),
    ("support.class", 't'),
    ("entity.name", 't'),
    ("entity.name.function", 'f'),
    ("entity.name.macro", 'f'),
    ("support.function", 'f'),
    ("support.macro", 'f'),
    ("variable.function", 'f'),
    ("entity.name.tag", 'g'),
    ("entity.name.section", 'h'),
    ("markup.heading", 'h'),
    ("entity.other.inherited-class", 't'),
    ("entity.other.attribute-name", 'a'),
    ("support.type.property-name", 'a'),
    ("meta.property-name", 'a'),
    ("meta.annotation", 'a'),
    ("variable.annotation", 'a'),
    ("meta.mapping.key", 'a'),
    ("markup.inserted", 'i'),
    ("markup.deleted", 'd'),
    // Interpolated code inside a string is highlighted as code.
    ("meta.interpolation", PLAIN),
    ("meta.template.expression", PLAIN),
    ("source", PLAIN),
];

/// [`TOKENS`] as scopes of the parser, the longest first.
#[derive(Debug)]
pub(super) struct Scopes(Vec<(Scope, char)>);

impl Scopes {
    pub(super) fn new() -> Self {
        let read = |(name, token): &(&str, char)| Some((Scope::new(name).ok()?, *token));
        let mut scopes: Vec<_> = TOKENS.iter().filter_map(read).collect();
        scopes.sort_by_key(|(scope, _)| std::cmp::Reverse(scope.len()));
        Self(scopes)
    }

    /// Returns the token of the innermost scope that has one.
    pub(super) fn token(&self, stack: &ScopeStack) -> char {
        let mut inner = stack.scopes.iter().rev();
        inner.find_map(|scope| self.token_of(*scope)).unwrap_or(PLAIN)
    }

    fn token_of(&self, scope: Scope) -> Option<char> {
        self.0.iter().find(|(known, _)| known.is_prefix_of(scope)).map(|(_, token)| *token)
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn token(scopes: &str) -> char {
        Scopes::new().token(&ScopeStack::from_str(scopes).unwrap())
    }

    #[test]
    fn every_scope_is_valid() {
        assert_eq!(Scopes::new().0.len(), TOKENS.len());
    }

    #[test]
    fn innermost_scope_and_longest_prefix_determine_the_token() {
        assert_eq!(token("source.rust"), PLAIN);
        assert_eq!(token("source.rust string.quoted.double punctuation.definition.string.begin"), 's');
        assert_eq!(token("source.rust string.quoted.double constant.character.escape.rust"), 'e');
        assert_eq!(token("source.ts string.template meta.interpolation.ts variable.other"), PLAIN);
        assert_eq!(token("source.rust keyword.operator.rust"), PLAIN);
        assert_eq!(token("source.rust keyword.control.rust"), 'k');
        assert_eq!(token("source.rust constantly"), PLAIN, "a prefix ends at a dot");
        assert_eq!(token(""), PLAIN);
    }
}
