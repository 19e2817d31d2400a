//! Compresses the site's files at build time, at the highest levels. The server sends them as they are.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

/// Returns the path of `file`'s compressed form: the same name with `.br` or `.gz` appended.
pub(crate) fn compressed_path(file: &Path, extension: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".");
    path.push(extension);
    path.into()
}

/// Writes `.br` (quality 11) and `.gz` (level 9) next to `file`. Leaves out a form that is not smaller.
pub(crate) fn write_compressed(file: &Path) -> Result<()> {
    let plain = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    for (extension, compressed) in [("br", brotli(&plain)?), ("gz", gzip(&plain)?)] {
        if compressed.len() < plain.len() {
            fs::write(compressed_path(file, extension), compressed)?;
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
    fn compressible_file_gets_both_forms_and_incompressible_file_gets_none() {
        let dir = tempfile::tempdir().unwrap();
        let (text, noise) = (dir.path().join("text.css"), dir.path().join("noise.png"));
        fs::write(&text, "body { margin: 0 }\n".repeat(100)).unwrap();
        fs::write(&noise, brotli(b"already compressed").unwrap()).unwrap();
        write_compressed(&text).unwrap();
        write_compressed(&noise).unwrap();
        for extension in ["br", "gz"] {
            assert!(compressed_path(&text, extension).exists());
            assert!(!compressed_path(&noise, extension).exists());
        }
    }
}
