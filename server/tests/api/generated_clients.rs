//! Clients that are generated from the OpenAPI document: each is generated, type-checked and used.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use crate::support::Gateway;

/// Longer than any generator takes.
const TIMEOUT: Duration = Duration::from_secs(100);
const PROMPT: &str = "Reply with exactly the single word generated";

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// Returns the path of a tool of `package.json`.
fn npm_tool(name: &str) -> PathBuf {
    root().join("node_modules/.bin").join(name)
}

/// Returns the path of a program in the Python environment that `cargo xtask test unit` creates.
fn python_tool(name: &str) -> PathBuf {
    let executable = std::env::current_exe().unwrap();
    let target = executable.ancestors().find(|dir| dir.join("debug").is_dir()).unwrap();
    let program = target.join("openapi-python-client/bin").join(name);
    assert!(program.is_file(), "{} is missing: cargo xtask test unit installs it", program.display());
    program
}

/// A gateway, and a directory with its OpenAPI documents and the programs that use the generated clients.
struct Workshop {
    gateway: Gateway,
    dir: TempDir,
}

impl Workshop {
    async fn new() -> Self {
        let gateway = Gateway::demo().await;
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for document in ["openapi.json", "openapi-3.1.json"] {
            let reply = gateway.client.get(&format!("/api/{document}")).await;
            fs::write(dir.path().join(document), reply.body).unwrap();
        }
        symlink(root().join("node_modules"), dir.path().join("node_modules")).unwrap();
        fs::write(dir.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
        for program in ["fetch.ts", "hey_api.ts", "generated.py"] {
            fs::copy(root().join("server/tests/clients").join(program), dir.path().join(program)).unwrap();
        }
        Self { gateway, dir }
    }

    /// Runs a program in the directory. Returns its standard output.
    async fn run<A: AsRef<OsStr>>(&self, program: &Path, arguments: &[A]) -> String {
        #[expect(clippy::disallowed_methods, reason = "the test runs the tools that a user would run")]
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null()).kill_on_drop(true);
        command.env("CODEX_GATEWAY_URL", format!("http://{}", self.gateway.client.address()));
        command.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        let output =
            timeout(TIMEOUT, command.output()).await.expect("the program should exit in time").unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{}: {stdout}{stderr}\n{}", program.display(), self.gateway.log());
        stdout
    }

    /// Type-checks, bundles and runs a TypeScript program. Returns its standard output.
    async fn run_typescript(&self, name: &str) -> String {
        let source = format!("{name}.ts");
        let check = ["--noEmit", "--strict", "--noUncheckedIndexedAccess", "--skipLibCheck"];
        let target =
            ["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--types", "node"];
        self.run(&npm_tool("tsc"), &[&check[..], &target[..], &[&source]].concat()).await;
        let bundle = format!("--outfile={name}.mjs");
        let bundling =
            [&source, "--bundle", "--platform=node", "--format=esm", "--log-level=warning", &bundle];
        self.run(&npm_tool("esbuild"), &bundling).await;
        let image = root().join("public/assets/icon-192.png");
        self.run(Path::new("node"), &[&format!("{name}.mjs"), PROMPT, image.to_str().unwrap()]).await
    }
}

#[tokio::test]
async fn openapi_documents_pass_redocly_lint() {
    let workshop = Workshop::new().await;
    workshop.run(&npm_tool("redocly"), &["lint", "openapi.json", "openapi-3.1.json"]).await;
    workshop.gateway.stop().await;
}

#[tokio::test]
async fn openapi_typescript_types_work_with_openapi_fetch() {
    let workshop = Workshop::new().await;
    let arguments = ["openapi-3.1.json", "-o", "schema.d.ts"];
    workshop.run(&npm_tool("openapi-typescript"), &arguments).await;
    assert_eq!(workshop.run_typescript("fetch").await, "generated\n");
    workshop.gateway.stop().await;
}

#[tokio::test]
async fn hey_api_client_works() {
    let workshop = Workshop::new().await;
    let arguments = ["-i", "openapi-3.1.json", "-o", "client", "-c", "@hey-api/client-fetch"];
    workshop.run(&npm_tool("openapi-ts"), &arguments).await;
    assert_eq!(workshop.run_typescript("hey_api").await, "generated\n");
    workshop.gateway.stop().await;
}

#[tokio::test]
async fn openapi_python_client_works() {
    let workshop = Workshop::new().await;
    let arguments =
        ["generate", "--path", "openapi-3.1.json", "--output-path", "generated", "--meta", "none"];
    workshop.run(&python_tool("openapi-python-client"), &arguments).await;
    let package = workshop.dir.path().join("generated");
    let errors = fs::read_dir(package.join("models")).unwrap().flatten();
    let errors = errors.filter(|file| file.file_name().to_str().unwrap().contains("error")).count();
    assert!(errors < 20, "{errors} error classes");
    fs::rename(package, workshop.dir.path().join("codex_gateway_client")).unwrap();
    let image = root().join("public/assets/icon-192.png");
    let arguments = ["generated.py", PROMPT, image.to_str().unwrap()];
    assert_eq!(workshop.run(&python_tool("python"), &arguments).await, "generated\n");
    workshop.gateway.stop().await;
}
