//! Clients that disconnect at random moments, and clients that read very slowly.

use std::time::Duration;

use codex_gateway_wire::event::GapReason;
use futures::future::join_all;

use super::{send_message, turn_id};
use crate::support::{Gateway, SeededRng, Setup, TranscriptReader, snapshot};

/// Number of clients that disconnect and resume.
const CLIENTS: usize = 200;
/// Maximum number of events that a client reads before it disconnects.
const MAX_EVENTS_PER_CONNECTION: usize = 60;
/// Number of slow clients.
const SLOW_CLIENTS: usize = 10;
/// Maximum growth of memory, in bytes: less than a fifth of what the slow clients do not read.
const MAX_GROWTH_BYTES: u64 = 64 * 1024 * 1024;

/// Reads to the end of a turn, and disconnects at random moments.
async fn read_with_reconnects(
    mut reader: TranscriptReader,
    mut rng: SeededRng,
    turn: &str,
) -> TranscriptReader {
    loop {
        for _ in 0..rng.in_range(1..MAX_EVENTS_PER_CONNECTION) {
            let event = reader.next().await.expect("the stream should continue");
            if event.is_notification("turn/completed") && event.json()["params"]["turn"]["id"] == *turn {
                return reader;
            }
            // All clients share one thread. A new connection must send its head in time, or the gateway closes it.
            tokio::task::yield_now().await;
        }
        if rng.one_in(3) {
            // Reconnects later, after further events.
            tokio::time::sleep(Duration::from_millis(rng.in_range(1..50) as u64)).await;
        }
        let header = rng.one_in(2);
        reader.resume(header).await;
    }
}

#[tokio::test]
async fn many_reconnecting_clients_receive_every_event_exactly_once() {
    let mut rng = SeededRng::new();
    let setup = Setup::fake("counts").set("CODEX_GATEWAY_MAX_STREAMS", "0");
    let gateway = setup.set("CODEX_GATEWAY_RATE_REQUESTS", "0").start().await;
    let session = gateway.create().await;
    let mut readers = join_all((0..CLIENTS).map(|_| TranscriptReader::open(&session))).await;
    for _ in 0..2 {
        let turn = turn_id(&send_message(&session, "Count to 60").await.ok());
        let reading = readers.into_iter().map(|reader| read_with_reconnects(reader, rng.fork(), &turn));
        readers = join_all(reading).await;
    }
    let expected = readers[0].assert_in_sync().await.transcript;
    let text: String = (1..=60).map(|number| number.to_string() + " ").collect();
    for reader in &mut readers {
        reader.assert_in_sync().await;
        assert!(reader.gaps.is_empty(), "the event log keeps all events: {:?}", reader.gaps);
        assert_eq!(reader.transcript.entries, expected.entries);
        assert!(reader.messages.len() == 2 && reader.messages.values().all(|message| *message == text));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn slow_clients_get_gaps_and_do_not_delay_others() {
    let gateway = Gateway::fake("flood").await.catalog_loaded().await;
    let session = gateway.create().await;
    let mut fast = TranscriptReader::open(&session).await;
    let slow = join_all((0..SLOW_CLIENTS).map(|_| TranscriptReader::open(&session))).await;
    let before = gateway.resident_bytes();
    let (done, is_done) = tokio::sync::watch::channel(false);
    let trickling = slow.into_iter().map(|mut reader| {
        let mut is_done = is_done.clone();
        tokio::spawn(async move {
            while !*is_done.borrow() {
                reader.read_byte().await;
                let _ = tokio::time::timeout(Duration::from_secs(1), is_done.changed()).await;
            }
            reader
        })
    });
    let trickling: Vec<_> = trickling.collect();
    let turn = turn_id(&send_message(&session, "Hello").await.ok());
    let is_over = |reader: &TranscriptReader| {
        let record = reader.transcript.turn(&turn.as_str().into());
        record.is_some_and(|record| record.duration_ms.is_some())
    };
    while !is_over(&fast) {
        fast.next().await.expect("the stream should continue");
    }
    // Other clients are served.
    gateway.client.get("/healthz").await.ok();
    let after = gateway.resident_bytes();
    assert!(after < before + MAX_GROWTH_BYTES, "{before} bytes before, {after} after");

    done.send_replace(true);
    let expected = snapshot(&session).await;
    for reader in join_all(trickling).await {
        let mut reader = reader.unwrap();
        while reader.last.seq < expected.at.seq {
            reader.next().await.expect("the stream should continue");
        }
        assert!(!reader.gaps.is_empty(), "a log of 4 MiB cannot keep all of it");
        assert!(reader.gaps.iter().all(|gap| gap.reason == GapReason::SlowReader));
        assert_eq!(reader.transcript.entries, expected.transcript.entries);
    }
    gateway.stop().await;
}
