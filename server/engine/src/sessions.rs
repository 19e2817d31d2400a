//! The registry of sessions: create, get, list by owner, expiry, the end of all.

mod actions;
mod changes;
mod cursor;
mod export;
mod found;
mod image;
mod indexing;
mod items;
mod owned_threads;
mod past;
mod projects;
mod rules;
mod search;
mod stored;
mod summaries;
mod threads;
mod workspaces;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use codex_gateway_wire::{
    OwnerId, SessionId, StartTurn, ThreadId, TurnId,
    api::{CreateSession, ProjectTrust, TurnReply},
    event::ClosedReason,
};
use futures::{StreamExt, stream::FuturesUnordered};
use serde::{Serialize, de::DeserializeOwned};
use tokio::task::spawn_blocking;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

pub(crate) use self::indexing::Indexing;
use self::{cursor::Cursors, stored::Moves};
pub use self::{
    export::Export,
    items::{ItemsQuery, OlderThan},
    past::Place,
    summaries::{SummaryChange, SummaryFollower},
    threads::ThreadQuery,
};
use crate::{
    catalog::Catalog,
    config::Config,
    environment::{self, RequestedVariable},
    error::SessionError,
    files::{Files, Found},
    greeting::Offer,
    highlight::Highlighter,
    holds::Holds,
    library::{self, Library},
    metrics::{Metrics, Standing},
    once::{Once, RequestKey, Told},
    places::{Live, Places},
    probe,
    rules::{OwnerRules, Rules},
    session::{
        Session, intake,
        open::{Base, Wanted, WantedThread},
        settings::{self, Settings},
    },
    store::{Expiry, Store, StoreError},
    summary_changes::SummaryChanges,
    temp_dirs::TempDirs,
    uploads::Uploads,
    warm::Pool,
};

/// How long a successful check of the codex executable holds.
const CHECKED: Duration = Duration::from_secs(10);

/// All sessions of a gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sessions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Arc<Config>,
    live: Arc<Live>,
    /// Which of them come and go.
    moves: Moves,
    /// One for each process that sessions may have.
    places: Places,
    /// Who is in which thread.
    holds: Holds,
    /// Which threads codex indexes.
    indexing: Indexing,
    /// What outlives the gateway.
    store: Store,
    /// Images for messages.
    uploads: Uploads,
    /// Where commands of sessions write temporary files.
    temp_dirs: TempDirs,
    /// What owners allow without being asked.
    rules: Rules,
    /// Reads the threads that no live session is in.
    library: Library,
    /// Processes for sessions to come.
    warm: Pool,
    /// Where lists of threads go on.
    cursors: Cursors,
    catalog: Mutex<Catalog>,
    highlighter: Highlighter,
    files: Files,
    /// When the codex executable was last seen to run. Its lock is held while it is tried: one try for all
    /// that ask at once.
    checked: tokio::sync::Mutex<Option<(Instant, String)>>,
    /// Requests that are done once.
    once: Once,
    metrics: Metrics,
    /// Wakes those who follow the summaries of sessions.
    changes: SummaryChanges,
    stopping: CancellationToken,
    /// Processes that serve no session, or did not when they were started, what starts them, and what ends sessions.
    background: TaskTracker,
}

