//! The slow work of a session: futures whose results return to the actor.

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::actor::TaskResult;

/// The tasks of an actor.
#[derive(Default)]
pub(super) struct Tasks {
    running: FuturesUnordered<BoxFuture<'static, (TaskKind, TaskResult)>>,
    /// The number of running tasks that are passive.
    passive: usize,
}

/// Whether a task keeps the process busy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TaskKind {
    Active,
    Passive,
}

impl Tasks {
    /// Adds a task that keeps the process busy.
    pub(super) fn spawn(&mut self, task: impl Future<Output = TaskResult> + Send + 'static) {
        self.push(TaskKind::Active, task);
    }

    /// Adds a task that does not keep the process busy: a timer, or a write to the store.
    pub(super) fn spawn_passive(&mut self, task: impl Future<Output = TaskResult> + Send + 'static) {
        self.passive += 1;
        self.push(TaskKind::Passive, task);
    }

    fn push(&mut self, kind: TaskKind, task: impl Future<Output = TaskResult> + Send + 'static) {
        self.running.push(task.map(move |result| (kind, result)).boxed());
    }

    /// Waits for the next result. `None` if there is no task.
    pub(super) async fn next(&mut self) -> Option<TaskResult> {
        let (kind, result) = self.running.next().await?;
        if kind == TaskKind::Passive {
            self.passive -= 1;
        }
        Some(result)
    }

    /// Returns `true` if no task keeps the process busy.
    pub(super) fn are_passive(&self) -> bool {
        self.running.len() == self.passive
    }

    /// Drops all tasks.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_active_tasks_keep_the_process_busy() {
        let mut tasks = Tasks::default();
        assert!(tasks.are_passive() && tasks.next().await.is_none());
        tasks.spawn_passive(async { TaskResult::Done });
        assert!(tasks.are_passive());
        tasks.spawn(async { TaskResult::Done });
        assert!(!tasks.are_passive());
        while tasks.next().await.is_some() {}
        assert!(tasks.are_passive());
    }
}
