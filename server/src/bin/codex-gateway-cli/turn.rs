//! Runs one turn, from the start of codex to its end.

use std::{future::pending, process::ExitCode};

use anyhow::{Context, Result, anyhow};
use codex_gateway::{cli, demo::Demo};
use codex_gateway_engine::{
    Config, RuntimeContext, Session, SessionError, Sessions,
    event_log::{LogReader, ReadResult},
    login,
    server_requests::BadAnswer,
};
use codex_gateway_wire::{
    ApprovalMode, OwnerId, UserRequest,
    api::{CreateSession, TurnReport},
    codex::TurnStatus,
};
use futures::FutureExt;
use tokio::{
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::{
    ask::{ask, decline},
    events::SHOWN_EVENTS,
    input,
    options::Cli,
    output::Output,
    signals::Signals,
    terminal::TerminalState,
};

/// Why the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitReason {
    Completed,
    Failed,
    /// The user interrupted the turn.
    Interrupted,
    /// The turn exceeded `--timeout`.
    TimedOut,
    /// A signal ended the program.
    Signal(SignalKind),
}

impl ExitReason {
    /// Returns the exit status.
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Completed => ExitCode::SUCCESS,
            Self::Failed => ExitCode::FAILURE,
            // As `timeout` reports it.
            Self::TimedOut => ExitCode::from(124),
            Self::Interrupted => Self::Signal(SignalKind::interrupt()).code(),
            // As shells report it.
            Self::Signal(signal) => {
                ExitCode::from(u8::try_from(128 + signal.as_raw_value()).unwrap_or(u8::MAX))
            }
        }
    }
}

/// Runs the turn and prints its events. All processes have exited when it returns.
pub(crate) async fn run(mut cli: Cli) -> Result<ExitReason> {
    // From here on, signals do not end the process by themselves, so it can clean up.
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    let mut interrupts = signal(SignalKind::interrupt()).context("signals cannot be listened to")?;
    let asked = cli.clone();
    let prompt = tokio::select! {
        prompt = tokio::task::spawn_blocking(move || input::prompt(&asked)) => prompt??,
        signal = signals.next() => return Ok(ExitReason::Signal(signal)),
        _ = interrupts.recv() => return Ok(ExitReason::Interrupted),
    };
    let data = cli::data_dir(cli.data_dir.as_deref());
    let demo = if cli.demo {
        let data = data.context("there is no place for the demo's files: set CODEX_GATEWAY_DATA_DIR")?;
        Some(Demo::start(&mut cli.engine, &Demo::data_dir(&data)).await?)
    } else {
        None
    };
    // A temporary data directory is enough, because codex persists the thread.
    let dir = tempfile::tempdir().context("there is no place for temporary files")?;
    cli.engine.warm_processes = 0;
    let context =
        RuntimeContext { demo: demo.is_some(), auth_enabled: false, data_dir: dir.path().to_owned() };
    let sessions = Sessions::new(Config::new(cli.engine.clone(), context)?)?;
    let terminal = TerminalState::default();
    let cancelled = CancellationToken::new();
    let asking = turn(sessions.clone(), cli, prompt, interrupts, terminal.clone());
    let asking = cancelled.clone().run_until_cancelled_owned(asking);
    // On its own thread: signals are handled, and codex is stopped, even while writing to standard output
    // blocks.
    let asking = tokio::task::spawn_blocking(move || Handle::current().block_on(asking));
    let ended = tokio::select! {
        // The token is not cancelled before this.
        ended = asking => ended.map_err(Into::into).and_then(|ended| ended.unwrap_or(Ok(ExitReason::Interrupted))),
        signal = signals.next() => Ok(ExitReason::Signal(signal)),
    };
    cancelled.cancel();
    sessions.shutdown().await;
    // An abandoned prompt may have left the terminal in raw mode.
    terminal.restore();
    ended
}

async fn turn(
    sessions: Sessions,
    cli: Cli,
    prompt: String,
    mut interrupts: Signal,
    terminal: TerminalState,
) -> Result<ExitReason> {
    let mut output = Output::new(cli.json, cli.is_interactive());
    let ended = follow_turn(&sessions, &cli, prompt, &mut output, &mut interrupts, &terminal).await;
    output.pause_spinner();
    ended
}

