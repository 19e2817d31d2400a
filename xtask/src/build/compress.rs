//! Compressing once, at build time, as well as it can be: the server sends these files as they are.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

/// Where `file`'s compressed form is: its name and `.br` or `.gz`.
pub(crate) fn name(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Writes `.br` (quality 11) and `.gz` (level 9) beside `file`, where they are smaller than it.
pub(crate) fn beside(file: &Path) -> Result<()> {
    let plain = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    for (ending, compressed) in [("br", brotli(&plain)?), ("gz", gzip(&plain)?)] {
        if compressed.len() < plain.len() {
            fs::write(name(file, ending), compressed)?;
        }
    }
    Ok(())
}

fn brotli(mut plain: &[u8]) -> Result<Vec<u8>> {
    let parameters =
        BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: plain.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut plain, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_gets_both_forms_and_noise_gets_none() {
        let dir = tempfile::tempdir().unwrap();
        let (text, noise) = (dir.path().join("text.css"), dir.path().join("noise.png"));
        fs::write(&text, "body { margin: 0 }\n".repeat(100)).unwrap();
        fs::write(&noise, brotli(b"compressed once, not twice").unwrap()).unwrap();
        beside(&text).unwrap();
        beside(&noise).unwrap();
        for ending in ["br", "gz"] {
            assert!(name(&text, ending).exists());
            assert!(!name(&noise, ending).exists());
        }
    }
}
