//! The document around the application.

use leptos::{html, prelude::*};

use crate::{
    App,
    base_path::{BasePath, address},
    chunks::preload_links,
    markdown::blocks::hash,
    pages::window_title,
    prefs::{Prefs, Theme},
    router::Route,
    server_fns::{PageData, ServerContext, auth_enabled},
};

/// Script that scrolls a conversation to its end before the first paint.
const SCROLL_SCRIPT: &str = "for(const e of document.querySelectorAll('.scroll'))e.scrollTop=e.scrollHeight";

/// Script that registers the service worker, which shows a page when the server cannot be reached. Where service workers
/// are not available, the browser's own error page is shown.
const WORKER_SCRIPT: &str = "navigator.serviceWorker?.register('{script}').catch(()=>{})";

/// The colors of the window's frame when the page is installed as an app: `--bg` of each theme.
const LIGHT_THEME_COLOR: &str = "#fcfcfd";
const DARK_THEME_COLOR: &str = "#121316";

/// The paths of all pages, in the syntax of axum's router. They match `Route`.
pub const PAGES: [&str; 3] = ["/", "/c/{id}", "/t/{id}"];

/// Lets Leptos spawn tasks on tokio's runtime. Must be called before the first page is rendered.
pub fn init_tasks() {
    // An error means that the executor is set already.
    let _ = any_spawner::Executor::init_tokio();
}

/// The document of a page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let Prefs { theme, lang, sidebar_hidden } = Prefs::current();
    let sidebar = sidebar_hidden.then_some("hidden");
    let context = use_context::<ServerContext>();
    let build = context.as_ref().map(|context| context.build_id.to_string());
    // The page keeps apart the drafts of different users. It needs to tell them apart only, so it gets a hash.
    let owner_hash =
        context.filter(|_| auth_enabled()).map(|context| format!("{:x}", hash(0, context.owner.as_str())));
    let base = use_context::<BasePath>().unwrap_or_default();
    let file = |kind: &str| address(&format!("/{}/{}.{kind}", options.site_pkg_dir, options.output_name));
    let (styles, script, module) = (file("css"), file("js"), file("wasm"));
    let (chunks, other_chunks) = preload_links(&Route::current(), &options.site_pkg_dir);
    let worker = WORKER_SCRIPT.replace("{script}", &address("/service-worker.js"));
    let words = lang.texts().words();
    let title = window_title(conversation_title().as_deref());
    view! {
        <!DOCTYPE html>
        <html lang=lang.code() data-theme=theme.word() data-sidebar=sidebar data-build=build data-signs-in=owner_hash data-base=base.below_root().map(str::to_owned)>
            <head>
                <meta charset="utf-8" />
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <meta name="color-scheme" content="light dark" />
                <title>{title}</title>
                {theme_colors(theme)}
                // With credentials, because a proxy in front of the gateway may require a password.
                <link rel="manifest" href=address("/assets/manifest.webmanifest") crossorigin="use-credentials" />
                <link rel="apple-touch-icon" href=address("/assets/apple-touch-icon.png") />
                <link rel="icon" href=address("/assets/favicon.svg") type="image/svg+xml" />
                <link rel="stylesheet" href=styles />
                <link rel="modulepreload" href=script.clone() />
                <link rel="preload" href=module.clone() r#as="fetch" r#type="application/wasm" crossorigin="" />
                {chunks}
                <script type="module" nonce=use_nonce()>
                    {start_script(&script, &module)}
                </script>
            </head>
            <body>
                <App />
                {other_chunks}
                <noscript>
                    <p class="no-script">{lang.texts().needs_javascript()}</p>
                </noscript>
                <div class="not-started" role="status">
                    <span>{lang.texts().page_not_started()} " " <code id="why-not-started" translate="no"></code></span>
                    <a class="button" href="">
                        {lang.texts().reload()}
                    </a>
                </div>
                <script type="text/plain" id="words">{words}</script>
                <script nonce=use_nonce()>{SCROLL_SCRIPT}</script>
                <script nonce=use_nonce()>{worker}</script>
            </body>
        </html>
    }
}

/// Returns the script that starts the page in the browser. Unlike Leptos's own script, it says why the page could not be
/// started.
///
/// No string in the script contains white space, so it also works if something on the way has changed the white space of
/// the document.
fn start_script(script: &str, module: &str) -> String {
    let failed = "e=>{const c=document.getElementById('why-not-started');if(c)c.textContent=e}";
    format!(
        "import({script:?}).then(m=>m.default({{module_or_path:{module:?}}}).then(()=>m.hydrate())).catch({failed})"
    )
}

/// The `theme-color` of a theme; for the system's theme, one for each color scheme.
fn theme_colors(theme: Theme) -> impl IntoView {
    let colors = match theme {
        Theme::System => {
            vec![
                (LIGHT_THEME_COLOR, Some("(prefers-color-scheme: light)")),
                (DARK_THEME_COLOR, Some("(prefers-color-scheme: dark)")),
            ]
        }
        Theme::Light => vec![(LIGHT_THEME_COLOR, None)],
        Theme::Dark => vec![(DARK_THEME_COLOR, None)],
    };
    let meta = |(color, media)| html::meta().name("theme-color").content(color).attr("media", media);
    colors.into_iter().map(meta).collect_view()
}

/// Returns the title of the requested conversation.
fn conversation_title() -> Option<String> {
    use_context::<PageData>()?.conversation?.snapshot.transcript.title
}
