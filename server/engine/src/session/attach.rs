//! Attaching a process to a session: a pooled process or a new one, and its thread.

use std::{sync::Arc, time::Duration};

use codex_app_server_client::{
    Bridge, BridgeError, InitializedProcess, hold_until_exit,
    protocol::{
        ThreadConfig, ThreadDelete, ThreadFork, ThreadReply, ThreadResume, ThreadStart, WorkspaceWrite,
        is_thread_archived, is_thread_not_found, is_turn_not_found, is_write_locked,
    },
    with_exit_reason,
};
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
    input::{self, InputResolver},
    project::PreparedThread,
    settings::Settings,
};
use crate::{
    app_server_info::AppServerInfo,
    config::Config,
    error::{CodexErrorText, SessionError},
    indexing::Indexing,
    metrics::Metrics,
    process_pool::{PooledProcess, ProcessPool},
    process_slots::{ProcessPermit, ProcessSlots},
    rules::OwnerRules,
    store::{ExpiryCutoff, Store},
    summary_changes::SummaryChanges,
    temp_dirs::TempDirs,
    thread_locks::{ProcessLock, SessionLock, ThreadLocks},
    uploads::Uploads,
};

/// How long to wait for a process of a previous gateway to release the thread.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Time between two attempts to resume a locked thread.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A process that serves a thread.
pub(crate) struct AttachedProcess {
    pub process: InitializedProcess,
    /// The permit of the process.
    pub permit: ProcessPermit,
    pub server_info: AppServerInfo,
    pub thread: AttachedThread,
}

/// The thread that a process serves.
pub(crate) struct AttachedThread {
    pub reply: ThreadReply,
    /// The session's lock on the thread. `None` if the session already has it.
    pub lock: Option<SessionLock>,
    /// The thread's earlier turns. `None` if the session already has them.
    pub history: Option<History>,
    /// A warning for the user about the project's instructions.
    pub notice: Option<String>,
    /// What the sandbox `workspace-write` allows in addition to the session's directory.
    pub workspace_write: WorkspaceWrite,
}

/// The thread to attach, and its model.
#[derive(Debug)]
pub(crate) struct AttachRequest {
    pub thread: ThreadSource,
    /// The model. `None` for codex's default, or for the model of a thread that exists.
    pub model: Option<String>,
    /// The reasoning effort. `None` for the model's default. A resumed thread keeps its own.
    pub effort: Option<String>,
}

/// Which thread to attach.
#[derive(Debug)]
pub(crate) enum ThreadSource {
    /// A new thread.
    New,
    /// The session's own thread. A thread that never had a turn is not on disk, so a new one is
    /// started instead.
    Own(ThreadId, ProcessLock),
    /// Another thread that is on disk.
    Resume(ThreadId),
    /// A new thread with the history of another one, up to the end of this turn if there is one.
    Fork(ThreadId, Option<TurnId>),
}

/// What a session shares with its processes: configuration, services and identity.
#[derive(Clone, Debug)]
pub(crate) struct SessionContext {
    pub config: Arc<Config>,
    /// The session's directory and permissions.
    pub settings: Settings,
    pub session: SessionId,
    pub owner: OwnerId,
    pub thread_locks: ThreadLocks,
    pub indexing: Indexing,
    pub process_slots: ProcessSlots,
    pub process_pool: ProcessPool,
    pub store: Store,
    pub uploads: Uploads,
    pub temp_dirs: TempDirs,
    /// The rules of the owner.
    pub rules: OwnerRules,
    pub metrics: Metrics,
    pub summary_changes: SummaryChanges,
    /// The processes of the session: the current one and those that have not exited yet.
    pub processes: TaskTracker,
}

impl SessionContext {
    /// Returns the resolver for messages in the thread. Without a thread, messages are only
    /// validated.
    pub(crate) fn input_resolver(&self, thread: Option<ThreadId>) -> InputResolver {
        let (uploads, owner) = (self.uploads.clone(), self.owner.clone());
        InputResolver { uploads, owner, cwd: self.settings.cwd.clone(), thread }
    }

