//! One turn, from the start of codex to its end.

use std::{future::pending, process::ExitCode};

use anyhow::{Context, Result, anyhow};
use codex_gateway::{cli, demo::Demo};
use codex_gateway_engine::{
    Config, Session, SessionError, Sessions, Surroundings,
    log::{Follower, Read},
    login,
    requests::BadAnswer,
};
use codex_gateway_wire::{
    ApprovalMode, OwnerId, UserRequest,
    api::{CreateSession, TurnEnd},
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
    events::SHOWN,
    input,
    options::Cli,
    show::Show,
    signals::Signals,
    terminal::Terminal,
};

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    Badly,
    /// Somebody stopped it.
    Interrupted,
    /// It took longer than it may.
    TimedOut,
    /// A signal ended the program.
    By(SignalKind),
}

impl Ended {
    /// The exit status that says it.
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Well => ExitCode::SUCCESS,
            Self::Badly => ExitCode::FAILURE,
            // As `timeout` says it.
            Self::TimedOut => ExitCode::from(124),
            Self::Interrupted => Self::By(SignalKind::interrupt()).code(),
            // As shells say it.
            Self::By(signal) => ExitCode::from(u8::try_from(128 + signal.as_raw_value()).unwrap_or(u8::MAX)),
        }
    }
}

/// Asks, and shows what comes of it. Nothing of codex is left behind.
pub(crate) async fn run(mut cli: Cli) -> Result<Ended> {
    // Nobody else takes away what is made from here on.
    let mut signals = Signals::listen().context("signals cannot be listened to")?;
    let mut interrupts = signal(SignalKind::interrupt()).context("signals cannot be listened to")?;
    let asked = cli.clone();
    let prompt = tokio::select! {
        prompt = tokio::task::spawn_blocking(move || input::prompt(&asked)) => prompt??,
        signal = signals.next() => return Ok(Ended::By(signal)),
        _ = interrupts.recv() => return Ok(Ended::Interrupted),
    };
    let data = cli::data_dir(cli.data_dir.as_deref());
    let demo = if cli.demo {
        let data = data.context("there is no place for the demo's files: set CODEX_GATEWAY_DATA_DIR")?;
        Some(Demo::start(&mut cli.engine, &Demo::data_dir(&data)).await?)
    } else {
        None
    };
    // What a gateway would keep of the session is not needed: codex keeps the thread.
    let dir = tempfile::tempdir().context("there is no place for temporary files")?;
    cli.engine.warm_processes = 0;
    let surroundings = Surroundings { demo: demo.is_some(), tokens: false, data_dir: dir.path().to_owned() };
    let sessions = Sessions::new(Config::new(cli.engine.clone(), surroundings)?)?;
    let terminal = Terminal::default();
    let left = CancellationToken::new();
    let asking = turn(sessions.clone(), cli, prompt, interrupts, terminal.clone());
    let asking = left.clone().run_until_cancelled_owned(asking);
    // On a thread of its own: a signal is heard, and codex ended, also while nobody takes what is printed.
    let asking = tokio::task::spawn_blocking(move || Handle::current().block_on(asking));
    let ended = tokio::select! {
        // Nobody has left it by then.
        ended = asking => ended.map_err(Into::into).and_then(|ended| ended.unwrap_or(Ok(Ended::Interrupted))),
        signal = signals.next() => Ok(Ended::By(signal)),
    };
    left.cancel();
    sessions.shutdown().await;
    // Who was left before may have been about to read a key.
    terminal.restore();
    ended
}

async fn turn(
    sessions: Sessions,
    cli: Cli,
    prompt: String,
    mut interrupts: Signal,
    terminal: Terminal,
) -> Result<Ended> {
    let mut show = Show::new(cli.json, cli.is_interactive());
    let ended = show_turn(&sessions, &cli, prompt, &mut show, &mut interrupts, &terminal).await;
    show.pause();
    ended
}

