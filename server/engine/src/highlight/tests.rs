use codex_gateway_wire::highlight::{languages, read_runs};

use super::*;

/// Longer than anything here takes, on whatever machine.
const AMPLE: Duration = Duration::from_mins(1);

fn highlighter() -> Highlighter {
    Highlighter { budget: Budget { one: AMPLE, batch: AMPLE }, ..Highlighter::default() }
}

fn snippet(lang: &str, code: &str) -> Snippet {
    Snippet { lang: lang.into(), code: code.into() }
}

async fn one(lang: &str, code: &str) -> Option<String> {
    let found = highlighter().highlight(vec![snippet(lang, code)], AMPLE).await;
    found.into_iter().next().flatten().map(|runs| runs.to_string())
}

/// The words of the code, each with its token, without what is plain.
async fn tokens(lang: &str, code: &str) -> Vec<(char, String)> {
    let runs = one(lang, code).await.unwrap();
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
    let needless: Vec<_> = ALIASES.iter().filter(|(alias, _)| !is_known(alias)).collect();
    assert!(needless.is_empty(), "{needless:?}");
}

#[tokio::test]
async fn tokens_are_told_apart() {
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
async fn runs_stay_within_the_code_and_between_its_characters() {
    for lang in languages() {
        let code = "é <a b=\"ü\"> 漢 // x\n# 𝒳 {y: [1, '2']}\r\n\n  def ünï(): \"\"\"\n";
        let Some(runs) = one(lang, code).await else { panic!("{lang}") };
        let mut at = 0;
        for (_, bytes) in read_runs(&runs) {
            at += bytes;
            assert!(code.is_char_boundary(at), "{lang}: {runs}");
        }
    }
}

#[tokio::test]
async fn what_is_not_known_or_too_long_has_no_runs() {
    assert_eq!(one("no-such-language", "fn main() {}").await, None);
    assert_eq!(one("", "fn main() {}").await, None);
    assert_eq!(one("rust", &"// x\n".repeat(LARGEST)).await, None);
    assert_eq!(one("rust", "").await.as_deref(), Some(""));
}

#[tokio::test]
async fn a_line_that_nobody_wrote_ends_the_colours() {
    let code = format!("fn a() {{}}\nlet x = \"{}\";\nfn b() {{}}\n", "x".repeat(LONGEST_LINE));
    let words = tokens("rust", &code).await;
    assert!(has(&words, 'f', "a") && !has(&words, 'f', "b"), "{words:?}");
}

#[test]
fn no_time_no_colours() {
    let past = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
    assert_eq!(runs(grammar("rust").unwrap(), "fn a() {}\n", past), "");
}

#[tokio::test]
async fn what_was_found_is_kept() {
    let highlighter = highlighter();
    let snippets = [snippet("rust", "fn a() {}"), snippet("x", ""), snippet("py", "1")];
    let ask = || highlighter.highlight(snippets.to_vec(), AMPLE);
    let (first, second) = (ask().await, ask().await);
    let same = |a: &Option<Arc<str>>, b: &Option<Arc<str>>| match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    };
    assert!(first.iter().zip(&second).all(|(a, b)| same(a, b)));
    assert_eq!(first.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test]
async fn a_batch_has_its_limit() {
    let snippets = (0..MOST + 5).map(|n| snippet("rust", &format!("let a = {n};"))).collect();
    let found = highlighter().highlight(snippets, AMPLE).await;
    assert_eq!(found.len(), MOST + 5);
    assert!(found[MOST..].iter().all(Option::is_none));
}

#[tokio::test]
async fn hostile_code_is_let_alone() {
    let mut snippets = Vec::new();
    for lang in ["rust", "less", "sass", "zsh", "markdown", "html"] {
        for unit in [" ", "`", "(", "a<", "\0", "\u{202E}", "é"] {
            snippets.push(snippet(lang, &unit.repeat(LARGEST / unit.len()))); // One line.
            let line = unit.repeat(LONGEST_LINE / unit.len());
            snippets.push(snippet(lang, &format!("{line}\n").repeat(20)));
        }
    }
    for snippet in snippets {
        let one = snippet.code.lines().count() == 1;
        // What the time allows, not what a test would wait for.
        let found = Highlighter::default().highlight(vec![snippet], AMPLE).await;
        let runs = found[0].as_deref().unwrap();
        assert!(!one || runs.is_empty(), "{runs}");
    }
}
