//! Clients that come and go at any moment, and clients that hardly read.

use std::time::Duration;

use codex_gateway_wire::event::GapReason;
use futures::future::join_all;

use super::{say, turn_of};
use crate::support::{Chance, Gateway, Reader, Setup, snapshot};

/// How many come and go.
const MANY: usize = 200;
/// How many events one reads at most before it goes.
const AT_ONCE: usize = 60;
/// How many hardly read, and how much memory they may cost all together: less than a fifth of what they do not read.
const SLOW: usize = 10;
const MEMORY: u64 = 64 * 1024 * 1024;

/// Reads to the end of a turn, and is away again and again.
async fn come_and_go(mut reader: Reader, mut chance: Chance, turn: &str) -> Reader {
    loop {
        for _ in 0..chance.number(1..AT_ONCE) {
            let event = reader.next().await.expect("the stream should go on");
            if event.is("turn/completed") && event.json()["params"]["turn"]["id"] == *turn {
                return reader;
            }
            // All of them share one thread: who has connected must soon say what it wants, or the gateway hangs up.
            tokio::task::yield_now().await;
        }
        if chance.one_in(3) {
            // Not at once: more has happened when it is back.
            tokio::time::sleep(Duration::from_millis(chance.number(1..50) as u64)).await;
        }
        let header = chance.one_in(2);
        reader.resume(header).await;
    }
}

#[tokio::test]
async fn many_that_drop_and_resume_miss_nothing_and_get_nothing_twice() {
    let mut chance = Chance::new();
    let setup = Setup::fake("counts").set("CODEX_GATEWAY_MAX_STREAMS", "0");
    let gateway = setup.set("CODEX_GATEWAY_RATE_REQUESTS", "0").start().await;
    let session = gateway.create().await;
    let mut readers = join_all((0..MANY).map(|_| Reader::of(&session))).await;
    for _ in 0..2 {
        let turn = turn_of(&say(&session, "Count to 60").await.ok());
        let reading = readers.into_iter().map(|reader| come_and_go(reader, chance.fork(), &turn));
        readers = join_all(reading).await;
    }
    let whole = readers[0].has_what_the_gateway_has().await.transcript;
    let text: String = (1..=60).map(|number| number.to_string() + " ").collect();
    for reader in &mut readers {
        reader.has_what_the_gateway_has().await;
        assert!(reader.gaps.is_empty(), "all of it is kept: {:?}", reader.gaps);
        assert_eq!(reader.transcript.entries, whole.entries);
        assert!(reader.messages.len() == 2 && reader.messages.values().all(|told| *told == text));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn those_who_read_a_byte_a_second_slow_nobody_down_and_are_told_what_they_miss() {
    let gateway = Gateway::fake("flood").await.settled().await;
    let session = gateway.create().await;
    let mut fast = Reader::of(&session).await;
    let slow = join_all((0..SLOW).map(|_| Reader::of(&session))).await;
    let before = gateway.memory();
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
    let turn = turn_of(&say(&session, "Hello").await.ok());
    let is_over = |reader: &Reader| {
        let record = reader.transcript.turn(&turn.as_str().into());
        record.is_some_and(|record| record.duration_ms.is_some())
    };
    while !is_over(&fast) {
        fast.next().await.expect("the stream should go on");
    }
    // The rest of the gateway is there for others.
    gateway.client.get("/healthz").await.ok();
    let after = gateway.memory();
    assert!(after < before + MEMORY, "{before} bytes before, {after} after");

    done.send_replace(true);
    let whole = snapshot(&session).await;
    for reader in join_all(trickling).await {
        let mut reader = reader.unwrap();
        while reader.last.seq < whole.at.seq {
            reader.next().await.expect("the stream should go on");
        }
        assert!(!reader.gaps.is_empty(), "a log of 4 MiB cannot keep all of it");
        assert!(reader.gaps.iter().all(|gap| gap.reason == GapReason::SlowReader));
        assert_eq!(reader.transcript.entries, whole.transcript.entries);
    }
    gateway.stop().await;
}