    /// Attaches a thread in a pooled process, or in a new process if the pool is empty. If this
    /// fails or is dropped, the process ends; `processes` resolves when it has exited.
    pub(crate) async fn attach(
        &self,
        request: AttachRequest,
        permit: ProcessPermit,
    ) -> Result<AttachedProcess, SessionError> {
        let AttachRequest { thread, model, effort } = request;
        // Before any process is started, so that a second session is refused at once.
        let lock = match &thread {
            ThreadSource::Resume(id) => Some(self.lock_thread(id).await?),
            ThreadSource::New | ThreadSource::Own(..) | ThreadSource::Fork(..) => None,
        };
        self.settings.check(&self.config).await?;
        if let ThreadSource::Own(id, _) = &thread {
            self.indexing.wait_until_finished(id).await;
        }
        // The effort of the session's own thread was checked before.
        let requested_effort = effort.clone().filter(|_| !matches!(thread, ThreadSource::Own(..)));
        let start = self.start_params(model, effort);
        let started = match thread {
            ThreadSource::New => self.start_in_pooled(&permit, &start).await,
            _ => None,
        };
        let (mut process, server_info, attached) = match started {
            Some((pooled, attached)) => (pooled.process, pooled.server_info, attached),
            None => self.attach_in(&permit, thread, lock, start).await?,
        };
        match attached {
            Ok(thread) => {
                input::check_effort(&server_info.models, &thread.reply.model, requested_effort.as_deref())?;
                Ok(AttachedProcess { process, permit, server_info, thread })
            }
            Err(SessionError::Codex(error)) => match process.bridge.config_warning() {
                Some(warning) if warning.is_fatal() => Err(SessionError::ConfigBroken(warning.text())),
                _ => Err(with_exit_reason(error, &mut process.inbox).await.into()),
            },
            Err(error) => Err(error),
        }
    }

    /// Starts a new thread in a pooled process, while the process's health is checked. An unhealthy
    /// process is dropped together with its unused thread. `None` if the pool is empty.
    async fn start_in_pooled(
        &self,
        permit: &ProcessPermit,
        start: &ThreadStart,
    ) -> Option<(PooledProcess, Result<AttachedThread, SessionError>)> {
        while let Some(mut pooled) = self.process_pool.pop() {
            hold_until_exit(&pooled.process.bridge, &self.processes, Arc::clone(permit));
            let healthy = async { self.process_pool.health_check(&pooled).await.ok_or(()) };
            let started = self.attach_thread(&pooled.process, ThreadSource::New, None, start.clone());
            if let Ok((account, attached)) = try_join!(healthy, started.map(Ok)) {
                pooled.server_info.account = account;
                return Some((pooled, attached));
            }
        }
        None
    }

    /// Attaches a thread in a healthy pooled process, or in a new one.
    async fn attach_in(
        &self,
        permit: &ProcessPermit,
        thread: ThreadSource,
        lock: Option<SessionLock>,
        start: ThreadStart,
    ) -> Result<(InitializedProcess, AppServerInfo, Result<AttachedThread, SessionError>), SessionError> {
        let permit = Arc::clone(permit);
        let (process, server_info) = match self.process_pool.pop_healthy().await {
            Some(PooledProcess { process, server_info, .. }) => {
                hold_until_exit(&process.bridge, &self.processes, permit);
                (process, Some(server_info))
            }
            None => {
                (codex_app_server_client::start(&self.config.launch, &self.processes, permit).await?, None)
            }
        };
        let bridge = &process.bridge;
        let server_info = async {
            match server_info {
                Some(server_info) => server_info,
                None => AppServerInfo::query(bridge).await,
            }
        };
        let (server_info, attached) = join!(server_info, self.attach_thread(&process, thread, lock, start));
        Ok((process, server_info, attached))
    }

    /// Locks a thread, unless a session is in it that is only in the store.
    async fn lock_thread(&self, thread: &ThreadId) -> Result<SessionLock, SessionError> {
        let lock = self.thread_locks.acquire(thread, &self.session, &self.owner).await?;
        let rows =
            self.store.sessions_in_threads(vec![thread.clone()], ExpiryCutoff::now(&self.config)).await?;
        // For loaded sessions the thread locks are authoritative, not the rows.
        match rows.into_iter().find(|row| row.id != self.session && !self.process_slots.contains(&row.id)) {
            Some(row) if row.owner == self.owner => Err(SessionError::ThreadHeld { session: Some(row.id) }),
            Some(_) => Err(SessionError::ThreadNotFound),
            None => Ok(lock),
        }
    }

