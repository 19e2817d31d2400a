//! What the page says about a turn as a whole, and which of its entries fold away when it has ended.
//!
//! - [`exploration`]: successive steps that only read
//! - [`review`]: reviews, which codex reports in its own way

mod exploration;
mod review;

use std::collections::HashSet;

use codex_gateway_wire::{
    Content, Entry, Item, ItemId, Phase, Transcript, TurnId,
    codex::{ItemStatus, TurnError, TurnStatus},
    diff::{LineCounts, applied_changes, compose_diffs},
    request::{RequestOutcome, ResolvedBy},
    transcript::{Question, answer},
};

use self::{exploration::Explorations, review::ReviewEntries};
use super::changed_file::ChangedFile;

/// Facts about a turn as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TurnFacts {
    pub(crate) status: TurnStatus,
    /// Why the turn failed.
    pub(crate) error: Option<TurnError>,
    /// How long the turn has worked. The time in which it waited for the user does not count.
    pub(crate) duration_ms: Option<u64>,
    /// `true` for the newest turn of the conversation.
    pub(crate) is_last: bool,
    /// The step that is running. `None` while the agent writes its answer, and when the turn has ended.
    pub(crate) current: Option<ItemId>,
    /// The entries that fold away: the work of the turn.
    pub(crate) folds: HashSet<ItemId>,
    /// The steps whose failure matters: all that failed if the turn failed, else the last step. The agent has seen the
    /// failure of any other step, and went on.
    pub(crate) open_failures: HashSet<ItemId>,
    /// The instructions that codex gave itself. They are no messages of the user.
    pub(crate) instructions: HashSet<ItemId>,
    /// The entries that are not shown, because another one shows the same.
    pub(crate) hidden: HashSet<ItemId>,
    /// Successive steps that only read, list or search. Each is shown as one row.
    pub(crate) explorations: Explorations,
    /// Counts of the work. Zero while the turn runs.
    pub(crate) work: WorkCounts,
    /// The files that the turn has changed. Empty while it runs.
    pub(crate) files: Vec<ChangedFile>,
    /// The number of entries that these facts were derived from.
    pub(crate) entries: usize,
}

/// Counts of what the steps of a turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkCounts {
    pub(crate) commands: usize,
    pub(crate) files: usize,
    pub(crate) lines: LineCounts,
    pub(crate) failed: usize,
}

impl TurnFacts {
    /// Derives the facts from the transcript. `ids` are the turn's entries, `before` the facts as they were last derived.
    ///
    /// Every change outside the entries runs this for each turn on the page. The files of an ended turn are taken from
    /// `before`, because composing its diffs takes long.
    pub(crate) fn of(transcript: &Transcript, id: &TurnId, ids: &[ItemId], before: Option<&Self>) -> Self {
        let turn = transcript.turn(id);
        let status = turn.map_or(TurnStatus::Other, |turn| turn.status);
        let entries: Vec<&Entry> = ids.iter().filter_map(|id| transcript.entries.get(id)).collect();
        let is_running = status == TurnStatus::InProgress;
        let answer = final_answer(&entries);
        let open_failures = open_failures(&entries, status);
        let ReviewEntries { instructions, hidden } = ReviewEntries::of(&entries);
        let end_ms = turn.and_then(|turn| {
            let duration_ms = i64::try_from(turn.duration_ms?).ok()?;
            Some(turn.started_at? * 1000 + duration_ms)
        });
        let unchanged = before.filter(|before| !before.running() && before.entries == entries.len());
        let files = match unchanged {
            _ if is_running => Vec::new(),
            Some(before) => before.files.clone(),
            None => compose_diffs(entries.iter().flat_map(|entry| applied_changes(entry)))
                .iter()
                .map(ChangedFile::of)
                .collect(),
        };
        Self {
            status,
            error: turn.and_then(|turn| turn.error.clone()),
            duration_ms: turn
                .and_then(|turn| turn.duration_ms)
                .map(|duration_ms| duration_ms.saturating_sub(waited_ms(entries.iter().copied()))),
            is_last: transcript.turns.last().is_some_and(|last| last.id == *id),
            current: entries.last().filter(|last| is_running && !is_answer(last)).map(|last| last.id.clone()),
            folds: entries
                .iter()
                .filter(|entry| {
                    let stays =
                        answer.contains(&entry.id) || stays(entry, &open_failures) || outlived(entry, end_ms);
                    instructions.contains(&entry.id) || !stays
                })
                .map(|entry| entry.id.clone())
                .collect(),
            open_failures,
            instructions,
            hidden,
            explorations: Explorations::of(&entries),
            work: if is_running { WorkCounts::default() } else { WorkCounts::of(&entries, &files) },
            files,
            entries: entries.len(),
        }
    }

