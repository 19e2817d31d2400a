//! Plays one part of a scenario as an event stream.

use std::{future::pending, io, time::Duration};

use bytes::Bytes;
use futures::Stream;
use serde_json::json;
use tokio::{
    task::yield_now,
    time::{Instant, sleep_until},
};

use crate::{
    request::Offered,
    scenario::Step,
    speech::{Place, Speech},
    sse::Frames,
    texts,
};

/// Everything that one response depends on.
pub(crate) struct Reply {
    pub(crate) steps: Vec<Step>,
    /// Time between two deltas of ordinary text.
    pub(crate) pace: Duration,
    pub(crate) offered: Offered,
    /// What the last tool has said; empty at the start of a turn.
    pub(crate) last_output: String,
    /// Unique over all responses of all stand-ins: codex uses the ids of items as its own.
    pub(crate) id: String,
    /// Bytes of the request.
    pub(crate) request_bytes: usize,
}

/// Frames that are due are sent together, up to about this many bytes.
const BATCH: usize = 32 << 10;

/// A rough figure, good enough for a gauge of used tokens.
const BYTES_PER_TOKEN: usize = 4;

impl Reply {
    /// The response, frame by frame. An error breaks the connection.
    pub(crate) fn play(self) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
        let calls = self.steps.iter().any(|step| matches!(step, Step::Call(_)));
        async_stream::stream! {
            let mut frames = Frames::default();
            let mut spoken_bytes = 0;
            frames.push("response.created", json!({"response": {"id": self.id}}));
            for (output_index, step) in self.steps.iter().enumerate() {
                let place = Place { id: format!("{}_{output_index}", self.id), output_index, commentary: calls };
                let Some(mut speech) = self.speech(step, place) else {
                    self.call(step, output_index, &mut frames);
                    continue;
                };
                speech.open(&mut frames);
                let start = Instant::now();
                for sent in 0.. {
                    let due = start + speech.pace * sent;
                    if due > Instant::now() {
                        yield Ok(frames.take());
                        sleep_until(due).await;
                    } else if frames.len() >= BATCH {
                        yield Ok(frames.take());
                    }
                    if !speech.delta(&mut frames) {
                        break;
                    }
                }
                if matches!(step, Step::Cut | Step::Hang) {
                    yield Ok(frames.take());
                }
                match step {
                    // What was yielded is written once this is pending; then the error cuts it off.
                    Step::Cut => {
                        yield_now().await;
                        yield Err(io::Error::other("cut, as the scenario says"));
                        return;
                    }
                    Step::Hang => pending().await,
                    _ => {}
                }
                spoken_bytes += speech.close(&mut frames);
            }
            let (input, output) = (self.request_bytes / BYTES_PER_TOKEN, spoken_bytes.div_ceil(BYTES_PER_TOKEN));
            frames.push("response.completed", json!({"response": {"id": self.id, "usage": {
                "input_tokens": input, "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": output, "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": input + output,
            }}}));
            yield Ok(frames.take());
        }
    }

    /// The item that a step says, if it says one.
    fn speech(&self, step: &Step, place: Place) -> Option<Speech> {
        match step {
            Step::Say(text) => Some(Speech::message(text, self.pace, place)),
            Step::Deltas(spec) => Some(Speech::deltas(*spec, place)),
            Step::Reason => Some(Speech::reasoning(self.pace, place)),
            Step::Verdict => Some(Speech::message(texts::verdict(&self.last_output), self.pace, place)),
            Step::Cut | Step::Hang => Some(Speech::message(texts::UNFINISHED, self.pace, place)),
            // The others say nothing; the server has dealt with failures already.
            Step::Call(_) | Step::Fail(_) | Step::Flaky(_) => None,
        }
    }

    /// Adds the tool call of a step, if it is one.
    fn call(&self, step: &Step, output_index: usize, frames: &mut Frames) {
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

    fn reply(steps: Vec<Step>, pace: Duration) -> Reply {
        let (offered, last_output) = (Offered::everything(), String::new());
        Reply { steps, pace, offered, last_output, id: "r".to_owned(), request_bytes: 400 }
    }

    /// What is sent, and when, in the time of the test.
    async fn sent(reply: Reply) -> Vec<(Duration, String)> {
        let start = Instant::now();
        let sent =
            reply.play().map(|frames| (start.elapsed(), String::from_utf8(frames.unwrap().into()).unwrap()));
        sent.collect().await
    }

    fn kinds(sent: &[(Duration, String)]) -> Vec<String> {
        let lines = sent.iter().flat_map(|(_, frames)| frames.lines());
        lines.filter_map(|line| line.strip_prefix("event: response.")).map(str::to_owned).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn paced_deltas_leave_one_by_one_at_their_time() {
        let spec = Deltas { count: 50, pace: Duration::from_millis(2), size: 5, stamp: false };
        let sent = sent(reply(vec![Step::Deltas(spec)], Duration::ZERO)).await;
        assert_eq!(sent.len(), 51);
        for (n, (at, frames)) in sent[..50].iter().enumerate() {
            assert_eq!(frames.matches("output_text.delta\n").count(), 1);
            assert_eq!(at.as_millis(), 2 * n as u128);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn unpaced_deltas_leave_in_batches_without_a_pause() {
        let spec = Deltas { count: 5000, pace: Duration::ZERO, size: 5, stamp: false };
        let sent = sent(reply(vec![Step::Deltas(spec)], Duration::ZERO)).await;
        assert!(sent.len() < 50, "{}", sent.len());
        assert!(sent.iter().all(|(at, _)| at.is_zero()));
        assert_eq!(kinds(&sent).iter().filter(|kind| *kind == "output_text.delta").count(), 5000);
    }

    #[tokio::test]
    async fn a_response_has_the_order_that_codex_expects() {
        let offered = Offered::everything();
        let steps = Scenario::of("!standin reasoning, command").part(0, &offered);
        let mut kinds = kinds(&sent(reply(steps, Duration::ZERO)).await);
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
    async fn a_cut_ends_in_an_error() {
        let frames: Vec<_> = reply(vec![Step::Cut], Duration::ZERO).play().collect().await;
        assert!(frames[0].is_ok() && frames.last().unwrap().is_err());
    }
}
