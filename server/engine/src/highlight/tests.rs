use codex_gateway_wire::highlight::{languages, read_runs};

use super::*;

/// Longer than any test takes on a slow machine.
const NO_LIMIT: Duration = Duration::from_mins(1);

fn highlighter() -> Highlighter {
    Highlighter { budget: Budget { snippet: NO_LIMIT, batch: NO_LIMIT }, ..Highlighter::default() }
}

fn snippet(lang: &str, code: &str) -> Snippet {
    Snippet { lang: lang.into(), code: code.into() }
}

async fn runs_of(lang: &str, code: &str) -> Option<String> {
    let found = highlighter().highlight(vec![snippet(lang, code)], NO_LIMIT).await;
    found.into_iter().next().flatten().map(|runs| runs.to_string())
}

/// The highlighted parts of the code with their tokens, without plain parts.
async fn tokens(lang: &str, code: &str) -> Vec<(char, String)> {
    let runs = runs_of(lang, code).await.unwrap();
    let mut at = 0;
    let mut words = Vec::new();
    for (token, bytes) in read_runs(&runs) {
        words.push((token, code[at..at + bytes].trim().to_owned()));
        at += bytes;
    }
    words.retain(|(token, word)| *token != PLAIN && !word.is_empty());
    words
}

fn has(tokens: &[(char, String)], token: char, word: &str) -> bool {
    tokens.iter().any(|(has, text)| *has == token && text == word)
}

#[test]
fn every_language_has_a_grammar() {
    let without: Vec<_> = languages().filter(|lang| grammar(lang).is_none()).collect();
    assert_eq!(without, [""; 0]);
    let plain: Vec<_> = languages()
        .filter(|lang| grammar(lang).is_some_and(|grammar| grammar.name == "Plain Text"))
        .collect();
    assert_eq!(plain, [""; 0]);
    let unused: Vec<_> = ALIASES.iter().filter(|(alias, _)| !is_known(alias)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[tokio::test]
async fn tokens_of_several_languages_are_found() {
    let rust =
        tokens("rust", "// Why.\n#[test]\nfn main() {\n    let a = \"b\\n\";\n    call(12);\n}\n").await;
    for (token, word) in
        [('c', "// Why."), ('k', "fn"), ('f', "main"), ('k', "let"), ('e', "\\n"), ('n', "12")]
    {
        assert!(has(&rust, token, word), "{token} {word}: {rust:?}");
    }
    let typed = tokens("ts", "const a: number = `x${b}`; // é\nexport class C extends D {}\n").await;
    for (token, word) in [('k', "const"), ('c', "// é"), ('t', "C"), ('t', "D")] {
        assert!(has(&typed, token, word), "{token} {word}: {typed:?}");
    }
    let toml = tokens("TOML", "[package]\nname = \"x\" # why\n").await;
    assert!(has(&toml, 's', "\"x\"") && has(&toml, 'c', "# why"), "{toml:?}");
    let diff = tokens("diff", "@@ -1 +1 @@\n-a\n+b\n").await;
    assert!(has(&diff, 'd', "-a") && has(&diff, 'i', "+b"), "{diff:?}");
}

#[tokio::test]
async fn runs_end_on_character_boundaries_within_the_code() {
    for lang in languages() {
        let code = "é <a b=\"ü\"> 漢 // x\n# 𝒳 {y: [1, '2']}\r\n\n  def ünï(): \"\"\"\n";
        let Some(runs) = runs_of(lang, code).await else { panic!("{lang}") };
        let mut at = 0;
        for (_, bytes) in read_runs(&runs) {
            at += bytes;
            assert!(code.is_char_boundary(at), "{lang}: {runs}");
        }
    }
}

#[tokio::test]
async fn unknown_language_and_oversized_code_have_no_runs() {
    assert_eq!(runs_of("no-such-language", "fn main() {}").await, None);
    assert_eq!(runs_of("", "fn main() {}").await, None);
    assert_eq!(runs_of("rust", &"// x\n".repeat(MAX_CODE_BYTES)).await, None);
    assert_eq!(runs_of("rust", "").await.as_deref(), Some(""));
}

#[tokio::test]
async fn code_after_an_overlong_line_stays_plain() {
    let code = format!("fn a() {{}}\nlet x = \"{}\";\nfn b() {{}}\n", "x".repeat(MAX_LINE_BYTES));
    let words = tokens("rust", &code).await;
    assert!(has(&words, 'f', "a") && !has(&words, 'f', "b"), "{words:?}");
}

#[test]
fn code_after_the_deadline_stays_plain() {
    let past = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
    assert_eq!(runs(grammar("rust").unwrap(), "fn a() {}\n", past), "");
}

#[tokio::test]
async fn results_are_cached() {
    let highlighter = highlighter();
    let snippets = [snippet("rust", "fn a() {}"), snippet("x", ""), snippet("py", "1")];
    let highlight = || highlighter.highlight(snippets.to_vec(), NO_LIMIT);
    let (first, second) = (highlight().await, highlight().await);
    let same = |a: &Option<Arc<str>>, b: &Option<Arc<str>>| match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    };
    assert!(first.iter().zip(&second).all(|(a, b)| same(a, b)));
    assert_eq!(first.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test]
async fn number_of_snippets_in_a_batch_is_limited() {
    let snippets = (0..MAX_SNIPPETS + 5).map(|n| snippet("rust", &format!("let a = {n};"))).collect();
    let found = highlighter().highlight(snippets, NO_LIMIT).await;
    assert_eq!(found.len(), MAX_SNIPPETS + 5);
    assert!(found[MAX_SNIPPETS..].iter().all(Option::is_none));
}

#[tokio::test]
async fn hostile_code_is_highlighted_within_the_time_limit() {
    let mut snippets = Vec::new();
    for lang in ["rust", "less", "sass", "zsh", "markdown", "html"] {
        for unit in [" ", "`", "(", "a<", "\0", "\u{202E}", "é"] {
            snippets.push(snippet(lang, &unit.repeat(MAX_CODE_BYTES / unit.len()))); // One line.
            let line = unit.repeat(MAX_LINE_BYTES / unit.len());
            snippets.push(snippet(lang, &format!("{line}\n").repeat(20)));
        }
    }
    for snippet in snippets {
        let is_one_line = snippet.code.lines().count() == 1;
        // With the default budget, not that of the other tests.
        let found = Highlighter::default().highlight(vec![snippet], NO_LIMIT).await;
        let runs = found[0].as_deref().unwrap();
        assert!(!is_one_line || runs.is_empty(), "{runs}");
    }
}
