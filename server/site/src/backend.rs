//! Backend of `ServeDir`: reads from the program or from a directory.

use std::{future::Future, io, path::PathBuf, pin::Pin};

use tower_http::services::fs::Backend;

use crate::{
    Site, Source,
    file::{SiteFile, SiteMetadata},
};

/// Reads the files of a [`Site`] for `ServeDir`. Paths are relative to the site.
#[derive(Clone, Debug)]
pub struct SiteBackend(Site);

type BoxFuture<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl SiteBackend {
    pub(crate) fn new(site: Site) -> Self {
        Self(site)
    }
}

impl Backend for SiteBackend {
    type File = SiteFile;
    type Metadata = SiteMetadata;
    type OpenFuture = BoxFuture<SiteFile>;
    type MetadataFuture = BoxFuture<SiteMetadata>;

    fn open(&self, path: PathBuf) -> BoxFuture<SiteFile> {
        match &self.0.0 {
            Source::Embedded(files) => {
                let file = files.by_path(&path).map(SiteFile::memory);
                Box::pin(std::future::ready(file))
            }
            Source::Directory(root) => {
                let path = root.join(path);
                Box::pin(async move { tokio::fs::File::open(path).await.map(SiteFile::disk) })
            }
        }
    }

    fn metadata(&self, path: PathBuf) -> BoxFuture<SiteMetadata> {
        match &self.0.0 {
            Source::Embedded(files) => {
                let metadata = files.by_path(&path).map(|file| SiteMetadata::of(&file));
                Box::pin(std::future::ready(metadata))
            }
            Source::Directory(root) => {
                let path = root.join(path);
                Box::pin(async move { tokio::fs::metadata(path).await.map(SiteMetadata::from) })
            }
        }
    }
}
