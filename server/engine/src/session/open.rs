//! Opening a process for a session: a warm one or a new one, and its thread.

use std::{sync::Arc, time::Duration};

use codex_gateway_wire::{OwnerId, SessionId, ThreadId, TurnId, event::History};
use futures::FutureExt;
use tokio::{
    join,
    time::{Instant, sleep},
    try_join,
};
use tokio_util::task::TaskTracker;

use super::{
    history,
    intake::{self, Intake},
    project::Prepared,
    settings::Settings,
};
use crate::{
    bridge::{
        Bridge, BridgeError,
        protocol::{
            ThreadConfig, ThreadDelete, ThreadFork, ThreadReply, ThreadResume, ThreadStart, WorkspaceWrite,
            is_archived, is_held, is_no_thread, is_no_turn,
        },
    },
    config::Config,
    error::SessionError,
    greeting::{self, Greeted, Offer, explain, greet},
    holds::{Hold, Holds, ProcessHold},
    metrics::Metrics,
    places::{Place, Places},
    rules::OwnerRules,
    sessions::Indexing,
    store::{Expiry, Store},
    summary_changes::SummaryChanges,
    temp_dirs::TempDirs,
    uploads::Uploads,
    warm::{Pool, Warm},
};

/// How long a process of a gateway before this one may keep a thread, and how often to look.
const TO_LEAVE: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(50);

/// A process that serves a thread.
pub(crate) struct Opened {
    pub process: Greeted,
    /// Its place among the processes.
    pub place: Place,
    pub offer: Offer,
    pub joined: Joined,
}

/// The thread that a process serves.
pub(crate) struct Joined {
    pub thread: ThreadReply,
    /// The session's hold on it, if it is another than the session was in.
    pub hold: Option<Hold>,
    /// What was said in it before, if the session does not know it.
    pub history: Option<History>,
    /// What people should know of the project's instructions.
    pub notice: Option<String>,
    /// What the sandbox `workspace-write` allows beside the directory.
    pub workspace_write: WorkspaceWrite,
}

/// What thread a process shall serve.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Which.
    pub thread: WantedThread,
    /// The model; codex's own choice, or the thread's, without.
    pub model: Option<String>,
    /// How hard the model shall think; as it does by itself without. One that goes on keeps its own.
    pub effort: Option<String>,
}

/// Which thread a process shall serve.
#[derive(Debug)]
pub(crate) enum WantedThread {
    /// A new one.
    New,
    /// The one that the session is in. If it never had a turn, it is not on disk: then a new one.
    Same(ThreadId, ProcessHold),
    /// Another one that is on disk.
    Other(ThreadId),
    /// A new one that begins as another one did, until the end of this turn of it, if one is named.
    Fork(ThreadId, Option<TurnId>),
}

/// What a session stands on, and opens its processes with.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub config: Arc<Config>,
    /// Where the session works and what it may do.
    pub settings: Settings,
    pub session: SessionId,
    pub owner: OwnerId,
    pub holds: Holds,
    pub indexing: Indexing,
    pub places: Places,
    pub warm: Pool,
    pub store: Store,
    pub uploads: Uploads,
    pub temp_dirs: TempDirs,
    /// The rules of the owner.
    pub rules: OwnerRules,
    pub metrics: Metrics,
    pub changes: SummaryChanges,
    /// The processes of the session: the one that serves it, and those that have not ended yet.
    pub processes: TaskTracker,
}

impl Base {
    /// What makes of messages what codex is told.
    pub(crate) fn intake(&self, thread: Option<ThreadId>) -> Intake {
        let (uploads, owner) = (self.uploads.clone(), self.owner.clone());
        Intake { uploads, owner, cwd: self.settings.cwd.clone(), thread }
    }

