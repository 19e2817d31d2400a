//! What every handler can reach.

use std::{path::PathBuf, sync::Arc, time::Instant};

use axum::extract::FromRef;
use codex_gateway_engine::Sessions;
use leptos::config::LeptosOptions;

use crate::{assets, auth::Auth, cli::Cli, guard::Guard, limits::Limits};

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
    /// How many connections may be open.
    pub max_connections: usize,
    /// Names this build to browsers, by its version and its browser files: a tab that is older is told.
    pub build_id: Arc<str>,
    /// When the gateway was started.
    pub started: Instant,
    /// What the page's shell needs.
    pub leptos: LeptosOptions,
}

impl AppState {
    /// The state of a gateway with these options.
    ///
    /// # Errors
    /// If the browser files cannot be read, or their place cannot be told.
    pub fn new(cli: &Cli, sessions: Sessions, auth: Auth) -> std::io::Result<Self> {
        let site: PathBuf = assets::site_dir(cli.site_dir.as_deref())?;
        let fingerprint = assets::fingerprint(&site)?;
        let leptos = LeptosOptions::builder()
            .output_name("codex-gateway")
            .site_root(site.to_string_lossy().into_owned())
            .site_pkg_dir(format!("pkg/{fingerprint}"))
            .build();
        Ok(Self {
            sessions,
            auth: Arc::new(auth),
            guard: Arc::new(Guard::new(cli.host(), &cli.allowed_hosts)),
            limits: Arc::new(Limits::new(&cli.limits)),
            max_connections: cli.limits.max_connections as usize,
            build_id: format!("{}-{fingerprint}", env!("CARGO_PKG_VERSION")).into(),
            started: Instant::now(),
            leptos,
        })
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