async fn follow_turn(
    sessions: &Sessions,
    cli: &Cli,
    prompt: String,
    output: &mut Output,
    interrupts: &mut Signal,
    terminal: &TerminalState,
) -> Result<ExitReason> {
    output.set_status("starting codex");
    let timeout = async {
        match cli.timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => pending().await,
        }
    };
    tokio::pin!(timeout);
    let starting = async {
        login::login(sessions.config()).await?;
        let session = sessions.create(&OwnerId::shared(), session_options(cli)).await?;
        // Presence is announced before codex can ask anything.
        let presence = cli.is_interactive().then(|| session.mark_present());
        let reader = session.log().follow(session.log().last().seq, SHOWN_EVENTS);
        let turn = input::message(cli, prompt, sessions).await?;
        output.print_session(session.id(), session.summary().thread_id.as_ref())?;
        let sent = session.start_turn(turn).await?.delivery;
        anyhow::Ok((session, presence, reader, sent))
    };
    let (session, _presence, mut reader, sent) = tokio::select! {
        started = starting => started?,
        _ = interrupts.recv() => return Ok(ExitReason::Interrupted),
        () = &mut timeout => return Ok(timed_out(output)),
    };
    output.set_status("working");
    let end = session.wait_for_turn(&sent, None);
    tokio::pin!(end);
    let (mut stopping, mut is_late) = (false, false);
    let end = loop {
        tokio::select! {
            biased;
            _ = interrupts.recv() => {
                if stopping {
                    return Ok(ExitReason::Interrupted);
                }
                stopping = true;
                stop(&session, output);
            }
            () = &mut timeout, if !is_late => {
                if stopping {
                    return Ok(timed_out(output));
                }
                (stopping, is_late) = (true, true);
                stop(&session, output);
            }
            read = reader.next() => {
                let requests = match read {
                    ReadResult::Frames(frames) => output.print_events(&frames)?,
                    ReadResult::Gap => skip_gap(&session, &mut reader, output).await?,
                    ReadResult::End => return Err(anyhow!("the session has ended")),
                };
                for request in requests {
                    // Requests of a turn that is being interrupted are withdrawn.
                    if !stopping && cli.is_interactive() {
                        stopping = !answer_request(&session, &request, output, interrupts, terminal).await?;
                        if stopping {
                            stop(&session, output);
                        }
                    }
                }
            }
            end = &mut end => break end?,
        }
    };
    // The events that ended the turn are printed before its result.
    loop {
        match reader.next().now_or_never() {
            Some(ReadResult::Frames(frames)) => drop(output.print_events(&frames)?),
            Some(ReadResult::Gap) => drop(skip_gap(&session, &mut reader, output).await?),
            Some(ReadResult::End) | None => break,
        }
    }
    // A turn that completed before the interrupt counts as completed.
    let ended = match exit_reason(&end) {
        ExitReason::Interrupted if is_late => timed_out(output),
        ended => ended,
    };
    if let (Some(path), Some(text)) = (&cli.output_last_message, &end.text) {
        tokio::fs::write(path, text)
            .await
            .with_context(|| format!("the answer cannot be written to {}", path.display()))?;
    }
    output.print_result(sent.clone(), end)?;
    if let Some(thread) = session.summary().thread_id {
        output.print_detail(&format!("to go on: --resume {thread}"));
    }
    Ok(ended)
}

fn timed_out(output: &Output) -> ExitReason {
    output.print_warning("it took longer than --timeout allows");
    ExitReason::TimedOut
}

fn session_options(cli: &Cli) -> CreateSession {
    // Without a user, requests are declined, unless everything is allowed.
    let set = cli.engine.approvals;
    let approvals = if cli.is_interactive() {
        set.is_none().then_some(ApprovalMode::Ask)
    } else {
        (set != Some(ApprovalMode::Accept)).then_some(ApprovalMode::Decline)
    };
    CreateSession {
        resume_thread_id: cli.resume.clone(),
        approvals,
        effort: cli.effort.clone(),
        ..CreateSession::default()
    }
}

fn stop(session: &Session, output: &Output) {
    output.print_warning("stopping; once more ends at once");
    let session = session.clone();
    tokio::spawn(async move {
        // Fails if the turn has just ended.
        let _ = session.interrupt().await;
    });
}

/// Skips the events that the log has dropped. Returns the pending requests, which may be among the dropped
/// events.
async fn skip_gap(session: &Session, reader: &mut LogReader, output: &Output) -> Result<Vec<UserRequest>> {
    // Requests after the last event of this state are still to come.
    let reply = session.state().await?;
    output.print_gap(reader.position(), reply.last_event_id.clone())?;
    reader.skip_to(reply.last_event_id.seq);
    Ok(reply.state.pending_requests)
}

/// Prompts until an answer is accepted. Returns `false` if the user interrupted.
async fn answer_request(
    session: &Session,
    request: &UserRequest,
    output: &Output,
    interrupts: &mut Signal,
    terminal: &TerminalState,
) -> Result<bool> {
    output.print_request(request);
    loop {
        output.pause_spinner();
        terminal.save();
        let (asked, cancelled) = (request.clone(), CancellationToken::new());
        // A blocking read of the terminal cannot be cancelled, so it is abandoned.
        let _leaves = cancelled.clone().drop_guard();
        let asking = tokio::task::spawn_blocking(move || ask(&asked, &cancelled));
        let answer = tokio::select! {
            biased;
            _ = interrupts.recv() => None,
            answer = asking => match answer? {
                // Ctrl-C has raised the signal. Consume it, so that it does not count twice.
                None => interrupts.recv().await.and(None),
                some => some,
            },
        };
        // A prompt that was interrupted leaves the cursor hidden, and an abandoned one may leave echo off.
        terminal.restore();
        output.resume_spinner();
        let Some(answer) = answer else { return Ok(false) };
        let Err(error) = session.answer(request.id.clone(), answer).await else { return Ok(true) };
        output.print_warning(&error.to_string());
        match error {
            // No answer can be accepted, so decline. (An error means that the request has ended.)
            SessionError::BadAnswer(BadAnswer::NotUnderstood) => {
                let _ = session.answer(request.id.clone(), decline()).await;
                return Ok(true);
            }
            SessionError::BadAnswer(_) => {}
            _ => return Ok(true),
        }
    }
}

fn exit_reason(end: &TurnReport) -> ExitReason {
    match end.turn.as_ref().map(|turn| turn.status) {
        Some(TurnStatus::Completed) => ExitReason::Completed,
        Some(TurnStatus::Interrupted) => ExitReason::Interrupted,
        _ => ExitReason::Failed,
    }
}
