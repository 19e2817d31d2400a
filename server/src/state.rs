//! What every handler can reach.

use std::{sync::Arc, time::Instant};

use axum::extract::FromRef;
use codex_gateway_app::BasePath;
use codex_gateway_engine::Sessions;
use codex_gateway_site::Site;
use leptos::config::LeptosOptions;

use crate::{
    assets, auth::Auth, cli::Cli, connections::Connections, guard::Guard, limits::Limits, metrics::Metrics,
    proxies::TrustedProxies, rendering::Renderer, version::VERSION,
};

/// What every handler can reach. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The sessions.
    pub sessions: Sessions,
    /// Who may come in.
    pub auth: Arc<Auth>,
    /// Which names it answers to, and which pages may use it.
    pub guard: Arc<Guard>,
    /// How much one may ask for.
    pub limits: Arc<Limits>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Renders the pages.
    pub renderer: Renderer,
    /// The connections that are open.
    pub connections: Arc<Connections>,
    /// The reverse proxies that are believed.
    pub proxies: Arc<TrustedProxies>,
    /// Where the gateway is on its host.
    pub base_path: BasePath,
    /// Names this build to browsers, by its version and its browser files: a tab that is older is told.
    pub build_id: Arc<str>,
    /// When the gateway was started.
    pub started: Instant,
    /// The browser files.
    pub site: Site,
    /// What the page's shell needs.
    pub leptos: LeptosOptions,
}

impl AppState {
    /// The state of a gateway with these options.
    ///
    /// # Errors
    /// If the browser files cannot be read, or their place cannot be told.
    pub fn new(cli: &Cli, sessions: Sessions, auth: Auth) -> std::io::Result<Self> {
        let site = Site::find(cli.site_dir.as_deref())?;
        let fingerprint = assets::fingerprint(&site)?;
        let leptos = LeptosOptions::builder()
            .output_name("codex-gateway")
            .site_pkg_dir(format!("pkg/{fingerprint}"))
            .build();
        Ok(Self {
            metrics: Arc::new(Metrics::new(&cli.metrics, &sessions)),
            sessions,
            auth: Arc::new(auth),
            guard: Arc::new(Guard::new(cli.host(), &cli.allowed_hosts)),
            limits: Arc::new(Limits::new(&cli.limits)),
            renderer: Renderer::default(),
            connections: Arc::new(Connections::new(&cli.limits)),
            proxies: Arc::new(cli.trusted_proxies.clone()),
            base_path: cli.base_path.clone().unwrap_or_default(),
            build_id: format!("{VERSION}-{fingerprint}").into(),
            started: Instant::now(),
            site,
            leptos,
        })
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
