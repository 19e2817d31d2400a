//! Pages that are not there, or could not be loaded.

use leptos::prelude::*;

use super::header::header_view;
use crate::{browser::reload, i18n::texts, server_fns::Failure};

/// An address that is no page.
pub(crate) fn not_found_page() -> AnyView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    not_found_view()
}

/// What is shown instead of a page whose data could not be had.
pub(super) fn failed_view(failure: &Failure) -> AnyView {
    if failure.is_not_found() {
        return not_found_view();
    }
    let t = texts();
    page_view(
        t.page_failed,
        t.failure(failure),
        view! { <button type="button" class="button" on:click=move |_| reload()>{t.reload}</button> }
            .into_any(),
    )
}

fn not_found_view() -> AnyView {
    let t = texts();
    let home = view! { <a class="button" href="/" data-link="">{t.new_chat}</a> };
    page_view(t.not_found, t.not_found_why.to_owned(), home.into_any())
}

fn page_view(what: &'static str, why: String, way_out: AnyView) -> AnyView {
    view! {
        <div class="page">
            {header_view(false, None)}
            <main class="lost">
                <h2 class="headline">{what}</h2>
                <p>{why}</p>
                {way_out}
            </main>
        </div>
    }
    .into_any()
}
