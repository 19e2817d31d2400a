//! A mock of the `OpenAI` Responses API on a loopback port, with scripted responses instead of a model.
//!
//! It makes the real `codex app-server` stream text, reason, run commands, change files, plan and ask questions,
//! without an API key and without a network. The demo, the tests and the benchmarks use it. Users know it as the
//! stand-in model. It only asks codex to run fixed, harmless commands: no part of a prompt ever reaches a shell or a
//! file.
//!
//! ```no_run
//! # async fn example() -> Result<(), codex_gateway_mock_openai::MockServerError> {
//! use codex_gateway_mock_openai::{Options, MockServer};
//! let mock_server = MockServer::start(Options::default()).await?;
//! println!("{}", mock_server.base_url()); // http://127.0.0.1:PORT/v1
//! # Ok(()) }
//! ```
//!
//! # Codex configuration
//! `model_provider="standin"`, `model_providers.standin.name="Stand-in"`, `.base_url=` as above,
//! `.wire_api="responses"`, `.requires_openai_auth=false`, `.supports_websockets=false`.
//!
//! Two more settings are needed for all steps below:
//! - `tools.update_plan.enabled=true`: codex 0.171.0 offers no plan tool otherwise.
//! - `features.default_mode_request_user_input=true`: codex rejects questions outside of plan mode otherwise.
//!   `suppress_unstable_features_warning=true` suppresses the warning about it.
//!
//! If codex does not offer the tool of a step, the step is replaced by a message that says so.
//!
//! # Prompts
//! The last message of the user determines the response. Demo responses are streamed at the pace of a real model.
//!
//! | prompt | response |
//! |---|---|
//! | `Reply with exactly the single word X`, in any sentence | `X`, and nothing else |
//! | a line `!standin STEP, STEP, …` | the steps, see below |
//! | tour, demo, "what can you do", "show me" | reasoning, a plan, a command, a file change, rich Markdown |
//! | approval, permission, escalate | a command that asks for approval |
//! | question, "ask me" | a question with options |
//! | fail, error | a failing upstream |
//! | plan | a plan that progresses |
//! | background | a command that outlives its turn |
//! | slow, wait | a command that takes 25 s, to try Stop |
//! | run, command, "list files" | a command with live output |
//! | write, edit, file, patch | a file change |
//! | long, stream | a long Markdown text |
//! | anything else | a short answer that quotes the prompt and lists the topics above |
//!
//! # Directives
//! For tests and benchmarks: a line `!standin ` followed by comma-separated steps `name key=value …`.
//! Steps run in order, and as fast as possible by default. A directive that does not end with a message gets a short
//! closing message. The response to an invalid directive is a message with the error.
//!
//! | step | effect |
//! |---|---|
//! | `text` | a message with headings, a table, a task list and code |
//! | `deltas count=5000 pace_us=0 size=5 stamp=false` | one message of `count` deltas of `size` bytes (an ASCII filler), `pace_us` microseconds apart by absolute deadlines (timer granularity 1 ms). With `stamp=true` each delta is the time at which it was sent, `⟨UNIX_NANOSECONDS⟩`, and `size` is ignored. At most 1,000,000 deltas, 64 MiB, and 10 s between deltas |
//! | `reasoning` | a reasoning item with a two-part summary |
//! | `command` | [`commands::LIVE`]: seven lines over about a second |
//! | `slow-command` | [`commands::SLOW`]: a line, then 25 s of sleep (codex would continue a command of 30 s or more in the background) |
//! | `stubborn-command` | [`commands::STUBBORN`]: a line, then 27 s of sleep; ignores SIGHUP, SIGINT and SIGTERM |
//! | `background` | [`commands::BACKGROUND`]: runs for 60 s, in the background after 250 ms |
//! | `big-output` | [`commands::BIG`]: 2,000 lines in ANSI colours |
//! | `explore` | the three [`commands::EXPLORING`]: codex recognises them as reading two files and as a search |
//! | `missing` | [`commands::MISSING`]: reads a file that does not exist |
//! | `environment` | [`commands::ENVIRONMENT`]: prints its own environment, and that of every process that it can read |
//! | `temporary` | [`commands::TEMPORARY`]: tries to write in the usual directories for temporary files |
//! | `patch` | adds `standin-notes.md` to the working directory, or updates it if it exists, then updates it: three tool calls, of which the first one checks whether the file exists |
//! | `plan` | four updates of a plan with three steps, from no step completed to all |
//! | `escalate` | [`commands::ESCALATED`], outside of the sandbox, with a justification: asks for approval. `alone=true`: a single command, which can be allowed permanently |
//! | `question` | asks one question with two options |
//! | `fail status=500` | every attempt of the response fails with this status (400 to 599). Codex does not retry 400 and 429; it retries others five times, which takes 6 s for 401 and 25 s for 500 |
//! | `flaky times=2` | the stream of the first `times` attempts is cut in the middle of a message, then the turn continues |
//! | `cut` | the stream is cut in the middle of a message, at every attempt: six in 6 s |
//! | `hang` | one delta, then nothing until the client disconnects |
//!
//! Steps up to the next tool call are sent in one response. `fail` fails its whole response. Steps before `cut` and
//! `hang` in the same response are sent.

pub mod commands;
mod directive;
mod item_stream;
mod keywords;
mod request;
mod response;
mod scenario;
mod server;
mod sse;
mod texts;
mod tools;

pub use server::{MockServer, MockServerError, Options};
