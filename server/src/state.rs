//! Shared state of the handlers.

use std::{sync::Arc, time::Instant};

use axum::extract::FromRef;
use codex_gateway_app::{BasePath, ChunkFiles};
use codex_gateway_engine::Sessions;
use codex_gateway_site::Site;
use leptos::config::LeptosOptions;

use crate::{
    assets, auth::Auth, cli::Cli, connections::Connections, guard::HostGuard, limits::Limits,
    metrics::Metrics, proxies::TrustedProxies, rendering::Renderer, version::VERSION,
};

/// Shared state of the handlers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState {
    /// All sessions.
    pub sessions: Sessions,
    /// Authentication.
    pub auth: Arc<Auth>,
    /// Check of hosts and origins.
    pub guard: Arc<HostGuard>,
    /// Rate limits, and limits of streams and bodies.
    pub limits: Arc<Limits>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Renderer of the pages.
    pub renderer: Renderer,
    /// Open connections.
    pub connections: Arc<Connections>,
    /// Trusted reverse proxies.
    pub proxies: Arc<TrustedProxies>,
    /// Base path of the gateway on its host.
    pub base_path: BasePath,
    /// Id of this build: the version, and a hash of the browser files. Tells older tabs to reload.
    pub build_id: Arc<str>,
    /// Start of the gateway.
    pub started: Instant,
    /// Browser files.
    pub site: Site,
    /// Files of the chunks of the WASM module.
    pub chunks: ChunkFiles,
    /// Options for the shell of the pages.
    pub leptos: LeptosOptions,
}

impl AppState {
    /// Creates the state from the options.
    ///
    /// # Errors
    /// If the browser files cannot be located or read.
    pub fn new(cli: &Cli, sessions: Sessions, auth: Auth) -> std::io::Result<Self> {
        let site = Site::find(cli.site_dir.as_deref())?;
        let chunks = assets::chunk_files(&site)?;
        let fingerprint = assets::fingerprint(&site, &chunks)?;
        let leptos = LeptosOptions::builder()
            .output_name("codex-gateway")
            .site_pkg_dir(format!("pkg/{fingerprint}"))
            .build();
        Ok(Self {
            metrics: Arc::new(Metrics::new(&cli.metrics, &sessions)),
            sessions,
            auth: Arc::new(auth),
            guard: Arc::new(HostGuard::new(cli.host(), &cli.allowed_hosts)),
            limits: Arc::new(Limits::new(&cli.limits)),
            renderer: Renderer::default(),
            connections: Arc::new(Connections::new(&cli.limits)),
            proxies: Arc::new(cli.trusted_proxies.clone()),
            base_path: cli.base_path.clone().unwrap_or_default(),
            build_id: format!("{VERSION}-{fingerprint}").into(),
            started: Instant::now(),
            site,
            chunks,
            leptos,
        })
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
