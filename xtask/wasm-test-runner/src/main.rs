//! Runs test binaries of the target wasm32-unknown-unknown with wasm-bindgen's test runner, as a library.
//!
//! Cargo starts it for each of them (`CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER`).

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
