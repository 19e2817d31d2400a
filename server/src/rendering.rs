//! Where pages are rendered: beside the async workers, a few at a time, each with a bound in time and size.
//!
//! Rendering is one long computation. On an async worker it would keep everything else waiting that this worker serves;
//! four such pages used to be enough to stop `/healthz`.

use std::{num::NonZero, sync::Arc, time::Duration};

use codex_gateway_app::RenderBudget;
use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

/// How long a page may wait for its turn and be rendered, together.
const RENDER_TIMEOUT: Duration = Duration::from_secs(5);

/// How large a rendered page may be.
pub const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// Renders pages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Renderer {
    permits: Arc<Semaphore>,
    timeout: Duration,
}

impl Default for Renderer {
    /// One core is left to everything else.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::new(cores.saturating_sub(1).max(1), RENDER_TIMEOUT)
    }
}

impl Renderer {
    fn new(permits: usize, timeout: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(permits)), timeout }
    }

    /// Runs `work` on a thread for blocking work. `None` if that takes too long or `work` gave up.
    ///
    /// Dropping the future cancels the budget: `work` is to look at it, because its thread cannot be stopped. The permit
    /// belongs to `work` and is given back when it ends, so that work nobody waits for still counts.
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

/// Cancels the budget when the request goes away.
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

    /// Work that goes on until the gate opens or is gone, and says when it has begun.
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

    // There is one async worker only: if anything blocked it, the test would not end.
    #[tokio::test]
    async fn async_worker_goes_on_while_pages_are_rendered() {
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
                _ = &mut third => panic!("both permits are taken"),
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
    async fn request_that_goes_away_cancels_its_rendering() {
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
            _ = run => panic!("it goes on until it is cancelled"),
            _ = begun => {}
        }
        ended.await.unwrap();
        assert_eq!(renderer.run(|_| Some(())).await, Some(()), "its permit is free again");
    }

    #[tokio::test]
    async fn page_that_waits_too_long_is_given_up() {
        let renderer = Renderer::new(1, Duration::ZERO);
        let _permit = renderer.permits.acquire().await.unwrap();
        assert_eq!(renderer.run(|_| Some(())).await, None);
    }

    #[tokio::test]
    async fn incomplete_page_is_not_given_out() {
        let renderer = Renderer::new(1, HOUR);
        let page = renderer.run(|budget| {
            budget.cancel();
            Some("half a page")
        });
        assert_eq!(page.await, None);
    }
}