    /// Opens a thread in a process: a warm one, if there is one, or else a new one, of which is asked at the same time
    /// what can be. If this fails or is dropped, the process ends: `processes` says when.
    pub(crate) async fn open(&self, wanted: Wanted, place: Place) -> Result<Opened, SessionError> {
        let Wanted { thread, model, effort } = wanted;
        // Before anything is started: who comes second need not wait to be told so.
        let hold = match &thread {
            WantedThread::Other(id) => Some(self.hold(id).await?),
            WantedThread::New | WantedThread::Same(..) | WantedThread::Fork(..) => None,
        };
        self.settings.check(&self.config).await?;
        if let WantedThread::Same(id, _) = &thread {
            self.indexing.finished(id).await;
        }
        // The session's own thread had it before.
        let asked = effort.clone().filter(|_| !matches!(thread, WantedThread::Same(..)));
        let start = self.start(model, effort);
        let begun = match thread {
            WantedThread::New => self.begin_warm(&place, &start).await,
            _ => None,
        };
        let (mut process, offer, joined) = match begun {
            Some((warm, joined)) => (warm.greeted, warm.offer, joined),
            None => self.open_in(&place, thread, hold, start).await?,
        };
        match joined {
            Ok(joined) => {
                intake::check_effort(&offer.models, &joined.thread.model, asked.as_deref())?;
                Ok(Opened { process, place, offer, joined })
            }
            Err(SessionError::Codex(error)) => match process.bridge.config_warning() {
                Some(warning) if warning.is_fatal() => Err(SessionError::ConfigBroken(warning.text())),
                _ => Err(explain(error, &mut process.inbox).await.into()),
            },
            Err(error) => Err(error),
        }
    }

    /// Begins a new thread in a warm process, which says meanwhile that it is well: one that does not is left, and with it
    /// a thread that nobody knows of. None if no other is there.
    async fn begin_warm(
        &self,
        place: &Place,
        start: &ThreadStart,
    ) -> Option<(Warm, Result<Joined, SessionError>)> {
        while let Some(mut warm) = self.warm.take_unasked() {
            greeting::hold(&warm.greeted.bridge, &self.processes, Arc::clone(place));
            let well = async { self.warm.ask(&warm).await.ok_or(()) };
            let begun = self.join(&warm.greeted, WantedThread::New, None, start.clone());
            if let Ok((account, joined)) = try_join!(well, begun.map(Ok)) {
                warm.offer.account = account;
                return Some((warm, joined));
            }
        }
        None
    }

    /// Opens a thread in a warm process that is well, or else in a new one.
    async fn open_in(
        &self,
        place: &Place,
        thread: WantedThread,
        hold: Option<Hold>,
        start: ThreadStart,
    ) -> Result<(Greeted, Offer, Result<Joined, SessionError>), SessionError> {
        let place = Arc::clone(place);
        let (process, offer) = match self.warm.take().await {
            Some(Warm { greeted, offer, .. }) => {
                greeting::hold(&greeted.bridge, &self.processes, place);
                (greeted, Some(offer))
            }
            None => (greet(&self.config, &self.processes, place).await?, None),
        };
        let bridge = &process.bridge;
        let offer = async {
            match offer {
                Some(offer) => offer,
                None => Offer::of(bridge).await,
            }
        };
        let (offer, joined) = join!(offer, self.join(&process, thread, hold, start));
        Ok((process, offer, joined))
    }

    /// Takes hold of a thread, unless a session is in it that is not in memory.
    async fn hold(&self, thread: &ThreadId) -> Result<Hold, SessionError> {
        let hold = self.holds.take(thread, &self.session, &self.owner).await?;
        let rows = self.store.sessions_in(vec![thread.clone()], Expiry::now(&self.config)).await?;
        // What those say that are in memory, the holds know better.
        match rows.into_iter().find(|row| row.id != self.session && !self.places.knows(&row.id)) {
            Some(row) if row.owner == self.owner => Err(SessionError::ThreadHeld { session: Some(row.id) }),
            Some(_) => Err(SessionError::ThreadNotFound),
            None => Ok(hold),
        }
    }

    /// How a thread of the session begins.
    fn start(&self, model: Option<String>, effort: Option<String>) -> ThreadStart {
        ThreadStart {
            model,
            cwd: self.settings.cwd.to_string_lossy().into_owned(),
            sandbox: self.settings.sandbox.as_str(),
            approval_policy: self.settings.approval_policy.as_str(),
            approvals_reviewer: "user",
            developer_instructions: None,
            config: ThreadConfig { model_reasoning_effort: effort, ..ThreadConfig::default() },
        }
    }

