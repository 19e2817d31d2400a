//! The stand-in model: a small `OpenAI` Responses API on a loopback port.
//!
//! It makes the real `codex app-server` stream text, reason, run commands, change files, plan and
//! ask, without a key and without a network. The demo, the tests and the benchmarks use it. It runs
//! only fixed, harmless commands: nothing from a prompt ever reaches a shell or a file.
//!
//! ```no_run
//! # async fn example() -> Result<(), codex_gateway_standin::StandinError> {
//! use codex_gateway_standin::{Options, Standin};
//! let standin = Standin::start(Options::default()).await?;
//! println!("{}", standin.base_url()); // http://127.0.0.1:PORT/v1
//! # Ok(()) }
//! ```
//!
//! # Pointing codex at it
//! `model_provider="standin"`, `model_providers.standin.name="Stand-in"`, `.base_url=` as above,
//! `.wire_api="responses"`, `.requires_openai_auth=false`, `.supports_websockets=false`.
//! Two more make everything below work: `tools.update_plan.enabled=true` (codex 0.171.0 offers no
//! plan tool otherwise) and `features.default_mode_request_user_input=true` (or questions are
//! refused outside plan mode; `suppress_unstable_features_warning=true` spares the warning about it).
//! A step whose tool was not offered says so in a message.
//!
//! # What one can ask it for
//! The last message of the user decides. Demo answers come at the pace of a real model.
//!
//! | the message | the answer |
//! |---|---|
//! | `Reply with exactly the single word X`, in any sentence | `X`, and nothing else |
//! | a line `!standin STEP, STEP, …` | the steps, see below |
//! | tour, demo, "what can you do", "show me" | reasoning, a plan, a command, a file change, rich Markdown |
//! | approval, permission, escalate | a command that asks for approval |
//! | question, "ask me" | a question with options |
//! | fail, error | a failing upstream |
//! | plan | a plan that progresses |
//! | background | a command that outlives its turn |
//! | slow, wait | a command of 25 s, to try Stop |
//! | run, command, "list files" | a command with live output |
//! | write, edit, file, patch | a file change |
//! | long, stream | a long Markdown text |
//! | anything else | a short answer that quotes the message and lists this |
//!
//! # Directives
//! For tests and benchmarks: a line `!standin ` followed by comma-separated steps `name key=value …`.
//! Steps run in order, as fast as possible unless told otherwise; a directive that does not end with
//! a message gets a short closing one. A directive that cannot be read is answered by a message that
//! says why.
//!
//! | step | what happens |
//! |---|---|
//! | `text` | a message with headings, a table, a task list and code |
//! | `deltas count=5000 pace_us=0 size=5 stamp=false` | one message of `count` deltas of `size` bytes (an ASCII filler), `pace_us` microseconds apart by absolute deadlines (timer granularity 1 ms). With `stamp=true` each delta is its time of sending, `⟨UNIX_NANOSECONDS⟩`, and `size` means nothing. At most 1,000,000 deltas, 64 MiB and 10 s apart |
//! | `reasoning` | a reasoning item with a two-part summary |
//! | `command` | [`commands::LIVE`]: seven lines over about a second |
//! | `slow-command` | [`commands::SLOW`]: a line, then 25 s of sleep (a command of 30 s or more would be left in the background) |
//! | `stubborn-command` | [`commands::STUBBORN`]: a line, then 27 s of sleep, whatever signal asks it to end |
//! | `background` | [`commands::BACKGROUND`]: runs 60 s, left running after 250 ms |
//! | `big-output` | [`commands::BIG`]: 2,000 lines in ANSI colours |
//! | `environment` | [`commands::ENVIRONMENT`]: prints its own environment, and that of every process which lets it look |
//! | `temporary` | [`commands::TEMPORARY`]: tries to write where temporary files usually are |
//! | `patch` | adds `standin-notes.md` to the working directory (or updates it, if it is there), then updates it: three tool calls, the first one a look |
//! | `plan` | four plan updates: three steps, from none to all completed |
//! | `escalate` | [`commands::ESCALATED`], outside the sandbox, with a justification: asks for approval. `alone=true`: a single command, which can be allowed always |
//! | `question` | asks one question with two options |
//! | `fail status=500` | every attempt of that response is answered with the status (400 to 599). Codex gives up at once on 400 and 429, and after five repeats on others: 6 s for 401, 25 s for 500 |
//! | `flaky times=2` | the first `times` attempts are cut in mid-message, then the turn goes on |
//! | `cut` | the stream breaks off in the middle of a message, at every attempt: six in 6 s |
//! | `hang` | a first delta, then nothing until the client goes away |
//!
//! Steps up to the next tool call share one response of the upstream. `fail` fails its whole
//! response; the steps before `cut` and `hang` in theirs are sent.

pub mod commands;
mod directive;
mod keywords;
mod reply;
mod request;
mod scenario;
mod server;
mod speech;
mod sse;
mod texts;
mod tools;

pub use server::{Options, Standin, StandinError};
