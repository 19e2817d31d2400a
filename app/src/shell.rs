//! The document around the application.

use leptos::{hydration::HydrationScripts, prelude::*};

use crate::{
    App,
    pages::window_title,
    prefs::Prefs,
    server_fns::{Loaded, ServerContext, signs_in},
};

/// Scrolls a conversation to its end before it is painted for the first time.
const TO_THE_END: &str = "for(const e of document.querySelectorAll('.scroll'))e.scrollTop=e.scrollHeight";

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
    let build = context.map(|context| context.build_id.to_string());
    let signs_in = signs_in().then_some("");
    let styles = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let title = window_title(title().as_deref());
    view! {
        <!DOCTYPE html>
        <html lang=lang.code() data-theme=theme.word() data-sidebar=sidebar data-build=build data-signs-in=signs_in>
            <head>
                <meta charset="utf-8" />
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <meta name="color-scheme" content="light dark" />
                <title>{title}</title>
                <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=styles />
                <HydrationScripts options />
            </head>
            <body>
                <App />
                <script nonce=use_nonce()>{TO_THE_END}</script>
            </body>
        </html>
    }
}

/// The title of the conversation that is asked for.
fn title() -> Option<String> {
    use_context::<Loaded>()?.conversation?.snapshot.transcript.title
}
