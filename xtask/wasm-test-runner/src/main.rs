//! The runner that cargo starts for each test binary of the target wasm32-unknown-unknown
//! (`CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER`): wasm-bindgen's own, as a library.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