    /// Opens a thread in a process.
    async fn join(
        &self,
        process: &Greeted,
        wanted: WantedThread,
        hold: Option<Hold>,
        start: ThreadStart,
    ) -> Result<Joined, SessionError> {
        let bridge = &process.bridge;
        let prepared = self.prepare(process, start).await?;
        let start = prepared.start.clone();
        let workspace_write = prepared.workspace_write.clone();
        let resume = |thread_id, start| ThreadResume { thread_id, exclude_turns: true, start };
        match wanted {
            WantedThread::New => self.begin(bridge, &prepared).await,
            WantedThread::Same(id, hold) => {
                greeting::hold(bridge, &self.processes, hold);
                // It goes on with its own model: naming that again would make codex forget how hard it shall think.
                let config = ThreadConfig { model_reasoning_effort: None, ..start.config.clone() };
                let own = ThreadStart { model: None, config, ..start };
                let request = resume(id, own);
                match again_while_held(bridge, &request).await {
                    Err(BridgeError::Refused { error, .. }) if is_no_thread(&error) => {
                        self.begin(bridge, &prepared).await
                    }
                    reply => {
                        let mut thread = reply.map_err(refused)?;
                        prepared.grant(bridge, &mut thread).await?;
                        Ok(Joined {
                            thread,
                            hold: None,
                            history: None,
                            notice: prepared.notice(),
                            workspace_write,
                        })
                    }
                }
            }
            WantedThread::Fork(id, last_turn) => self.fork(bridge, id, last_turn, &prepared).await,
            WantedThread::Other(id) => {
                if let Some(hold) = &hold {
                    greeting::hold(bridge, &self.processes, hold.for_process());
                }
                let mut thread = bridge.request(&resume(id, start)).await.map_err(refused)?;
                prepared.grant(bridge, &mut thread).await?;
                let history = Some(history::newest(bridge, &thread.thread).await);
                Ok(Joined { thread, hold, history, notice: prepared.notice(), workspace_write })
            }
        }
    }

    /// Begins a thread as another one began.
    async fn fork(
        &self,
        bridge: &Bridge,
        thread_id: ThreadId,
        last_turn_id: Option<TurnId>,
        prepared: &Prepared,
    ) -> Result<Joined, SessionError> {
        let last = last_turn_id.clone();
        let (start, workspace_write) = (prepared.start.clone(), prepared.workspace_write.clone());
        let request = ThreadFork { thread_id: thread_id.clone(), last_turn_id, exclude_turns: true, start };
        let mut thread = bridge.request(&request).await.map_err(not_forked)?;
        let history = history::newest(bridge, &thread.thread).await;
        // An older codex takes over all turns, without a word.
        let goes_on = |last: TurnId| history.turns.last().is_some_and(|turn| turn.id != last);
        if last.is_some_and(goes_on) {
            let forked = ThreadDelete { thread_id: thread.thread.id };
            if let Err(error) = bridge.request(&forked).await {
                tracing::warn!(%error, "a thread that was forked in vain is left over");
            }
            return Err(BridgeError::Lacks("lastTurnId of thread/fork").into());
        }
        let hold = self.holds.take(&thread.thread.id, &self.session, &self.owner).await?;
        greeting::hold(bridge, &self.processes, hold.for_process());
        prepared.grant(bridge, &mut thread).await?;
        self.store.share_uploads(&thread_id, &thread.thread.id).await?;
        Ok(Joined {
            thread,
            hold: Some(hold),
            history: Some(history),
            notice: prepared.notice(),
            workspace_write,
        })
    }

    /// Begins a new thread.
    async fn begin(&self, bridge: &Bridge, prepared: &Prepared) -> Result<Joined, SessionError> {
        let mut thread = bridge.request(&prepared.start).await?;
        let workspace_write = prepared.workspace_write.clone();
        let hold = self.holds.take(&thread.thread.id, &self.session, &self.owner).await?;
        greeting::hold(bridge, &self.processes, hold.for_process());
        prepared.grant(bridge, &mut thread).await?;
        Ok(Joined { thread, hold: Some(hold), history: None, notice: prepared.notice(), workspace_write })
    }
}

/// Resumes a thread that is this session's own. If another process has it, that is one of a gateway that was killed: it
/// is about to end.
async fn again_while_held(bridge: &Bridge, request: &ThreadResume) -> Result<ThreadReply, BridgeError> {
    let start = Instant::now();
    loop {
        match bridge.request(request).await {
            Err(BridgeError::Refused { error, .. }) if is_held(&error) && start.elapsed() < TO_LEAVE => {
                sleep(AGAIN).await;
            }
            reply => return reply,
        }
    }
}

/// What codex's refusal to resume a thread means.
fn refused(error: BridgeError) -> SessionError {
    match error {
        BridgeError::Refused { error, .. } if is_no_thread(&error) => SessionError::ThreadNotFound,
        BridgeError::Refused { error, .. } if is_held(&error) => SessionError::ThreadHeld { session: None },
        BridgeError::Refused { error, .. } if is_archived(&error) => SessionError::Archived,
        error => error.into(),
    }
}

/// What codex's refusal to fork a thread means.
fn not_forked(error: BridgeError) -> SessionError {
    match error {
        BridgeError::Refused { error, .. } if is_no_turn(&error) => SessionError::NoSuchTurn,
        error => refused(error),
    }
}
