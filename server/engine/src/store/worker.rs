//! A thread that owns a connection to the database, and does what it is asked one after the other.

use std::{io, time::Duration};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// How many questions may wait.
const WAITING: usize = 256;
/// How long to wait for another program that has the database locked: a backup, say.
pub(super) const BUSY: Duration = Duration::from_secs(5);
/// How long, once that was in vain: whatever stands in the queue has waited for those before it already.
const STILL_BUSY: Duration = Duration::from_millis(100);

/// Whether another program has kept a question from being answered.
type Locked = bool;
type Job = Box<dyn FnOnce(&mut Connection) -> Locked + Send>;

/// The way to the thread. Cheap to clone; the thread ends with the last one.
#[derive(Clone, Debug)]
pub(super) struct Worker(mpsc::Sender<Job>);

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has no thread to spare.
    pub(super) fn start(name: &str, mut connection: Connection) -> io::Result<Self> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING);
        let serve = move || {
            let mut was_locked = false;
            while let Some(job) = waiting.blocking_recv() {
                let locked = job(&mut connection);
                if locked != was_locked {
                    // One that cannot be set stays as it was: more or less patient, and right either way.
                    let _ = connection.busy_timeout(if locked { STILL_BUSY } else { BUSY });
                    was_locked = locked;
                }
            }
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(serve)?;
        Ok(Self(jobs))
    }

    /// Waits for the answer to a question.
    ///
    /// # Errors
    /// [`StoreError::Question`]
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let gone = || StoreError::Question("it is closed".to_owned());
        let job: Job = Box::new(move |connection| {
            let answer = question(connection);
            let code = answer.as_ref().err().and_then(rusqlite::Error::sqlite_error_code);
            // Who has gone away needs no answer.
            let _ = reply.send(answer);
            matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
        });
        self.0.send(job).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?.map_err(|error| StoreError::Question(error.to_string()))
    }
}
