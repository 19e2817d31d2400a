//! Open files of a site, and their metadata.

use std::{
    fs,
    future::Future,
    io,
    io::{Cursor, SeekFrom},
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};
use tower_http::services::fs::{File, Metadata};

use crate::memory::MemoryFile;

/// An open file of the site.
#[derive(Debug)]
pub struct SiteFile(Content);

#[derive(Debug)]
enum Content {
    Disk(tokio::fs::File),
    Memory(Cursor<&'static [u8]>, SiteMetadata),
}

/// Metadata of a file.
#[derive(Clone, Copy, Debug)]
pub struct SiteMetadata {
    is_dir: bool,
    /// Length in bytes.
    len: u64,
    /// Time of the last modification, if known.
    modified: Option<SystemTime>,
}

impl SiteFile {
    pub(crate) fn disk(file: tokio::fs::File) -> Self {
        Self(Content::Disk(file))
    }

    pub(crate) fn memory(file: MemoryFile) -> Self {
        Self(Content::Memory(Cursor::new(file.content), SiteMetadata::of(&file)))
    }
}

impl SiteMetadata {
    pub(crate) fn of(file: &MemoryFile) -> Self {
        Self { is_dir: false, len: file.content.len() as u64, modified: file.modified }
    }
}

impl From<fs::Metadata> for SiteMetadata {
    fn from(metadata: fs::Metadata) -> Self {
        Self { is_dir: metadata.is_dir(), len: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl Metadata for SiteMetadata {
    fn is_dir(&self) -> bool {
        self.is_dir
    }

    fn modified(&self) -> io::Result<SystemTime> {
        self.modified.ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    fn len(&self) -> u64 {
        self.len
    }
}

impl File for SiteFile {
    type Metadata = SiteMetadata;
    type MetadataFuture<'a> = Pin<Box<dyn Future<Output = io::Result<SiteMetadata>> + Send + 'a>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        Box::pin(async move {
            match &self.0 {
                Content::Disk(file) => file.metadata().await.map(SiteMetadata::from),
                Content::Memory(_, metadata) => Ok(*metadata),
            }
        })
    }
}

impl AsyncRead for SiteFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Content::Disk(file) => Pin::new(file).poll_read(cx, into),
            Content::Memory(bytes, _) => Pin::new(bytes).poll_read(cx, into),
        }
    }
}

impl AsyncSeek for SiteFile {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        match &mut self.0 {
            Content::Disk(file) => Pin::new(file).start_seek(to),
            Content::Memory(bytes, _) => Pin::new(bytes).start_seek(to),
        }
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        match &mut self.0 {
            Content::Disk(file) => Pin::new(file).poll_complete(cx),
            Content::Memory(bytes, _) => Pin::new(bytes).poll_complete(cx),
        }
    }
}