    /// Returns the parameters for the session's threads.
    fn start_params(&self, model: Option<String>, effort: Option<String>) -> ThreadStart {
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

    /// Attaches a thread in a process.
    async fn attach_thread(
        &self,
        process: &InitializedProcess,
        source: ThreadSource,
        lock: Option<SessionLock>,
        start: ThreadStart,
    ) -> Result<AttachedThread, SessionError> {
        let bridge = &process.bridge;
        let prepared = self.prepare(process, start).await?;
        let start = prepared.start.clone();
        let workspace_write = prepared.workspace_write.clone();
        let resume = |thread_id, start| ThreadResume { thread_id, exclude_turns: true, start };
        match source {
            ThreadSource::New => self.start_thread(bridge, &prepared).await,
            ThreadSource::Own(id, lock) => {
                hold_until_exit(bridge, &self.processes, lock);
                // The thread keeps its own model. Sending the model again would make codex forget
                // the effort.
                let config = ThreadConfig { model_reasoning_effort: None, ..start.config.clone() };
                let own = ThreadStart { model: None, config, ..start };
                let request = resume(id, own);
                match resume_with_retry(bridge, &request).await {
                    Err(BridgeError::Refused { error, .. }) if is_thread_not_found(&error) => {
                        self.start_thread(bridge, &prepared).await
                    }
                    reply => {
                        let mut reply = reply.map_err(resume_error)?;
                        prepared.grant_sandbox(bridge, &mut reply).await?;
                        Ok(AttachedThread {
                            reply,
                            lock: None,
                            history: None,
                            notice: prepared.notice(),
                            workspace_write,
                        })
                    }
                }
            }
            ThreadSource::Fork(id, last_turn) => self.fork_thread(bridge, id, last_turn, &prepared).await,
            ThreadSource::Resume(id) => {
                if let Some(lock) = &lock {
                    hold_until_exit(bridge, &self.processes, lock.for_process());
                }
                let mut thread = bridge.request(&resume(id, start)).await.map_err(resume_error)?;
                prepared.grant_sandbox(bridge, &mut thread).await?;
                let history = Some(history::newest_history(bridge, &thread.thread).await);
                Ok(AttachedThread {
                    reply: thread,
                    lock,
                    history,
                    notice: prepared.notice(),
                    workspace_write,
                })
            }
        }
    }

    /// Starts a thread that is a fork of another one.
    async fn fork_thread(
        &self,
        bridge: &Bridge,
        thread_id: ThreadId,
        last_turn_id: Option<TurnId>,
        prepared: &PreparedThread,
    ) -> Result<AttachedThread, SessionError> {
        let last = last_turn_id.clone();
        let (start, workspace_write) = (prepared.start.clone(), prepared.workspace_write.clone());
        let request = ThreadFork { thread_id: thread_id.clone(), last_turn_id, exclude_turns: true, start };
        let mut thread = bridge.request(&request).await.map_err(fork_error)?;
        let history = history::newest_history(bridge, &thread.thread).await;
        // An older codex ignores the last turn and copies all turns.
        let has_later_turns = |last: TurnId| history.turns.last().is_some_and(|turn| turn.id != last);
        if last.is_some_and(has_later_turns) {
            let forked = ThreadDelete { thread_id: thread.thread.id };
            if let Err(error) = bridge.request(&forked).await {
                tracing::warn!(error = %CodexErrorText(&error), "an unused fork cannot be deleted");
            }
            return Err(BridgeError::Unsupported("lastTurnId of thread/fork").into());
        }
        let lock = self.thread_locks.acquire(&thread.thread.id, &self.session, &self.owner).await?;
        hold_until_exit(bridge, &self.processes, lock.for_process());
        prepared.grant_sandbox(bridge, &mut thread).await?;
        self.store.share_uploads(&thread_id, &thread.thread.id).await?;
        Ok(AttachedThread {
            reply: thread,
            lock: Some(lock),
            history: Some(history),
            notice: prepared.notice(),
            workspace_write,
        })
    }

    /// Starts a new thread.
    async fn start_thread(
        &self,
        bridge: &Bridge,
        prepared: &PreparedThread,
    ) -> Result<AttachedThread, SessionError> {
        let mut thread = bridge.request(&prepared.start).await?;
        let workspace_write = prepared.workspace_write.clone();
        let lock = self.thread_locks.acquire(&thread.thread.id, &self.session, &self.owner).await?;
        hold_until_exit(bridge, &self.processes, lock.for_process());
        prepared.grant_sandbox(bridge, &mut thread).await?;
        Ok(AttachedThread {
            reply: thread,
            lock: Some(lock),
            history: None,
            notice: prepared.notice(),
            workspace_write,
        })
    }
}

/// Resumes the session's own thread. If another process holds its write lock, that process belongs
/// to a killed gateway and is about to exit.
async fn resume_with_retry(bridge: &Bridge, request: &ThreadResume) -> Result<ThreadReply, BridgeError> {
    let start = Instant::now();
    loop {
        match bridge.request(request).await {
            Err(BridgeError::Refused { error, .. })
                if is_write_locked(&error) && start.elapsed() < LOCK_WAIT =>
            {
                sleep(LOCK_POLL_INTERVAL).await;
            }
            reply => return reply,
        }
    }
}

/// Maps codex's refusal to resume a thread to an error.
fn resume_error(error: BridgeError) -> SessionError {
    match error {
        BridgeError::Refused { error, .. } if is_thread_not_found(&error) => SessionError::ThreadNotFound,
        BridgeError::Refused { error, .. } if is_write_locked(&error) => {
            SessionError::ThreadHeld { session: None }
        }
        BridgeError::Refused { error, .. } if is_thread_archived(&error) => SessionError::Archived,
        error => error.into(),
    }
}

/// Maps codex's refusal to fork a thread to an error.
fn fork_error(error: BridgeError) -> SessionError {
    match error {
        BridgeError::Refused { error, .. } if is_turn_not_found(&error) => SessionError::NoSuchTurn,
        error => resume_error(error),
    }
}
