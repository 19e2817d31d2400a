//! The document around the application.

use leptos::{html, prelude::*};

use crate::{
    App,
    base_path::{BasePath, address},
    lazy::ChunkFiles,
    markdown::blocks::hash,
    pages::window_title,
    prefs::{Prefs, Theme},
    route::Route,
    server_fns::{PageData, ServerContext, auth_enabled},
};

/// Scrolls a conversation to its end before it is painted for the first time.
const TO_THE_END: &str = "for(const e of document.querySelectorAll('.scroll'))e.scrollTop=e.scrollHeight";

/// The worker says so when the server cannot be reached; a browser without one says so itself.
const WORKER: &str = "navigator.serviceWorker?.register('{script}').catch(()=>{})";

/// What the window of an installed page is painted with: `--bg` of each theme.
const LIGHT: &str = "#fcfcfd";
const DARK: &str = "#121316";

/// The paths of the pages, as the server's router writes them. (There is no leptos router that could list them.)
pub const PAGES: [&str; 3] = ["/", "/c/{id}", "/t/{id}"];

/// To be called once before the first page: leptos ends pages in tasks of the runtime.
pub fn init_tasks() {
    // An error says that somebody else has done so: nothing is missing then.
    let _ = any_spawner::Executor::init_tokio();
}

/// The whole document of a page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let Prefs { theme, lang, sidebar_hidden } = Prefs::current();
    let sidebar = sidebar_hidden.then_some("hidden");
    let context = use_context::<ServerContext>();
    let build = context.as_ref().map(|context| context.build_id.to_string());
    // Only told from others by it: who it is stands nowhere in the page.
    let owner =
        context.filter(|_| auth_enabled()).map(|context| format!("{:x}", hash(0, context.owner.as_str())));
    let base = use_context::<BasePath>().unwrap_or_default();
    let file = |kind: &str| address(&format!("/{}/{}.{kind}", options.site_pkg_dir, options.output_name));
    let (styles, script, module) = (file("css"), file("js"), file("wasm"));
    let chunks = use_context::<ChunkFiles>().unwrap_or_default();
    let chunks = chunks.of_page(&Route::current()).iter().map(|name| {
        let href = address(&format!("/{}/{name}", options.site_pkg_dir));
        view! { <link rel="preload" href=href r#as="fetch" r#type="application/wasm" crossorigin="" /> }
    });
    let chunks = chunks.collect_view();
    let worker = WORKER.replace("{script}", &address("/service-worker.js"));
    let words = lang.texts().words();
    let title = window_title(title().as_deref());
    view! {
        <!DOCTYPE html>
        <html lang=lang.code() data-theme=theme.word() data-sidebar=sidebar data-build=build data-signs-in=owner data-base=base.below_root().map(str::to_owned)>
            <head>
                <meta charset="utf-8" />
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <meta name="color-scheme" content="light dark" />
                <title>{title}</title>
                {theme_colors(theme)}
                // With credentials: a proxy before the gateway may ask for a password.
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
                <script nonce=use_nonce()>{TO_THE_END}</script>
                <script nonce=use_nonce()>{worker}</script>
            </body>
        </html>
    }
}

/// Loads the program and starts it, or says why it cannot be started. (Leptos's own script says nothing. This one also
/// runs when all of its white space was changed on the way: no text in it has any.)
fn start_script(script: &str, module: &str) -> String {
    let failed = "e=>{const c=document.getElementById('why-not-started');if(c)c.textContent=e}";
    format!(
        "import({script:?}).then(m=>m.default({{module_or_path:{module:?}}}).then(()=>m.hydrate())).catch({failed})"
    )
}

/// As the system has it, unless the reader has chosen.
fn theme_colors(theme: Theme) -> impl IntoView {
    let colors = match theme {
        Theme::System => {
            vec![(LIGHT, Some("(prefers-color-scheme: light)")), (DARK, Some("(prefers-color-scheme: dark)"))]
        }
        Theme::Light => vec![(LIGHT, None)],
        Theme::Dark => vec![(DARK, None)],
    };
    let meta = |(color, media)| html::meta().name("theme-color").content(color).attr("media", media);
    colors.into_iter().map(meta).collect_view()
}

/// The title of the conversation that is asked for.
fn title() -> Option<String> {
    use_context::<PageData>()?.conversation?.snapshot.transcript.title
}
