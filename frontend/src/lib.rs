//! The entry point of the WASM module: hydrates the page that the server rendered.

/// Hydrates the page. The page's module script calls it once.
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    codex_gateway_app::start().await;
}