    /// Returns `true` if the turn was not started by a message: its instructions are codex's own.
    pub(crate) fn has_own_instructions(&self) -> bool {
        !self.instructions.is_empty()
    }

    /// Returns `true` while the turn runs.
    pub(crate) fn running(&self) -> bool {
        self.status == TurnStatus::InProgress
    }
}

impl WorkCounts {
    fn of(entries: &[&Entry], files: &[ChangedFile]) -> Self {
        let mut counts = Self { files: files.len(), ..Self::default() };
        for file in files {
            counts.lines += file.lines;
        }
        for entry in entries {
            let is_command = matches!(&entry.content, Content::Item(Item::CommandExecution(_)));
            counts.commands += usize::from(is_command);
            counts.failed += usize::from(has_failed(entry));
        }
        counts
    }
}

/// Returns how long a turn with these entries waited for the user, in milliseconds. Requests that waited at the same time
/// count once. A request that still waits does not count.
pub(crate) fn waited_ms<'a>(entries: impl Iterator<Item = &'a Entry>) -> u64 {
    let mut waits: Vec<(i64, i64)> = entries
        .filter_map(|entry| match &entry.content {
            Content::Question(question) => {
                let resolved = question.resolved.as_ref()?;
                Some((question.request.created_at.ms(), resolved.at.ms()))
            }
            _ => None,
        })
        .collect();
    waits.sort_unstable();
    let (mut waited, mut counted_until) = (0, i64::MIN);
    for (start, end) in waits {
        waited += (end - start.max(counted_until)).max(0);
        counted_until = counted_until.max(end);
    }
    waited.unsigned_abs()
}

fn is_user(entry: &Entry) -> bool {
    matches!(entry.content, Content::Item(Item::UserMessage(_)))
}

/// Returns `true` for something that the agent says, rather than a step of its work.
fn is_answer(entry: &Entry) -> bool {
    matches!(entry.content, Content::Item(Item::AgentMessage(_) | Item::Plan(_) | Item::ExitedReviewMode(_)))
}

/// The entries of the final answer: the last thing that the agent says, and what it says before without a step between.
///
/// Work can follow the answer, for example a sub-agent that ends late.
fn final_answer(entries: &[&Entry]) -> HashSet<ItemId> {
    let is_step = |entry: &&Entry| !is_answer(entry) && !is_user(entry);
    let end = entries.iter().rposition(|entry| is_answer(entry)).map_or(0, |last| last + 1);
    let start = entries[..end].iter().rposition(is_step).map_or(0, |step| step + 1);
    let answer = answer(entries.iter().copied()).map(|(entry, _)| entry);
    entries[start..end].iter().copied().chain(answer).map(|entry| entry.id.clone()).collect()
}

/// Returns the steps whose failure is shown, whether or not the work is folded.
fn open_failures(entries: &[&Entry], status: TurnStatus) -> HashSet<ItemId> {
    let steps = entries.iter().rev().filter(|entry| is_action(entry));
    let count = if status == TurnStatus::Failed { entries.len() } else { 1 };
    steps.take(count).filter(|entry| has_failed(entry)).map(|entry| entry.id.clone()).collect()
}

/// Returns `true` for a step that did something, and therefore can fail.
fn is_action(entry: &Entry) -> bool {
    matches!(
        entry.content,
        Content::Item(
            Item::CommandExecution(_) | Item::FileChange(_) | Item::McpToolCall(_) | Item::DynamicToolCall(_)
        )
    )
}

/// Returns `true` if a step has failed.
fn has_failed(entry: &Entry) -> bool {
    match &entry.content {
        Content::Item(Item::CommandExecution(command)) => command.has_failed(),
        Content::Item(Item::FileChange(change)) => change.status == ItemStatus::Failed,
        Content::Item(Item::McpToolCall(call)) => call.status == ItemStatus::Failed || call.error.is_some(),
        Content::Item(Item::DynamicToolCall(call)) => {
            call.status == ItemStatus::Failed || call.success == Some(false)
        }
        Content::Notice(notice) => notice.failure,
        _ => false,
    }
}

