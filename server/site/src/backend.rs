//! What `ServeDir` reads from: the one or the other place.

use std::{future::Future, io, path::PathBuf, pin::Pin};

use tower_http::services::fs::Backend;

use crate::{
    Place, Site,
    file::{SiteFile, SiteMetadata},
};

/// Reads the files of a [`Site`] for `ServeDir`. Paths are relative to the site.
#[derive(Clone, Debug)]
pub struct SiteBackend(Site);

type Later<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

impl SiteBackend {
    pub(crate) fn new(site: Site) -> Self {
        Self(site)
    }
}

impl Backend for SiteBackend {
    type File = SiteFile;
    type Metadata = SiteMetadata;
    type OpenFuture = Later<SiteFile>;
    type MetadataFuture = Later<SiteMetadata>;

    fn open(&self, path: PathBuf) -> Later<SiteFile> {
        match &self.0.0 {
            Place::Program(files) => {
                let file = files.at(&path).map(SiteFile::memory);
                Box::pin(std::future::ready(file))
            }
            Place::Directory(root) => {
                let path = root.join(path);
                Box::pin(async move { tokio::fs::File::open(path).await.map(SiteFile::disk) })
            }
        }
    }

    fn metadata(&self, path: PathBuf) -> Later<SiteMetadata> {
        match &self.0.0 {
            Place::Program(files) => {
                let metadata = files.at(&path).map(|file| SiteMetadata::of(&file));
                Box::pin(std::future::ready(metadata))
            }
            Place::Directory(root) => {
                let path = root.join(path);
                Box::pin(async move { tokio::fs::metadata(path).await.map(SiteMetadata::from) })
            }
        }
    }
}
