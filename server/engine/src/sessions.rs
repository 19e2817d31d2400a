//! The registry of sessions: creates, loads, lists, expires and ends them.

mod actions;
mod create;
mod cursor;
mod diff;
mod dormant;
mod export;
mod image;
mod indexing;
mod items;
mod loaded;
mod owned_threads;
mod projects;
mod rules;
mod search;
mod summaries;
mod thread_list;
mod thread_view;
mod threads;
mod workspaces;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use codex_app_server_client::version;
use codex_gateway_wire::{OwnerId, SessionId, event::ClosedReason};
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::task::spawn_blocking;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{cursor::Cursors, dormant::Transitions, loaded::SessionMap};
pub use self::{
    export::Export,
    items::{ItemsQuery, OlderThan},
    summaries::{SummaryChange, SummaryFollower},
    thread_view::ThreadView,
    threads::ThreadQuery,
};
use crate::{
    app_server_info::{AppServerInfo, account_state},
    catalog::Catalog,
    config::Config,
    environment::{self, RequestedVariable},
    error::{CodexErrorText, SessionError, describe_too_old},
    files::{FileFinder, FileSearchResult},
    highlight::Highlighter,
    idempotency::Idempotency,
    indexing::Indexing,
    metrics::{Gauges, Metrics},
    process_pool::{FileState, ProcessPool, file_state},
    process_slots::ProcessSlots,
    rules::Rules,
    session::{Session, settings},
    store::{ExpiryCutoff, Store, StoreError},
    summary_changes::SummaryChanges,
    temp_dirs::TempDirs,
    thread_locks::ThreadLocks,
    thread_reader::{self, ThreadReader},
    uploads::Uploads,
};

/// How long a successful check of the codex executable is cached.
const CODEX_CHECK_TTL: Duration = Duration::from_secs(10);

/// All sessions of a gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sessions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Arc<Config>,
    loaded: Arc<SessionMap>,
    /// Sessions that are being loaded, unloaded or ended.
    transitions: Transitions,
    /// Permits for the processes of sessions.
    process_slots: ProcessSlots,
    /// Which session has which thread.
    thread_locks: ThreadLocks,
    /// The threads that codex is indexing.
    indexing: Indexing,
    /// The persistent store.
    store: Store,
    /// Images for messages.
    uploads: Uploads,
    /// Temporary directories for the sessions' commands.
    temp_dirs: TempDirs,
    /// What owners allow without being asked.
    rules: Rules,
    /// Reads threads that no session has loaded.
    thread_reader: ThreadReader,
    /// Started processes for future sessions.
    process_pool: ProcessPool,
    /// Seals the cursors of lists.
    cursors: Cursors,
    catalog: Mutex<Catalog>,
    /// Codex's configuration file as it was before codex was last asked about its warning. `None` if it was not asked
    /// for that. The lock is held meanwhile, so that concurrent callers share the answer.
    checked_config: tokio::sync::Mutex<Option<CheckedConfig>>,
    highlighter: Highlighter,
    files: FileFinder,
    /// When the codex executable was last checked, and its version. The lock is held during a
    /// check, so that concurrent callers share one.
    codex_check: tokio::sync::Mutex<Option<(Instant, String)>>,
    /// Idempotency keys of requests.
    idempotency: Idempotency,
    metrics: Metrics,
    /// Wakes followers of the summaries.
    summary_changes: SummaryChanges,
    stopping: CancellationToken,
    /// Tasks that the shutdown waits for: processes without a session, and the end of sessions.
    background: TaskTracker,
}

/// The state of codex's configuration file. `None` if the file does not exist.
#[derive(Debug, PartialEq, Eq)]
struct CheckedConfig(Option<FileState>);

