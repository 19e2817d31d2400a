//! A thread that owns a database connection and runs jobs on it, one after the other.

use std::{io, time::Duration};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// The maximum number of jobs that wait.
const MAX_QUEUED_JOBS: usize = 256;
/// How long a job waits for another program that has the database locked, such as a backup.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a job waits after the job before it found the database locked. Jobs in the queue have waited for the
/// earlier ones already.
const REPEAT_BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// `true` if a job failed because another program had the database locked.
type WasLocked = bool;
type Job = Box<dyn FnOnce(&mut Connection) -> WasLocked + Send>;

/// A handle on the thread. Cheap to clone. The thread ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub(super) struct Worker(mpsc::Sender<Job>);

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system cannot start a thread.
    pub(super) fn start(name: &str, mut connection: Connection) -> io::Result<Self> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(MAX_QUEUED_JOBS);
        let serve = move || {
            let mut was_locked = false;
            while let Some(job) = waiting.blocking_recv() {
                let locked = job(&mut connection);
                if locked != was_locked {
                    // If the timeout cannot be set, the old one stays. It affects waiting times only.
                    let _ = connection.busy_timeout(if locked { REPEAT_BUSY_TIMEOUT } else { BUSY_TIMEOUT });
                    was_locked = locked;
                }
            }
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(serve)?;
        Ok(Self(jobs))
    }

    /// Runs a job on the thread and returns its result.
    ///
    /// # Errors
    /// [`StoreError::Query`]
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, result) = oneshot::channel();
        let closed = || StoreError::Query("it is closed".to_owned());
        let job: Job = Box::new(move |connection| {
            let result = job(connection);
            let code = result.as_ref().err().and_then(rusqlite::Error::sqlite_error_code);
            // Fails if the caller has stopped waiting.
            let _ = reply.send(result);
            matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
        });
        self.0.send(job).await.map_err(|_| closed())?;
        result.await.map_err(|_| closed())?.map_err(|error| StoreError::Query(error.to_string()))
    }
}
