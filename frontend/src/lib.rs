//! The browser's entry point: takes over the page that the server rendered.

/// Called once by the page's module script: wires the server's HTML to the running app.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    codex_gateway_app::start();
}
