//! Generates the struct that embeds the site. Cargo reruns this script if the site has changed, including added
//! and removed files.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=SITE_TO_EMBED");
    if env::var_os("CARGO_FEATURE_EMBED").is_none() {
        return Ok(());
    }
    let site = env::var("SITE_TO_EMBED").unwrap_or_default();
    if !Path::new(&site).is_absolute() || !Path::new(&site).is_dir() {
        return Err(format!(
            "SITE_TO_EMBED is {site:?}, and not the whole path of a directory: see `cargo xtask build`"
        )
        .into());
    }
    println!("cargo:rerun-if-changed={site}");
    let code = format!("#[derive(rust_embed::RustEmbed)]\n#[folder = {site:?}]\nstruct Embedded;\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), code)?;
    Ok(())
}
