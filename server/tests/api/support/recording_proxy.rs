//! A proxy in front of the model that records all requests.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};

/// A proxy in front of the model that records all requests.
pub(crate) struct RecordingProxy {
    base_url: String,
    requests: Arc<Mutex<Vec<u8>>>,
}

impl RecordingProxy {
    /// Starts a proxy for the model at this base URL.
    pub(crate) async fn start(upstream: &str) -> Self {
        let upstream =
            upstream.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/v1")).unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recording = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&upstream).await.unwrap();
                tokio::spawn(relay(client, server, Arc::clone(&recording)));
            }
        });
        Self { base_url, requests }
    }

    pub(crate) fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// Returns everything that was sent to the model since the last [`RecordingProxy::clear`].
    pub(crate) fn recorded(&self) -> String {
        String::from_utf8_lossy(&self.requests.lock().unwrap()).into_owned()
    }

    pub(crate) fn clear(&self) {
        self.requests.lock().unwrap().clear();
    }
}

async fn relay(client: TcpStream, server: TcpStream, requests: Arc<Mutex<Vec<u8>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let to_model = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            requests.lock().unwrap().extend_from_slice(&buffer[..read]);
            if to_server.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    // The end of one direction closes both.
    tokio::select! {
        () = to_model => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}
