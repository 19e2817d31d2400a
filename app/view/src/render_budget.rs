//! How much the rendering of a page may take, on the server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The time and the size that a page may take. It is looked at before each row of a list (turns, entries, blocks of
/// Markdown): the thread that renders cannot be stopped from outside. A page whose budget is spent is incomplete.
#[derive(Clone, Debug)]
pub struct RenderBudget(Arc<Budget>);

#[derive(Debug)]
struct Budget {
    deadline: Instant,
    max_bytes: usize,
    is_spent: AtomicBool,
}

impl RenderBudget {
    /// A budget that begins now.
    pub fn new(time: Duration, max_bytes: usize) -> Self {
        Self(Arc::new(Budget {
            deadline: Instant::now() + time,
            max_bytes,
            is_spent: AtomicBool::new(false),
        }))
    }

    /// Ends the rendering at the next row, because the client has gone.
    pub fn cancel(&self) {
        self.0.is_spent.store(true, Ordering::Relaxed);
    }

    /// Returns true if something may be missing in the page.
    pub fn is_spent(&self) -> bool {
        self.0.is_spent.load(Ordering::Relaxed)
    }

    /// Returns true if the page, of which that much is written, may go on.
    pub(crate) fn allows(&self, bytes: usize) -> bool {
        if bytes > self.0.max_bytes || Instant::now() > self.0.deadline {
            self.cancel();
        }
        !self.is_spent()
    }
}

#[cfg(test)]
mod tests {
    use leptos::prelude::*;

    use super::*;
    use crate::keyed;

    const HOUR: Duration = Duration::from_hours(1);

    /// Renders a list of rows, and returns how many were asked for.
    fn rows(budget: &RenderBudget, count: usize, each: impl Fn() + Send + Sync + 'static) -> usize {
        let owner = Owner::new();
        owner.with(|| {
            provide_context(budget.clone());
            let items = move || 0..count;
            let html = keyed(
                items,
                |item| *item,
                move |_| {
                    each();
                    "row"
                },
            )
            .to_html();
            html.matches("row").count()
        })
    }

    #[test]
    fn page_within_its_budget_is_whole() {
        let budget = RenderBudget::new(HOUR, 1_000_000);
        assert_eq!(rows(&budget, 100, || {}), 100);
        assert!(!budget.is_spent());
    }

    #[test]
    fn page_whose_client_has_gone_ends_at_the_next_row() {
        let budget = RenderBudget::new(HOUR, 1_000_000);
        let client = budget.clone();
        assert_eq!(rows(&budget, 100, move || client.cancel()), 1);
        assert!(budget.is_spent());
    }

    #[test]
    fn page_beyond_its_time_or_size_ends() {
        let late = RenderBudget::new(Duration::ZERO, 1_000_000);
        assert_eq!(rows(&late, 100, || {}), 0);
        let large = RenderBudget::new(HOUR, 20);
        assert!(rows(&large, 100, || {}) < 10);
        assert!(late.is_spent() && large.is_spent());
    }
}