impl Sessions {
    /// An empty registry, with a task that ends expired sessions. Must be called within a runtime; opening the
    /// store blocks.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub fn new(config: Config) -> Result<Self, StoreError> {
        let store = Store::open(&config.data_dir)?;
        let uploads = Uploads::new(store.clone(), &config.data_dir);
        let temp_dirs = TempDirs::new(&config.data_dir);
        // Listed before any session can be created.
        let found = temp_dirs.list();
        let cursors = Cursors::new().ok_or(StoreError::Random)?;
        let config = Arc::new(config);
        let (stopping, background) = (CancellationToken::new(), TaskTracker::new());
        let library = Library::new(Arc::clone(&config), background.clone(), stopping.clone(), library::IDLE);
        let warm = Pool::new(Arc::clone(&config), background.clone(), stopping.clone());
        let live = Arc::<Live>::default();
        let inner = Arc::new(Inner {
            places: Places::new(config.max_sessions, &live),
            holds: Holds::default(),
            indexing: Indexing::default(),
            once: Once::new(store.clone()),
            metrics: Metrics::default(),
            rules: Rules::new(store.clone()),
            changes: SummaryChanges::default(),
            store,
            uploads,
            temp_dirs,
            library,
            warm,
            cursors,
            config,
            live,
            moves: Moves::default(),
            catalog: Mutex::default(),
            highlighter: Highlighter::default(),
            files: Files::default(),
            checked: tokio::sync::Mutex::default(),
            stopping,
            background,
        });
        let sessions = Self { inner };
        tokio::spawn(sessions.clone().sweep());
        let registry = Arc::clone(&sessions.inner);
        tokio::spawn(async move { registry.temp_dirs.remove_orphans(found, &registry.store).await });
        tokio::spawn(sessions.uploads().clone().sweep(sessions.stopping().clone()));
        Ok(sessions)
    }

    /// What the engine runs with.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Images for messages.
    pub fn uploads(&self) -> &Uploads {
        &self.inner.uploads
    }

    /// What outlives the gateway.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// What codex offers.
    pub fn catalog(&self) -> Catalog {
        self.locked_catalog().clone()
    }

    /// Highlights code in conversations.
    pub fn highlighter(&self) -> &Highlighter {
        &self.inner.highlighter
    }

    /// Finds files in the directory of a session by a few letters of their paths.
    ///
    /// # Errors
    /// [`SessionError::BadCwd`] and [`SessionError::OutsideWorkspaces`] if the directory is not any more what it was.
    pub async fn files(&self, session: &Session, query: &str, limit: usize) -> Result<Found, SessionError> {
        session.settings().check(&self.inner.config).await?;
        self.inner.files.find(&session.settings().cwd, query, limit).await
    }

    /// Finds files where a session would work that is made with this directory; without one, where new ones do.
    ///
    /// # Errors
    /// [`SessionError::BadCwd`], [`SessionError::OutsideWorkspaces`]
    pub async fn files_in(
        &self,
        cwd: Option<&str>,
        query: &str,
        limit: usize,
    ) -> Result<Found, SessionError> {
        let config = &self.inner.config;
        let dir = match cwd {
            Some(asked) => settings::directory(config, asked).await?,
            None => config.cwd.clone(),
        };
        self.inner.files.find(&dir, query, limit).await
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// How things stand.
    pub async fn standing(&self) -> Standing {
        let inner = &self.inner;
        let stored = inner.store.count_sessions(Expiry::now(&inner.config)).await;
        let mut standing =
            Standing { processes: inner.places.taken(), warm: inner.warm.waiting(), ..Standing::default() };
        for session in self.live().values().filter(|session| session.has_process()) {
            session.stand(&mut standing);
        }
        standing.parked = stored
            .inspect_err(|error| tracing::warn!(%error, "the sessions without a process cannot be counted"))
            .map(|stored| stored.saturating_sub(standing.idle + standing.running))
            .ok();
        standing
    }

    /// How many sessions are live: those that have a process.
    pub fn count(&self) -> usize {
        self.live().values().filter(|session| session.has_process()).count()
    }

    fn live(&self) -> MutexGuard<'_, HashMap<SessionId, Session>> {
        self.inner.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the warm processes; the first one is asked for codex's models and its account, so that the first page has
    /// them. What goes wrong is told in the catalog. To be called once, after codex was signed in: a running process
    /// never notices a login.
    pub fn warm_up(&self) {
        let sessions = self.clone();
        // One of those whose end is waited for: it may be about to start a process.
        self.inner.background.spawn(async move {
            match sessions.inner.warm.begin().await {
                Some(Ok(offer)) => {
                    match &offer.config_warning {
                        Some(warning) if warning.is_fatal() => {
                            tracing::error!("codex cannot read its configuration: {}", warning.text());
                        }
                        Some(warning) => tracing::warn!("configuration of codex: {}", warning.text()),
                        None => {}
                    }
                    sessions.offered(&offer);
                    sessions.warn_of_missing_variables(offer.requested_variables).await;
                }
                Some(Err(error)) => {
                    tracing::error!(%error, "codex cannot be used");
                    sessions.locked_catalog().error = Some(error.to_string());
                }
                None => {}
            }
        });
    }

    /// Logs the variables that codex's configuration asks for and that codex does not get.
    async fn warn_of_missing_variables(&self, requested: Vec<RequestedVariable>) {
        let config = Arc::clone(&self.inner.config);
        let missing = spawn_blocking(move || environment::missing(&config.launch, &requested)).await;
        for (variable, missing) in missing.unwrap_or_default() {
            tracing::warn!("{}", missing.describe(&variable));
        }
    }

    /// Lets pages that belong to no session know what a process has said.
    fn offered(&self, offer: &Offer) {
        let account = crate::session::account_state(&offer.account);
        let Offer { models, project_rules, requested_variables, config_warning, .. } = offer.clone();
        *self.locked_catalog() =
            Catalog { models, account, error: None, config_warning, project_rules, requested_variables };
    }

    fn locked_catalog(&self) -> MutexGuard<'_, Catalog> {
        self.inner.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a session: starts its process and opens its thread, a new one or one of that owner's. Several at
    /// once do not wait for each other.
    ///
    /// # Errors
    /// [`SessionError::Limit`], [`SessionError::ShuttingDown`], why it may not be so, or why codex cannot. For a
    /// thread to go on with those of [`Sessions::resume_thread`].
    pub async fn create(&self, owner: &OwnerId, request: CreateSession) -> Result<Session, SessionError> {
        let inner = &self.inner;
        if inner.stopping.is_cancelled() {
            return Err(SessionError::ShuttingDown);
        }
        let decision = request
            .trust_project
            .map(|trusted| if trusted { ProjectTrust::Trusted } else { ProjectTrust::Untrusted });
        decision.map_or(Ok(()), |decision| self.check_trust(decision))?;
        let mut settings = Settings::choose(&inner.config, &request).await?;
        let thread = match &request.resume_thread_id {
            Some(thread) => {
                let thread = self.resumable(owner, thread).await?;
                if request.cwd.is_none() {
                    settings.work_where(&inner.config, self.cwd_of(&thread).await).await;
                }
                WantedThread::Other(thread)
            }
            None => WantedThread::New,
        };
        if let Some(decision) = decision {
            self.decide_folder(owner, &settings.cwd, decision).await?;
        }
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let (asked, effort, title) = (said(request.model), said(request.effort), said(request.title));
        let model = asked.clone().or_else(|| inner.config.model.clone());
        let wanted = match thread {
            WantedThread::New => Wanted { thread, model: model.clone(), effort },
            // A thread that goes on keeps its own model, unless another one is asked for.
            thread => Wanted { thread, model: asked, effort },
        };
        let session = self.open(owner, settings, wanted, model).await?;
        if let Some(title) = title
            && let Err(error) = self.name_thread_of(&session, title.trim().to_owned()).await
        {
            self.remove(session, ClosedReason::Deleted).await?;
            return Err(error);
        }
        Ok(session)
    }

    /// Makes a session, or finds the one that was made for the same request: a key says which that is.
    ///
    /// # Errors
    /// Those of [`Sessions::create`], [`SessionError::KeyReused`], [`SessionError::KeyUnfinished`];
    /// [`SessionError::NotFound`] if that session has ended.
    pub async fn create_once(
        &self,
        owner: &OwnerId,
        request: CreateSession,
        key: Option<RequestKey>,
    ) -> Result<Session, SessionError> {
        let Some(key) = key else { return self.create(owner, request).await };
        let (sessions, creator) = (self.clone(), owner.clone());
        let making = async move { Ok(sessions.create(&creator, request).await?.id().clone()) };
        // What fails leaves no session behind.
        let id = self.inner.once.run(owner, key, Told::default(), making).await?;
        self.get(owner, &id).await
    }

    /// Makes a session in a fork of a thread, or finds the one that was made for the same request.
    ///
    /// # Errors
    /// Those of [`Sessions::fork`] and [`Sessions::create_once`].
    pub async fn fork_once(
        &self,
        owner: &OwnerId,
        thread: ThreadId,
        last_turn: Option<TurnId>,
        key: Option<RequestKey>,
    ) -> Result<Session, SessionError> {
        let (sessions, creator) = (self.clone(), owner.clone());
        let forking =
            async move { sessions.fork(&creator, &thread, last_turn, CreateSession::default()).await };
        let Some(key) = key else { return forking.await };
        // What fails leaves no session behind.
        let forking = Box::pin(async move { Ok(forking.await?.id().clone()) });
        let id = self.inner.once.run(owner, key, Told::default(), forking).await?;
        self.get(owner, &id).await
    }

    /// Sends a message, unless it was sent by the same request: a key says which that is.
    ///
    /// # Errors
    /// Those of [`Session::start_turn`], [`SessionError::KeyReused`], [`SessionError::KeyUnfinished`].
    pub async fn start_turn_once(
        &self,
        session: &Session,
        turn: StartTurn,
        key: Option<RequestKey>,
    ) -> Result<TurnReply, SessionError> {
        let Some(key) = key else { return session.start_turn(turn).await };
        let (sender, told) = (session.clone(), Told::default());
        let noted = told.clone();
        let sending = async move { Ok(sender.send(turn, noted).await?.sent) };
        let sent = self.inner.once.run(session.owner(), key, told, sending).await?;
        Ok(TurnReply { session: session.state().await?, sent })
    }

    /// Does what a request with a key asks for, unless the same request has done it. Without a key it is simply done. The work
    /// leaves nothing behind if it fails, and can be tried again then.
    ///
    /// # Errors
    /// Those of `work`, [`SessionError::KeyReused`], [`SessionError::KeyUnfinished`].
    pub async fn do_once<T: Serialize + DeserializeOwned>(
        &self,
        owner: &OwnerId,
        key: Option<RequestKey>,
        work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
    ) -> Result<T, SessionError> {
        let Some(key) = key else { return work.await };
        let told = Told::default();
        let noted = told.clone();
        let work = Box::pin(async move {
            work.await.inspect_err(|error| {
                if error.may_have_been_done() {
                    noted.note();
                }
            })
        });
        self.inner.once.run(owner, key, told, work).await
    }

    /// Makes a session whose process opens that thread; `model` is that of the threads that it begins later.
    async fn open(
        &self,
        owner: &OwnerId,
        settings: Settings,
        wanted: Wanted,
        model: Option<String>,
    ) -> Result<Session, SessionError> {
        let inner = &self.inner;
        if inner.stopping.is_cancelled() {
            return Err(SessionError::ShuttingDown);
        }
        let rules = inner.rules.of(owner).await?;
        let base = self.base(SessionId::from(Uuid::now_v7().to_string()), owner.clone(), settings, rules);
        let opening = async { base.open(wanted, base.places.take().await?).await };
        let opened = tokio::select! {
            opened = opening => opened,
            () = inner.stopping.cancelled() => Err(SessionError::ShuttingDown),
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::error!(%error, "a session could not be made");
                base.processes.close();
                base.processes.wait().await;
                inner.temp_dirs.remove(&base.session).await;
                return Err(error);
            }
        };
        self.offered(&opened.offer);
        let id = base.session.clone();
        let session = Session::start(base, model, opened);
        self.live().insert(id.clone(), session.clone());
        // Nobody is told of a thread before it is written down whose it is.
        if let Err(error) = session.flush().await {
            self.live().remove(&id);
            session.close(ClosedReason::Deleted).await;
            inner.temp_dirs.remove(&id).await;
            return Err(error);
        }
        inner.metrics.session_created();
        tracing::info!(session = %id, owner = owner.as_str(), "session created");
        if inner.stopping.is_cancelled() {
            // The end of all began between the two checks and may not have seen this one.
            self.live().remove(&id);
            session.suspend().await;
            return Err(SessionError::ShuttingDown);
        }
        Ok(session)
    }

    /// What a session stands on.
    fn base(&self, session: SessionId, owner: OwnerId, settings: Settings, rules: OwnerRules) -> Base {
        let inner = &self.inner;
        Base {
            config: Arc::clone(&inner.config),
            settings,
            session,
            owner,
            holds: inner.holds.clone(),
            indexing: inner.indexing.clone(),
            places: inner.places.clone(),
            warm: inner.warm.clone(),
            store: inner.store.clone(),
            uploads: inner.uploads.clone(),
            temp_dirs: inner.temp_dirs.clone(),
            rules,
            metrics: inner.metrics.clone(),
            changes: inner.changes.clone(),
            processes: TaskTracker::new(),
        }
    }

    /// Whether a message could begin a session, as far as can be told before there is one.
    ///
    /// # Errors
    /// Why not: those of [`Session::start_turn`].
    pub fn check_turn(&self, turn: &StartTurn) -> Result<(), SessionError> {
        let config = &self.inner.config;
        intake::check(config, &self.catalog().models, config.model.as_deref(), turn)
    }

    /// A session of that owner: out of the store if it is not in memory. Counts as use.
    ///
    /// # Errors
    /// [`SessionError::NotFound`], also for another owner's session; [`SessionError::Ended`] if the session has ended and
    /// its thread can be resumed; or an error of the store.
    pub async fn get(&self, owner: &OwnerId, id: &SessionId) -> Result<Session, SessionError> {
        let session = match self.in_memory(owner, id).await {
            Err(SessionError::NotFound) => {
                let thread = self.inner.store.thread_of_ended(owner, id).await?;
                return Err(thread.map_or(SessionError::NotFound, |thread| SessionError::Ended { thread }));
            }
            session => session?,
        };
        session.touch();
        Ok(session)
    }

    /// Ends a session of that owner; its process is gone when this answers.
    ///
    /// # Errors
    /// [`SessionError::NotFound`], also if it is somebody else's; what the store says: then it is still listed.
    pub async fn delete(&self, owner: &OwnerId, id: &SessionId) -> Result<(), SessionError> {
        let session = match self.in_memory(owner, id).await {
            Err(SessionError::Unreadable(_)) => return self.forget(owner, id).await,
            session => session?,
        };
        if self.remove(session, ClosedReason::Deleted).await? { Ok(()) } else { Err(SessionError::NotFound) }
    }

    /// Ends all processes, and refuses new sessions: within some four seconds. What there is of the sessions is
    /// written down; the streams of their readers just end.
    pub async fn shutdown(&self) {
        self.inner.stopping.cancel();
        let all: Vec<Session> = self.live().drain().map(|(_, session)| session).collect();
        let ends: FuturesUnordered<_> =
            all.into_iter().map(|session| async move { session.suspend().await }).collect();
        ends.collect::<Vec<()>>().await;
        self.inner.background.close();
        self.inner.background.wait().await;
    }

    /// Cancelled when the gateway begins to stop.
    pub fn stopping(&self) -> &CancellationToken {
        &self.inner.stopping
    }

    /// The version of the codex executable, if it can be run and is not too old. A success holds for some seconds.
    ///
    /// # Errors
    /// Why it cannot, for people.
    pub async fn check_codex(&self) -> Result<String, String> {
        let mut checked = self.inner.checked.lock().await;
        if let Some((_, version)) = checked.as_ref().filter(|(at, _)| at.elapsed() < CHECKED) {
            return Ok(version.clone());
        }
        let version = probe::fit_version(&self.inner.config.launch).await?;
        *checked = Some((Instant::now(), version.clone()));
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
                self.live().values().filter(|session| session.is_expired()).cloned().collect();
            let ends: FuturesUnordered<_> =
                expired.into_iter().map(|session| self.remove(session, ClosedReason::Expired)).collect();
            // What the store could not forget now, it forgets later: its time is over.
            ends.collect::<Vec<_>>().await;
            self.tidy().await;
        }
    }
}
