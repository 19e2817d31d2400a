//! A proxy before the model that remembers what the model was told.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};

/// A proxy before the model that remembers what the model was told.
pub(crate) struct Recorder {
    base_url: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    /// A proxy before this model.
    pub(crate) async fn start(upstream: &str) -> Self {
        let upstream =
            upstream.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/v1")).unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let recording = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&upstream).await.unwrap();
                tokio::spawn(relay(client, server, Arc::clone(&recording)));
            }
        });
        Self { base_url, heard }
    }

    pub(crate) fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// All that the model was told since the last [`Recorder::forget`].
    pub(crate) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }

    pub(crate) fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }
}

async fn relay(client: TcpStream, server: TcpStream, heard: Arc<Mutex<Vec<u8>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            heard.lock().unwrap().extend_from_slice(&buffer[..read]);
            if to_server.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    // When one side ends, so does the other.
    tokio::select! {
        () = there => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}