/// Returns `true` if an entry stays visible when its turn is folded:
/// - a message of the user
/// - a step whose failure matters, and a step that is running
/// - a notice of a failure
/// - a request that was declined or allowed by a rule
/// - the result of the turn: a proposed plan, the findings of a review
fn stays(entry: &Entry, open_failures: &HashSet<ItemId>) -> bool {
    is_user(entry)
        || open_failures.contains(&entry.id)
        || matches!(&entry.content, Content::Notice(notice) if notice.failure)
        || entry.phase == Phase::Running
        || matches!(&entry.content, Content::Question(question) if !is_allowed(question))
        || matches!(
            entry.content,
            Content::Request(_) | Content::Item(Item::Plan(_) | Item::ExitedReviewMode(_))
        )
}

/// Returns `true` if a command ended after its turn: somebody who has read the turn has not seen how it ended.
///
/// The start of a turn, and so `end_ms`, is exact to the second only.
fn outlived(entry: &Entry, end_ms: Option<i64>) -> bool {
    let is_command = matches!(entry.content, Content::Item(Item::CommandExecution(_)));
    let times = entry.completed_at_ms.zip(end_ms);
    is_command && times.is_some_and(|(completed_ms, end_ms)| completed_ms > end_ms + 1000)
}

/// Returns `true` if a person allowed the request, or the approval mode, which the page shows all the time.
fn is_allowed(question: &Question) -> bool {
    question.resolved.as_ref().is_some_and(|resolved| {
        matches!(resolved.outcome, RequestOutcome::Accepted | RequestOutcome::Answered)
            && resolved.by != ResolvedBy::Rule
    })
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{TurnRecord, transcript::Notice};

    use super::*;

    pub(super) fn entry(id: &str, item: &str) -> Entry {
        let item = format!(r#"{{"id":"{id}",{item}}}"#);
        Entry {
            id: id.into(),
            as_of: 1,
            turn_id: Some("t".into()),
            phase: Phase::Done,
            started_at_ms: None,
            completed_at_ms: None,
            content: Content::Item(serde_json::from_str(&item).unwrap()),
        }
    }

    pub(super) fn facts(status: TurnStatus, entries: Vec<Entry>) -> TurnFacts {
        let ids: Vec<ItemId> = entries.iter().map(|entry| entry.id.clone()).collect();
        let record = TurnRecord { id: "t".into(), status, duration_ms: Some(14_000), ..Default::default() };
        let transcript =
            Transcript { turns: vec![record], entries: entries.into_iter().collect(), ..Default::default() };
        TurnFacts::of(&transcript, &"t".into(), &ids, None)
    }

    fn work() -> Vec<Entry> {
        vec![
            entry("u", r#""type":"userMessage","content":[{"type":"text","text":"go"}]"#),
            entry("say", r#""type":"agentMessage","text":"First I look.""#),
            entry("ok", r#""type":"commandExecution","command":"ls","status":"completed","exitCode":0"#),
            entry("bad", r#""type":"commandExecution","command":"x","status":"completed","exitCode":1"#),
            entry(
                "edit",
                r#""type":"fileChange","status":"completed","changes":[
                    {"path":"a","kind":{"type":"add"},"diff":"1\n2\n"},
                    {"path":"b","kind":{"type":"update"},"diff":"@@ -1 +1 @@\n-x\n+y\n"}]"#,
            ),
        ]
    }

    pub(super) fn sorted(folds: &HashSet<ItemId>) -> Vec<&str> {
        let mut ids: Vec<_> = folds.iter().map(ItemId::as_str).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn work_folds_and_answer_stays() {
        let mut entries = work();
        entries.push(entry("answer", r#""type":"agentMessage","text":"Done.""#));
        let facts = facts(TurnStatus::Completed, entries);
        assert_eq!(sorted(&facts.folds), ["bad", "edit", "ok", "say"], "the failure was not the end");
        assert_eq!(facts.current, None);
        let lines = LineCounts { added: 3, removed: 1 };
        assert_eq!(facts.work, WorkCounts { commands: 2, files: 2, lines, failed: 1 });
    }

    #[test]
    fn failure_stays_if_it_was_the_last_step_or_the_turn_failed() {
        let open = |status, entries: Vec<Entry>| sorted(&facts(status, entries).open_failures).join(" ");
        let mut last = work();
        last.truncate(4);
        last.push(entry("answer", r#""type":"agentMessage","text":"It fails.""#));
        assert_eq!(open(TurnStatus::Completed, last), "bad", "nothing was done after it");
        assert_eq!(open(TurnStatus::Completed, work()), "");
        assert_eq!(open(TurnStatus::InProgress, work()), "");
        assert_eq!(open(TurnStatus::Failed, work()), "bad");
    }

    #[test]
    fn time_of_waiting_counts_once_and_not_as_work() {
        let question = |from: i64, to: Option<i64>| {
            let request =
                format!(r#"{{"id":"r","kind":"command","method":"m","params":{{}},"createdAt":{from}}}"#);
            let resolved = to.map(|to| format!(r#"{{"id":"r","outcome":"accepted","by":"user","at":{to}}}"#));
            let question = Question {
                request: serde_json::from_str(&request).unwrap(),
                resolved: resolved.map(|json| serde_json::from_str(&json).unwrap()),
            };
            Entry {
                content: Content::Question(Box::new(question)),
                ..entry(&from.to_string(), r#""type":"agentMessage","text":"""#)
            }
        };
        let entries =
            [question(5_000, Some(9_000)), question(1_000, Some(3_000)), question(2_000, Some(4_000))];
        assert_eq!(waited_ms(entries.iter()), 3_000 + 4_000);
        assert_eq!(waited_ms([question(5_000, None)].iter()), 0);
        assert_eq!(facts(TurnStatus::Completed, entries.to_vec()).duration_ms, Some(7_000));
    }

    #[test]
    fn file_changed_twice_counts_once_and_failed_changes_do_not_count() {
        let edit = |id: &str, status: &str, change: &str| {
            entry(id, &format!(r#""type":"fileChange","status":"{status}","changes":[{change}]"#))
        };
        let entries = vec![
            edit("1", "completed", r#"{"path":"a","kind":{"type":"add"},"diff":"1\n2\n"}"#),
            edit("2", "completed", r#"{"path":"a","kind":{"type":"update"},"diff":"@@ -2 +2 @@\n-2\n+3\n"}"#),
            edit("3", "failed", r#"{"path":"b","kind":{"type":"add"},"diff":"1\n"}"#),
            edit("4", "declined", r#"{"path":"c","kind":{"type":"add"},"diff":"1\n"}"#),
        ];
        let facts = facts(TurnStatus::Completed, entries);
        let lines = LineCounts { added: 2, removed: 0 };
        let file = ChangedFile { path: "a".to_owned(), moved: None, kind: "add".to_owned(), lines };
        assert_eq!(facts.files, [file]);
        assert_eq!((facts.work.files, facts.work.lines), (1, lines));
    }

    #[test]
    fn files_of_an_ended_turn_are_composed_once() {
        let entries = work();
        let mut before = facts(TurnStatus::Completed, work());
        assert_eq!(before.files.len(), 2);
        before.files.truncate(1);
        let ids: Vec<ItemId> = entries.iter().map(|entry| entry.id.clone()).collect();
        let record = TurnRecord { id: "t".into(), status: TurnStatus::Completed, ..Default::default() };
        let transcript =
            Transcript { turns: vec![record], entries: entries.into_iter().collect(), ..Default::default() };
        let again = |ids: &[ItemId]| TurnFacts::of(&transcript, &"t".into(), ids, Some(&before)).files.len();
        assert_eq!(again(&ids), 1, "unchanged");
        assert_eq!(again(&ids[1..]), 2, "the entries have changed");
    }

    #[test]
    fn request_allowed_by_a_rule_stays_and_request_allowed_by_a_person_folds() {
        let question = |id: &str, by: &str| {
            let request = r#"{"id":"r","kind":"command","method":"m","params":{},"createdAt":1}"#;
            let resolved = format!(r#"{{"id":"r","outcome":"accepted","by":"{by}","at":2}}"#);
            let question = Question {
                request: serde_json::from_str(request).unwrap(),
                resolved: Some(serde_json::from_str(&resolved).unwrap()),
            };
            Entry {
                content: Content::Question(Box::new(question)),
                ..entry(id, r#""type":"agentMessage","text":"""#)
            }
        };
        let mut entries = vec![question("user", "user"), question("rule", "rule")];
        entries.extend(work());
        assert_eq!(sorted(&facts(TurnStatus::Completed, entries).folds), ["bad", "edit", "ok", "user"]);
    }

    #[test]
    fn command_that_outlived_its_turn_stays() {
        let mut entries = work();
        entries[2].completed_at_ms = Some(115_001);
        let ids: Vec<ItemId> = entries.iter().map(|entry| entry.id.clone()).collect();
        let record = TurnRecord {
            id: "t".into(),
            status: TurnStatus::Completed,
            started_at: Some(100),
            duration_ms: Some(14_000),
            ..Default::default()
        };
        let mut transcript =
            Transcript { turns: vec![record], entries: entries.into_iter().collect(), ..Default::default() };
        let folds = |transcript: &Transcript| TurnFacts::of(transcript, &"t".into(), &ids, None).folds;
        assert_eq!(sorted(&folds(&transcript)), ["bad", "edit"]);
        transcript.turns[0].duration_ms = Some(15_000);
        assert_eq!(sorted(&folds(&transcript)), ["bad", "edit", "ok"]);
    }

    #[test]
    fn last_step_of_a_running_turn_is_the_current_one() {
        let facts = facts(TurnStatus::InProgress, work());
        assert_eq!(facts.current, Some("edit".into()));
        assert!(facts.running());
        assert_eq!(facts.work, WorkCounts::default());
    }

    /// An entry of a kind, named by its letter: `u`ser, `m`essage, `b`lank message, or a kind of work.
    pub(super) fn of_kind(kind: char, id: &str) -> Entry {
        let notice = Notice { message: "careful".to_owned(), detail: None, failure: false };
        match kind {
            'u' => entry(id, r#""type":"userMessage","content":[{"type":"text","text":"go"}]"#),
            'm' => entry(id, r#""type":"agentMessage","text":"so""#),
            'b' => entry(id, r#""type":"agentMessage","text":" ""#),
            'a' => entry(
                id,
                r#""type":"subAgentActivity","kind":"completed","agentPath":"/a","agentThreadId":"a""#,
            ),
            'c' => entry(id, r#""type":"commandExecution","command":"ls","status":"completed","exitCode":0"#),
            'r' => entry(id, r#""type":"reasoning","summary":["hm"]"#),
            'h' => entry(id, r#""type":"hookPrompt","fragments":[{"text":"mind"}]"#),
            'z' => entry(id, r#""type":"contextCompaction""#),
            _ => Entry { content: Content::Notice(notice), ..entry(id, r#""type":"sleep""#) },
        }
    }

    #[test]
    fn last_message_of_a_turn_stays_in_every_order_of_entries() {
        const KINDS: &str = "umbacrhzn";
        let mut orders = vec![String::new()];
        for _ in 0..4 {
            let longer =
                |order: &String| KINDS.chars().map(|kind| format!("{order}{kind}")).collect::<Vec<_>>();
            orders = orders.iter().flat_map(longer).collect();
            for order in &orders {
                let entries = order.chars().enumerate().map(|(at, kind)| of_kind(kind, &at.to_string()));
                let folds = facts(TurnStatus::Completed, entries.collect()).folds;
                let kept = |at: usize| !folds.contains(&ItemId::from(at.to_string()));
                if let Some(last) = order.rfind('m').or(order.rfind('b')) {
                    assert!(kept(last), "{order}: {folds:?}");
                }
                for (at, kind) in order.char_indices() {
                    assert!(kind != 'u' || kept(at), "what the user said folds: {order}");
                    assert!("umb".contains(kind) || !kept(at), "work does not fold: {order}");
                }
            }
        }
    }

    #[test]
    fn messages_before_the_work_fold_and_work_after_the_answer_too() {
        let folds = |order: &str| {
            let entries = order.chars().enumerate().map(|(at, kind)| of_kind(kind, &at.to_string()));
            let facts = facts(TurnStatus::Completed, entries.collect());
            sorted(&facts.folds).join("")
        };
        assert_eq!(folds("umcmmaz"), "1256");
        assert_eq!(folds("uma"), "2");
        assert_eq!(folds("umcb"), "2", "an empty message is no answer");
    }

    #[test]
    fn turn_without_work_folds_nothing() {
        let entries = work().into_iter().take(2).collect();
        assert!(facts(TurnStatus::Completed, entries).folds.is_empty());
    }
}
