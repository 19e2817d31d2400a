//! Streams a part of a scenario as one response.

use std::{future::pending, io, time::Duration};

use bytes::Bytes;
use futures::Stream;
use serde_json::json;
use tokio::{
    task::yield_now,
    time::{Instant, sleep_until},
};

use crate::{
    item_stream::{ItemPosition, ItemStream},
    request::OfferedTools,
    scenario::Step,
    sse::Frames,
    texts,
};

/// The content and the pace of one response.
pub(crate) struct ResponsePlan {
    pub(crate) steps: Vec<Step>,
    /// The time between two deltas of ordinary text.
    pub(crate) pace: Duration,
    pub(crate) offered: OfferedTools,
    /// The output of the last tool call. Empty at the start of a turn.
    pub(crate) last_output: String,
    /// The response's id. Unique across all mock servers, because codex derives item ids from it that outlive a server.
    pub(crate) id: String,
    /// The size of the request in bytes.
    pub(crate) request_bytes: usize,
}

/// The approximate maximum of bytes that are sent at once.
const BATCH_BYTES: usize = 32 << 10;

/// An estimate for the reported token usage.
const BYTES_PER_TOKEN: usize = 4;

impl ResponsePlan {
    /// The frames of the response. An error aborts the connection.
    pub(crate) fn into_stream(self) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
        let has_call = self.steps.iter().any(|step| matches!(step, Step::Call(_)));
        async_stream::stream! {
            let mut frames = Frames::default();
            let mut output_bytes = 0;
            frames.push("response.created", json!({"response": {"id": self.id}}));
            for (output_index, step) in self.steps.iter().enumerate() {
                let position =
                    ItemPosition { id: format!("{}_{output_index}", self.id), output_index, commentary: has_call };
                let Some(mut item) = self.item_stream(step, position) else {
                    self.push_call(step, output_index, &mut frames);
                    continue;
                };
                item.push_start(&mut frames);
                let start = Instant::now();
                for sent in 0.. {
                    let due = start + item.pace * sent;
                    if due > Instant::now() {
                        yield Ok(frames.take());
                        sleep_until(due).await;
                    } else if frames.len() >= BATCH_BYTES {
                        yield Ok(frames.take());
                    }
                    if !item.push_delta(&mut frames) {
                        break;
                    }
                }
                if matches!(step, Step::Cut | Step::Hang) {
                    yield Ok(frames.take());
                }
                match step {
                    // The yielded frames are written while this is pending. Then the error aborts the connection.
                    Step::Cut => {
                        yield_now().await;
                        yield Err(io::Error::other("cut by the scenario"));
                        return;
                    }
                    Step::Hang => pending().await,
                    _ => {}
                }
                output_bytes += item.push_end(&mut frames);
            }
            let (input, output) = (self.request_bytes / BYTES_PER_TOKEN, output_bytes.div_ceil(BYTES_PER_TOKEN));
            frames.push("response.completed", json!({"response": {"id": self.id, "usage": {
                "input_tokens": input, "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": output, "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": input + output,
            }}}));
            yield Ok(frames.take());
        }
    }

    /// The message or reasoning item of a step. `None` for other steps.
    fn item_stream(&self, step: &Step, position: ItemPosition) -> Option<ItemStream> {
        match step {
            Step::Message(text) => Some(ItemStream::message(text, self.pace, position)),
            Step::Deltas(spec) => Some(ItemStream::deltas(*spec, position)),
            Step::Reasoning => Some(ItemStream::reasoning(self.pace, position)),
            Step::Verdict => {
                Some(ItemStream::message(texts::verdict(&self.last_output), self.pace, position))
            }
            Step::Cut | Step::Hang => Some(ItemStream::message(texts::UNFINISHED, self.pace, position)),
            // The server handles failures before it streams the response.
            Step::Call(_) | Step::Fail(_) | Step::Flaky(_) => None,
        }
    }

    /// Adds the frames of a step's tool call, if the step is one.
    fn push_call(&self, step: &Step, output_index: usize, frames: &mut Frames) {
        let Step::Call(call) = step else { return };
        let item = call.item(&self.offered, &format!("{}_{output_index}", self.id), &self.last_output);
        let event = json!({"output_index": output_index, "item": item});
        frames.push("response.output_item.added", &event);
        frames.push("response.output_item.done", &event);
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::*;
    use crate::scenario::{Deltas, Scenario};

    fn response(steps: Vec<Step>, pace: Duration) -> ResponsePlan {
        let (offered, last_output) = (OfferedTools::everything(), String::new());
        ResponsePlan { steps, pace, offered, last_output, id: "r".to_owned(), request_bytes: 400 }
    }

    /// The sent frames, each with its time since the start.
    async fn sent(response: ResponsePlan) -> Vec<(Duration, String)> {
        let start = Instant::now();
        let sent = response
            .into_stream()
            .map(|frames| (start.elapsed(), String::from_utf8(frames.unwrap().into()).unwrap()));
        sent.collect().await
    }

    fn kinds(sent: &[(Duration, String)]) -> Vec<String> {
        let lines = sent.iter().flat_map(|(_, frames)| frames.lines());
        lines.filter_map(|line| line.strip_prefix("event: response.")).map(str::to_owned).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn paced_deltas_are_sent_one_by_one_on_time() {
        let spec = Deltas { count: 50, pace: Duration::from_millis(2), size: 5, stamp: false };
        let sent = sent(response(vec![Step::Deltas(spec)], Duration::ZERO)).await;
        assert_eq!(sent.len(), 51);
        for (n, (at, frames)) in sent[..50].iter().enumerate() {
            assert_eq!(frames.matches("output_text.delta\n").count(), 1);
            assert_eq!(at.as_millis(), 2 * n as u128);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn unpaced_deltas_are_sent_in_batches_without_delay() {
        let spec = Deltas { count: 5000, pace: Duration::ZERO, size: 5, stamp: false };
        let sent = sent(response(vec![Step::Deltas(spec)], Duration::ZERO)).await;
        assert!(sent.len() < 50, "{}", sent.len());
        assert!(sent.iter().all(|(at, _)| at.is_zero()));
        assert_eq!(kinds(&sent).iter().filter(|kind| *kind == "output_text.delta").count(), 5000);
    }

    #[tokio::test]
    async fn response_has_the_event_order_that_codex_expects() {
        let offered = OfferedTools::everything();
        let steps = Scenario::from_prompt("!standin reasoning, command").part(0, &offered);
        let mut kinds = kinds(&sent(response(steps, Duration::ZERO)).await);
        kinds.dedup();
        let expected = [
            "created",
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "output_item.done",
            "output_item.added",
            "output_item.done",
            "completed",
        ];
        assert_eq!(kinds, expected);
    }

    #[tokio::test]
    async fn cut_ends_with_an_error() {
        let frames: Vec<_> = response(vec![Step::Cut], Duration::ZERO).into_stream().collect().await;
        assert!(frames[0].is_ok() && frames.last().unwrap().is_err());
    }
}
