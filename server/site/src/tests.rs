//! Embedded and directory sites behave alike.

use std::{fs, path::Path, time::Duration};

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;

use crate::{
    Site, Source,
    memory::{MemoryFile, MemoryFiles},
};

const TEXT: &str = "body { margin: 0 }";
const FILES: [(&str, &str); 6] = [
    ("pkg/codex-gateway.css", TEXT),
    ("pkg/codex-gateway.css.br", "as brotli"),
    ("pkg/codex-gateway.css.gz", "as gzip"),
    ("pkg/codex-gateway.wasm", "\0asm"),
    ("assets/manifest.webmanifest", "{}"),
    ("assets/icon.svg", "<svg/>"),
];

fn find(path: &str) -> Option<MemoryFile> {
    let (_, content) = FILES.iter().find(|(name, _)| *name == path)?;
    let modified = Some(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    Some(MemoryFile { content: content.as_bytes(), modified })
}

/// Returns the same site, embedded and in a directory.
fn both() -> (Site, Site, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in FILES {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    (Site(Source::Embedded(MemoryFiles(find))), Site::directory(directory.path()), directory)
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: StatusCode,
    kind: Option<String>,
    encoding: Option<String>,
    vary: Option<String>,
    length: Option<String>,
    range: Option<String>,
    body: Vec<u8>,
}

/// Returns the response of a site, and its `ETag`.
async fn ask(site: &Site, path: &str, headers: &[(header::HeaderName, &str)]) -> (Answer, Option<String>) {
    let (folder, path) = path.split_once('/').unwrap();
    let mut request = Request::builder().uri(format!("/{path}"));
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Empty::<&'static [u8]>::new()).unwrap();
    let (head, body) = site.serve(folder).oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    let header = |name| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let answer = Answer {
        status: head.status,
        kind: header(header::CONTENT_TYPE),
        encoding: header(header::CONTENT_ENCODING),
        vary: header(header::VARY),
        length: header(header::CONTENT_LENGTH),
        range: header(header::CONTENT_RANGE),
        body,
    };
    (answer, header(header::ETAG))
}

#[tokio::test]
async fn embedded_and_directory_sites_respond_alike() {
    let (program, directory, _kept) = both();
    let paths = FILES.map(|(name, _)| name);
    let others = ["pkg/", "pkg/none.js", "assets/../pkg/codex-gateway.css", "assets/icon.svg/", "pkg/a%00b"];
    for path in paths.into_iter().chain(others) {
        for headers in [
            &[][..],
            &[(header::ACCEPT_ENCODING, "gzip, br")],
            &[(header::ACCEPT_ENCODING, "gzip")],
            &[(header::ACCEPT_ENCODING, "br;q=0")],
            &[(header::RANGE, "bytes=2-3")],
            &[(header::RANGE, "bytes=999-")],
        ] {
            let (one, other) = (ask(&program, path, headers).await.0, ask(&directory, path, headers).await.0);
            assert_eq!(one, other, "{path} {headers:?}");
        }
    }
}

#[tokio::test]
async fn precompressed_file_is_sent_to_client_that_accepts_it() {
    let (program, ..) = both();
    let css = "pkg/codex-gateway.css";
    for (takes, encoding, body) in
        [("gzip, deflate, br", Some("br"), "as brotli"), ("gzip", Some("gzip"), "as gzip"), ("", None, TEXT)]
    {
        let (answer, _) = ask(&program, css, &[(header::ACCEPT_ENCODING, takes)]).await;
        assert_eq!((answer.status, answer.encoding.as_deref()), (StatusCode::OK, encoding));
        assert_eq!((answer.kind.as_deref(), &*answer.body), (Some("text/css"), body.as_bytes()));
    }
    let (manifest, _) = ask(&program, "assets/manifest.webmanifest", &[]).await;
    assert_eq!(manifest.kind.as_deref(), Some("application/manifest+json"));
}

#[tokio::test]
async fn matching_etag_gets_not_modified() {
    let (program, directory, _kept) = both();
    for site in [program, directory] {
        let (_, tag) = ask(&site, "assets/icon.svg", &[]).await;
        let (again, _) = ask(&site, "assets/icon.svg", &[(header::IF_NONE_MATCH, &tag.unwrap())]).await;
        assert_eq!((again.status, again.body), (StatusCode::NOT_MODIFIED, Vec::new()));
    }
}

#[test]
fn embedded_and_directory_sites_can_be_read() {
    let (program, directory, _kept) = both();
    for site in [program, directory] {
        assert_eq!(site.read("pkg/codex-gateway.css").unwrap().as_deref(), Some(TEXT.as_bytes()));
        assert_eq!(site.read("pkg/none").unwrap(), None);
        assert!(site.has("assets/icon.svg") && !site.has("assets") && !site.has("icon.svg"));
    }
}

#[test]
fn named_directory_takes_precedence() {
    let site = Site::find(Some(Path::new("/named"))).unwrap();
    assert_eq!(site.to_string(), "/named");
    let found = Site::find(None).unwrap().to_string();
    let expected = if cfg!(feature = "embed") { "inside the program" } else { "/site" };
    assert!(found.ends_with(expected), "{found}");
}

/// The embedded site has all files of the built one, byte for byte and in every encoding.
#[cfg(feature = "embed")]
#[tokio::test]
async fn embedded_site_equals_built_site() {
    fn add(dir: &Path, root: &Path, names: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, root, names);
            } else {
                names.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let built = Path::new(env!("SITE_TO_EMBED"));
    let mut all = Vec::new();
    add(built, built, &mut all);
    let (program, directory) = (Site::embedded().unwrap(), Site::directory(built));
    for name in &all {
        assert_eq!(program.read(name).unwrap(), directory.read(name).unwrap(), "{name}");
        for takes in ["", "br", "gzip"] {
            let takes = [(header::ACCEPT_ENCODING, takes)];
            let (one, other) = (ask(&program, name, &takes).await.0, ask(&directory, name, &takes).await.0);
            assert_eq!(one, other, "{name} {takes:?}");
        }
    }
    for needed in ["pkg/codex-gateway.wasm.br", "pkg/codex-gateway.js.br", "pkg/codex-gateway.css.br"] {
        assert!(
            all.iter().any(|name| name == needed),
            "{needed} is missing: was the site built as a release?"
        );
    }
}