async fn show_turn(
    sessions: &Sessions,
    cli: &Cli,
    prompt: String,
    show: &mut Show,
    interrupts: &mut Signal,
    terminal: &Terminal,
) -> Result<Ended> {
    show.waiting("starting codex");
    let timeout = async {
        match cli.timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => pending().await,
        }
    };
    tokio::pin!(timeout);
    let starting = async {
        login::login(sessions.config()).await?;
        let session = sessions.create(&OwnerId::shared(), wanted(cli)).await?;
        // Who is asked must be there before anything is.
        let there = cli.is_interactive().then(|| session.attend());
        let reader = session.log().follow(session.log().last().seq, SHOWN);
        let turn = input::message(cli, prompt, sessions).await?;
        show.session(session.id(), session.summary().thread_id.as_ref())?;
        let sent = session.start_turn(turn).await?.sent;
        anyhow::Ok((session, there, reader, sent))
    };
    let (session, _there, mut reader, sent) = tokio::select! {
        started = starting => started?,
        _ = interrupts.recv() => return Ok(Ended::Interrupted),
        () = &mut timeout => return Ok(timed_out(show)),
    };
    show.waiting("working");
    let end = session.turn_end(&sent, None);
    tokio::pin!(end);
    let (mut stopping, mut is_late) = (false, false);
    let end = loop {
        tokio::select! {
            biased;
            _ = interrupts.recv() => {
                if stopping {
                    return Ok(Ended::Interrupted);
                }
                stopping = true;
                stop(&session, show);
            }
            () = &mut timeout, if !is_late => {
                if stopping {
                    return Ok(timed_out(show));
                }
                (stopping, is_late) = (true, true);
                stop(&session, show);
            }
            read = reader.next() => {
                let requests = match read {
                    Read::Frames(frames) => show.events(&frames)?,
                    Read::Gap => skip(&session, &mut reader, show).await?,
                    Read::End => return Err(anyhow!("the session has ended")),
                };
                for request in requests {
                    // What a turn asks that is being stopped is withdrawn with it.
                    if !stopping && cli.is_interactive() {
                        stopping = !answer(&session, &request, show, interrupts, terminal).await?;
                        if stopping {
                            stop(&session, show);
                        }
                    }
                }
            }
            end = &mut end => break end?,
        }
    };
    // What brought the end about was told before it.
    loop {
        match reader.next().now_or_never() {
            Some(Read::Frames(frames)) => drop(show.events(&frames)?),
            Some(Read::Gap) => drop(skip(&session, &mut reader, show).await?),
            Some(Read::End) | None => break,
        }
    }
    // A turn that was completed at the last moment is.
    let ended = match how(&end) {
        Ended::Interrupted if is_late => timed_out(show),
        ended => ended,
    };
    if let (Some(path), Some(text)) = (&cli.output_last_message, &end.text) {
        tokio::fs::write(path, text)
            .await
            .with_context(|| format!("the answer cannot be written to {}", path.display()))?;
    }
    show.end(sent.clone(), end)?;
    if let Some(thread) = session.summary().thread_id {
        show.detail(&format!("to go on: --resume {thread}"));
    }
    Ok(ended)
}

fn timed_out(show: &Show) -> Ended {
    show.note("it took longer than --timeout allows");
    Ended::TimedOut
}

fn wanted(cli: &Cli) -> CreateSession {
    // Where nobody can be asked nothing waits for an answer: it is declined, unless all is allowed.
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

fn stop(session: &Session, show: &Show) {
    show.note("stopping; once more ends at once");
    let session = session.clone();
    tokio::spawn(async move {
        // A turn that has just ended needs no stopping.
        let _ = session.interrupt().await;
    });
}

/// Goes on behind what is no longer kept; what waits for an answer there, be it that nobody has seen it come.
async fn skip(session: &Session, reader: &mut Follower, show: &Show) -> Result<Vec<UserRequest>> {
    // The state knows which event is the last one in it: what is asked later is still to come.
    let reply = session.state().await?;
    show.gap(reader.at(), reply.last_event_id.clone())?;
    reader.skip_to(reply.last_event_id.seq);
    Ok(reply.state.pending_requests)
}

/// Lets the person answer, until it is an answer. Whether they did, and did not interrupt.
async fn answer(
    session: &Session,
    request: &UserRequest,
    show: &Show,
    interrupts: &mut Signal,
    terminal: &Terminal,
) -> Result<bool> {
    show.request(request);
    loop {
        show.pause();
        terminal.keep();
        let (asked, left) = (request.clone(), CancellationToken::new());
        // Nobody can take a read back that waits for a key. It is left alone.
        let _leaves = left.clone().drop_guard();
        let asking = tokio::task::spawn_blocking(move || ask(&asked, &left));
        let answer = tokio::select! {
            biased;
            _ = interrupts.recv() => None,
            answer = asking => match answer? {
                // The signal is on its way, and is not another one.
                None => interrupts.recv().await.and(None),
                some => some,
            },
        };
        // Who gives up leaves the cursor hidden, and who is left perhaps what is typed.
        terminal.restore();
        show.resume();
        let Some(answer) = answer else { return Ok(false) };
        let Err(error) = session.answer(request.id.clone(), answer).await else { return Ok(true) };
        show.note(&error.to_string());
        match error {
            // Whatever is said will not do. (If it has ended meanwhile, that is well too.)
            SessionError::BadAnswer(BadAnswer::NotUnderstood) => {
                let _ = session.answer(request.id.clone(), decline()).await;
                return Ok(true);
            }
            SessionError::BadAnswer(_) => {}
            _ => return Ok(true),
        }
    }
}

fn how(end: &TurnEnd) -> Ended {
    match end.turn.as_ref().map(|turn| turn.status) {
        Some(TurnStatus::Completed) => Ended::Well,
        Some(TurnStatus::Interrupted) => Ended::Interrupted,
        _ => Ended::Badly,
    }
}