impl Sessions {
    /// Creates a registry without sessions in memory, and starts the task that ends expired
    /// sessions. Must be called within a runtime. Opening the store blocks.
    ///
    /// # Errors
    /// If the store cannot be opened.
    pub fn new(config: Config) -> Result<Self, StoreError> {
        let store = Store::open(&config.data_dir)?;
        let uploads = Uploads::new(store.clone(), &config.data_dir);
        let temp_dirs = TempDirs::new(&config.data_dir);
        // Listed before any session can be created.
        let existing_dirs = temp_dirs.list();
        let cursors = Cursors::new().ok_or(StoreError::Random)?;
        let config = Arc::new(config);
        let (stopping, background) = (CancellationToken::new(), TaskTracker::new());
        let thread_reader = ThreadReader::new(
            Arc::clone(&config),
            background.clone(),
            stopping.clone(),
            thread_reader::IDLE_TIMEOUT,
        );
        let process_pool = ProcessPool::new(Arc::clone(&config), background.clone(), stopping.clone());
        let loaded = Arc::<SessionMap>::default();
        // Weak, because the sessions themselves hold the permits.
        let parkable: Weak<SessionMap> = Arc::downgrade(&loaded);
        let inner = Arc::new(Inner {
            process_slots: ProcessSlots::new(config.max_sessions, parkable),
            thread_locks: ThreadLocks::default(),
            indexing: Indexing::default(),
            idempotency: Idempotency::new(store.clone()),
            metrics: Metrics::default(),
            rules: Rules::new(store.clone()),
            summary_changes: SummaryChanges::default(),
            store,
            uploads,
            temp_dirs,
            thread_reader,
            process_pool,
            cursors,
            config,
            loaded,
            transitions: Transitions::default(),
            catalog: Mutex::default(),
            checked_config: tokio::sync::Mutex::default(),
            highlighter: Highlighter::default(),
            files: FileFinder::default(),
            codex_check: tokio::sync::Mutex::default(),
            stopping,
            background,
        });
        let sessions = Self { inner };
        tokio::spawn(sessions.clone().sweep());
        let registry = Arc::clone(&sessions.inner);
        tokio::spawn(async move { registry.temp_dirs.remove_orphans(existing_dirs, &registry.store).await });
        tokio::spawn(sessions.uploads().clone().sweep(sessions.stopping().clone()));
        Ok(sessions)
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Returns the images for messages.
    pub fn uploads(&self) -> &Uploads {
        &self.inner.uploads
    }

    /// Returns the persistent store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Returns codex's models, account and configuration, as last reported by a process.
    pub fn catalog(&self) -> Catalog {
        self.locked_catalog().clone()
    }

    /// Returns the catalog. If codex could not read its configuration, and the file was changed since, queries a
    /// new process first: the file may have been mended.
    pub async fn current_catalog(&self) -> Catalog {
        if self.catalog().config_warning.is_some_and(|warning| warning.is_fatal()) {
            self.recheck_config().await;
        }
        self.catalog()
    }

    async fn recheck_config(&self) {
        let config = &self.inner.config;
        let Some(home) = config.launch.home() else { return };
        let mut checked = self.inner.checked_config.lock().await;
        let state = Some(CheckedConfig(file_state(&home.join("config.toml")).await));
        if *checked == state {
            return;
        }
        match Catalog::query(config).await {
            Ok(catalog) => {
                *self.locked_catalog() = catalog;
                *checked = state;
            }
            Err(error) => {
                tracing::warn!(error = %CodexErrorText(&error), "codex's configuration cannot be checked again");
            }
        }
    }

    /// Returns the highlighter for code in conversations.
    pub fn highlighter(&self) -> &Highlighter {
        &self.inner.highlighter
    }

    /// Finds files in the directory of a session by a few letters of their paths.
    ///
    /// # Errors
    /// [`SessionError::BadCwd`] and [`SessionError::OutsideWorkspaces`] if the directory was
    /// replaced or is no longer allowed.
    pub async fn files(
        &self,
        session: &Session,
        query: &str,
        limit: usize,
    ) -> Result<FileSearchResult, SessionError> {
        session.settings().check(&self.inner.config).await?;
        self.inner.files.find(&session.settings().cwd, query, limit).await
    }

    /// Finds files in the directory that a new session would have. `None` for the default
    /// directory.
    ///
    /// # Errors
    /// [`SessionError::BadCwd`], [`SessionError::OutsideWorkspaces`]
    pub async fn files_in(
        &self,
        cwd: Option<&str>,
        query: &str,
        limit: usize,
    ) -> Result<FileSearchResult, SessionError> {
        let config = &self.inner.config;
        let dir = match cwd {
            Some(cwd) => settings::resolve_directory(config, cwd).await?,
            None => config.cwd.clone(),
        };
        self.inner.files.find(&dir, query, limit).await
    }

    /// Returns the metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Returns the current values of the gauges.
    pub async fn gauges(&self) -> Gauges {
        let inner = &self.inner;
        let stored = inner.store.count_sessions(ExpiryCutoff::now(&inner.config)).await;
        let mut gauges = Gauges {
            processes: inner.process_slots.in_use(),
            warm: inner.process_pool.idle_count(),
            ..Gauges::default()
        };
        for session in self.loaded().values().filter(|session| session.has_process()) {
            session.count_into(&mut gauges);
        }
        gauges.parked = stored
            .inspect_err(|error| tracing::warn!(%error, "the sessions without a process cannot be counted"))
            .map(|stored| stored.saturating_sub(gauges.idle + gauges.running))
            .ok();
        gauges
    }

    /// Returns the number of sessions that have a process.
    pub fn count(&self) -> usize {
        self.loaded().values().filter(|session| session.has_process()).count()
    }

    fn loaded(&self) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        self.inner.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the process pool. Its first process reports codex's models and account, so that the
    /// first page can show them. An error is stored in the catalog. Must be called once, after
    /// codex was signed in: a running process never notices a login.
    pub fn warm_up(&self) {
        let sessions = self.clone();
        // The shutdown waits for this task, which may be about to start a process.
        self.inner.background.spawn(async move {
            match sessions.inner.process_pool.start().await {
                Some(Ok(server_info)) => {
                    match &server_info.config_warning {
                        Some(warning) if warning.is_fatal() => {
                            tracing::error!("codex cannot read its configuration: {}", warning.text());
                        }
                        Some(warning) => tracing::warn!("configuration of codex: {}", warning.text()),
                        None => {}
                    }
                    sessions.update_catalog(&server_info);
                    sessions.warn_of_missing_variables(server_info.requested_variables).await;
                }
                Some(Err(error)) => {
                    let error = CodexErrorText(&error).to_string();
                    tracing::error!(%error, "codex cannot be used");
                    sessions.locked_catalog().error = Some(error);
                }
                None => {}
            }
        });
    }

    /// Logs the variables that codex's configuration requests and that codex does not get.
    async fn warn_of_missing_variables(&self, requested: Vec<RequestedVariable>) {
        let config = Arc::clone(&self.inner.config);
        let missing =
            spawn_blocking(move || environment::find_missing(&config.launch, &config.pass_env, &requested))
                .await;
        for (variable, missing) in missing.unwrap_or_default() {
            tracing::warn!("{}", missing.describe(&variable));
        }
    }

    /// Updates the catalog with what a process has reported.
    fn update_catalog(&self, server_info: &AppServerInfo) {
        let account = account_state(&server_info.account);
        let AppServerInfo { models, project_rules, requested_variables, config_warning, .. } =
            server_info.clone();
        *self.locked_catalog() =
            Catalog { models, account, error: None, config_warning, project_rules, requested_variables };
    }

    fn locked_catalog(&self) -> MutexGuard<'_, Catalog> {
        self.inner.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a session of the owner, loading it from the store if necessary. Counts as a use.
    ///
    /// # Errors
    /// [`SessionError::NotFound`], also for another owner's session; [`SessionError::Ended`] if the
    /// session has ended and its thread can be resumed; or an error of the store.
    pub async fn get(&self, owner: &OwnerId, id: &SessionId) -> Result<Session, SessionError> {
        let session = match self.load(owner, id).await {
            Err(SessionError::NotFound) => {
                let thread = self.inner.store.ended_session_thread(owner, id).await?;
                return Err(thread.map_or(SessionError::NotFound, |thread| SessionError::Ended { thread }));
            }
            session => session?,
        };
        session.touch();
        Ok(session)
    }

    /// Deletes a session of the owner. Returns when its process has exited.
    ///
    /// # Errors
    /// [`SessionError::NotFound`], also for another owner's session; or an error of the store, in
    /// which case the session is still listed.
    pub async fn delete(&self, owner: &OwnerId, id: &SessionId) -> Result<(), SessionError> {
        let session = match self.load(owner, id).await {
            Err(SessionError::CorruptSession(_)) => return self.delete_row(owner, id).await,
            session => session?,
        };
        if self.end(session, ClosedReason::Deleted).await? { Ok(()) } else { Err(SessionError::NotFound) }
    }

    /// Ends all processes and refuses new sessions, within about four seconds. All sessions are
    /// stored. The readers' streams end without a final event.
    pub async fn shutdown(&self) {
        self.inner.stopping.cancel();
        let all: Vec<Session> = self.loaded().drain().map(|(_, session)| session).collect();
        let ends: FuturesUnordered<_> =
            all.into_iter().map(|session| async move { session.suspend().await }).collect();
        ends.collect::<Vec<()>>().await;
        self.inner.background.close();
        self.inner.background.wait().await;
    }

    /// Returns the token that is cancelled when the shutdown begins.
    pub fn stopping(&self) -> &CancellationToken {
        &self.inner.stopping
    }

    /// Returns the version of the codex executable, if it runs and is supported. A success is
    /// cached for some seconds.
    ///
    /// # Errors
    /// A message that says why codex cannot be used.
    pub async fn check_codex(&self) -> Result<String, String> {
        let mut codex_check = self.inner.codex_check.lock().await;
        if let Some((_, version)) = codex_check.as_ref().filter(|(at, _)| at.elapsed() < CODEX_CHECK_TTL) {
            return Ok(version.clone());
        }
        let launch = &self.inner.config.launch;
        let version = version::installed_version(launch).await?;
        version::ensure_supported(&version, launch).map_err(|error| describe_too_old(&error))?;
        *codex_check = Some((Instant::now(), version.clone()));
        Ok(version)
    }

    async fn sweep(self) {
        let mut ticks = tokio::time::interval(self.inner.config.sweep_interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.inner.stopping.cancelled() => return,
            }
            let expired: Vec<Session> =
                self.loaded().values().filter(|session| session.is_expired()).cloned().collect();
            let ends: FuturesUnordered<_> =
                expired.into_iter().map(|session| self.end(session, ClosedReason::Expired)).collect();
            // A row that could not be deleted now is deleted by a later sweep, because it has
            // expired.
            ends.collect::<Vec<_>>().await;
            self.sweep_store().await;
        }
    }
}
