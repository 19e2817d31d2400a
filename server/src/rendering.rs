//! Rendering of pages: on blocking threads, with limits on concurrency, time and size.
//!
//! Rendering is one long computation. On an async worker it would delay all of that worker's tasks: four large
//! pages used to be enough to stop `/healthz`.

use std::{num::NonZero, sync::Arc, time::Duration};

use codex_gateway_app::RenderBudget;
use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

/// Maximum time of a page from the request to the end of its rendering.
const RENDER_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of a rendered page.
pub const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// Renders pages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Renderer {
    permits: Arc<Semaphore>,
    timeout: Duration,
}

impl Default for Renderer {
    /// Leaves one core to everything else.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::new(cores.saturating_sub(1).max(1), RENDER_TIMEOUT)
    }
}

impl Renderer {
    fn new(permits: usize, timeout: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(permits)), timeout }
    }

    /// Runs `work` on a blocking thread. `None` if it takes too long or gives up.
    ///
    /// Dropping the future cancels the budget. `work` must check the budget, because its thread cannot be
    /// stopped. The permit is released when `work` returns, so abandoned work still counts.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&RenderBudget) -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let deadline = Instant::now() + self.timeout;
        let permit = timeout_at(deadline, Arc::clone(&self.permits).acquire_owned()).await.ok()?.ok()?;
        let budget = RenderBudget::new(deadline.saturating_duration_since(Instant::now()), MAX_PAGE_BYTES);
        let cancel = CancelOnDrop(budget);
        let budget = cancel.0.clone();
        let work = spawn_blocking(move || {
            let _permit = permit;
            work(&budget).filter(|_| !budget.is_spent())
        });
        timeout_at(deadline, work).await.ok()?.ok()?
    }
}

/// Cancels the budget when the request is dropped.
struct CancelOnDrop(RenderBudget);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use tokio::{join, select, sync::oneshot};

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// Returns work that runs until the gate opens or is dropped. Sends on `begun` when it starts.
    fn gated(
        gate: mpsc::Receiver<()>,
        begun: oneshot::Sender<()>,
    ) -> impl FnOnce(&RenderBudget) -> Option<u8> {
        move |_| {
            let _ = begun.send(());
            let _ = gate.recv();
            Some(1)
        }
    }

    // The test has one async worker. If anything blocked it, the test would hang.
    #[tokio::test]
    async fn rendering_does_not_block_async_worker() {
        let renderer = Renderer::new(2, HOUR);
        let ((first, first_gate), (second, second_gate)) = (mpsc::channel(), mpsc::channel());
        let ((first_begins, first_begun), (second_begins, second_begun)) =
            (oneshot::channel(), oneshot::channel());
        let others = async {
            first_begun.await.unwrap();
            second_begun.await.unwrap();
            let third = renderer.run(|_| Some(3));
            tokio::pin!(third);
            select! {
                biased;
                _ = &mut third => panic!("both permits are in use"),
                () = tokio::task::yield_now() => {}
            }
            first.send(()).unwrap();
            let third = third.await;
            second.send(()).unwrap();
            third
        };
        let results = join!(
            renderer.run(gated(first_gate, first_begins)),
            renderer.run(gated(second_gate, second_begins)),
            others,
        );
        assert_eq!(results, (Some(1), Some(1), Some(3)));
    }

    #[tokio::test]
    async fn dropped_request_cancels_rendering() {
        let renderer = Renderer::new(1, HOUR);
        let (begins, begun) = oneshot::channel();
        let (ends, ended) = oneshot::channel();
        let run = renderer.run(move |budget| {
            let _ = begins.send(());
            while !budget.is_spent() {
                std::thread::yield_now();
            }
            let _ = ends.send(());
            None::<()>
        });
        select! {
            _ = run => panic!("the work runs until it is cancelled"),
            _ = begun => {}
        }
        ended.await.unwrap();
        assert_eq!(renderer.run(|_| Some(())).await, Some(()), "the permit is released");
    }

    #[tokio::test]
    async fn page_that_waits_past_timeout_is_not_rendered() {
        let renderer = Renderer::new(1, Duration::ZERO);
        let _permit = renderer.permits.acquire().await.unwrap();
        assert_eq!(renderer.run(|_| Some(())).await, None);
    }

    #[tokio::test]
    async fn page_over_budget_is_not_returned() {
        let renderer = Renderer::new(1, HOUR);
        let page = renderer.run(|budget| {
            budget.cancel();
            Some("half a page")
        });
        assert_eq!(page.await, None);
    }
}
