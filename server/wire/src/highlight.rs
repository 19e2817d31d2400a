//! Syntax highlighting, as sent by the server to the page: the languages, and runs of equally coloured code.
//!
//! Runs are encoded as a string such as `k2_1f4…`: for each run, a letter for its token and its length in bytes. The
//! page already has the code and generates safe HTML from the runs. So no markup is sent, and the markup of a code
//! block is defined in one place.

/// The maximum size of code that is highlighted, in bytes.
pub const MAX_CODE_BYTES: usize = 100 * 1024;
/// The maximum number of snippets in one request.
pub const MAX_SNIPPETS: usize = 32;
/// The token of code without a colour.
pub const PLAIN: char = '_';

/// The supported languages: all names that are used after a code fence, and the file extensions.
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

/// Returns `true` if a language is supported. The case is ignored.
pub fn is_known(lang: &str) -> bool {
    languages().any(|known| known.eq_ignore_ascii_case(lang))
}

/// Appends a run. `token` is a lower-case letter or [`PLAIN`].
pub fn push_run(runs: &mut String, token: char, bytes: usize) {
    runs.push(token);
    runs.push_str(&bytes.to_string());
}

/// Iterates over the token and length of each run. Stops at the first invalid run.
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
    fn language_is_known_by_name_and_extension_in_any_case() {
        for lang in ["rust", "Rust", "RS", "c++", "yml"] {
            assert!(is_known(lang), "{lang}");
        }
        for lang in ["", " ", "rus", "rust rs", "no-such-language", "ünï"] {
            assert!(!is_known(lang), "{lang}");
        }
        assert!(languages().all(|lang| lang == lang.to_lowercase()));
        assert!(languages().is_sorted_by(|a, b| a < b), "sorted, without duplicates");
    }

    #[test]
    fn runs_round_trip() {
        let mut runs = String::new();
        let written = [('k', 2), (PLAIN, 1), ('f', 40_000)];
        for (token, bytes) in written {
            push_run(&mut runs, token, bytes);
        }
        assert_eq!(runs, "k2_1f40000");
        assert_eq!(read_runs(&runs).collect::<Vec<_>>(), written);
    }

    #[test]
    fn invalid_run_ends_the_iteration() {
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
