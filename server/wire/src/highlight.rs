//! Highlighted code, as the server tells it to the page: which languages there are, and runs of one colour.
//!
//! Runs are a text, `k2_1f4…`: a letter that names a token, and how many bytes of the code are of it. The page has
//! the code already, and makes safe HTML of it itself; so no markup travels, and what a block looks like is
//! written in one place.

/// The longest code that is highlighted, in bytes.
pub const LARGEST: usize = 100 * 1024;
/// How many pieces of code are highlighted at once.
pub const MOST: usize = 32;
/// The token of what has no colour of its own.
pub const PLAIN: char = '_';

/// Every language that is highlighted, by all the names that people write behind a fence, and by the endings of
/// its files.
const LANGUAGES: &str = "adoc asm awk bash bat bib c c++ cc cjs clj clojure cmake cmd coffee cpp crystal cs csharp \
    css csv cxx d dart diff docker dockerfile dot elixir elm env erb erl erlang ex exs fish fs fsharp glsl go golang \
    gql gradle graphql groovy h haskell hcl hpp hs html http ini java javascript jinja jl jq js json json5 jsonc jsx \
    julia kotlin kt kts latex less lisp lua make makefile markdown matlab md mjs ml mm nginx nim nix objc ocaml \
    pascal patch perl php pl proto protobuf py python python3 r rb rs rst ruby rust sass scala scss sh shell sol \
    solidity sql svelte svg swift tcl terraform tex tf toml ts tsx typescript verilog vhdl vim vue wgsl xml yaml yml \
    zig zsh";

/// All names of languages, in lower case.
pub fn languages() -> impl Iterator<Item = &'static str> {
    LANGUAGES.split_ascii_whitespace()
}

/// Whether code of a language is highlighted. Upper and lower case do not matter.
pub fn is_known(lang: &str) -> bool {
    languages().any(|known| known.eq_ignore_ascii_case(lang))
}

/// Appends a run of a token, which is a letter or [`PLAIN`].
pub fn push_run(runs: &mut String, token: char, bytes: usize) {
    runs.push(token);
    runs.push_str(&bytes.to_string());
}

/// Each run's token and length. What is no run ends them.
pub fn read_runs(mut runs: &str) -> impl Iterator<Item = (char, usize)> {
    std::iter::from_fn(move || {
        let token = runs.chars().next().filter(|token| token.is_ascii_lowercase() || *token == PLAIN)?;
        let rest = &runs[1..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        runs = &rest[end..];
        Some((token, rest[..end].parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn languages_are_known_by_each_of_their_names() {
        for lang in ["rust", "Rust", "RS", "c++", "yml"] {
            assert!(is_known(lang), "{lang}");
        }
        for lang in ["", " ", "rus", "rust rs", "no-such-language", "ünï"] {
            assert!(!is_known(lang), "{lang}");
        }
        assert!(languages().all(|lang| lang == lang.to_lowercase()));
        assert!(languages().is_sorted_by(|a, b| a < b), "in order, each once");
    }

    #[test]
    fn runs_read_back_as_written() {
        let mut runs = String::new();
        let written = [('k', 2), (PLAIN, 1), ('f', 40_000)];
        for (token, bytes) in written {
            push_run(&mut runs, token, bytes);
        }
        assert_eq!(runs, "k2_1f40000");
        assert_eq!(read_runs(&runs).collect::<Vec<_>>(), written);
    }

    #[test]
    fn what_is_no_run_ends_them() {
        for (text, count) in [
            ("", 0),
            ("k", 0),
            ("2", 0),
            ("k2K3", 1),
            ("k2<b>3", 1),
            ("k2é3", 1),
            ("k99999999999999999999", 0),
        ] {
            assert_eq!(read_runs(text).count(), count, "{text}");
        }
    }
}
