//! The actor's part about what codex asks: of the user, or of its client. Every request has exactly one end.

use std::time::Duration;

use codex_gateway_wire::{
    ApprovalMode, EventBody, EventName, Json, RequestId, RequestResolved, Rule, Timestamp, UserRequest,
    event::ServerRequest,
    request::{AnswerReply, AnswerRequest, Outcome, ResolvedBy},
};
use futures::FutureExt;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    actor::{Actor, Done},
    audit::LoggedCommand,
};
use crate::{
    bridge::{self, Answer},
    clock::now_ms,
    config::{ApprovalPolicy, Sandbox},
    error::SessionError,
    requests::{self, Answered, BadAnswer, Fixed, Method, Open},
    rules::{Draft, Subject},
};

impl Actor {
    /// Codex asks something.
    pub(super) fn request(&mut self, codex_id: bridge::RequestId, name: String, params: Box<RawValue>) {
        match Method::parse(&name) {
            Some(method) => self.ask(method, codex_id, name, params.into()),
            None => self.answer_at_once(codex_id, name, params.into()),
        }
    }

    fn answer_at_once(&mut self, codex_id: bridge::RequestId, method: String, params: Json) {
        let Fixed { handled, outcome } = requests::fixed(&method);
        tracing::info!(session = %self.shared.id, method, handled, "answered a request of codex that is not for people");
        let (result, error) = match &outcome {
            Ok(result) => (Some(result.clone()), None),
            Err(error) => (None, to_raw_value(error).ok().map(Json::from)),
        };
        self.answered(ServerRequest { method, params, handled, result, error, request_id: None });
        self.respond(codex_id, outcome.map_or_else(Answer::Error, Answer::Result));
    }

    /// Puts a request to the user, or lets the session's setting answer it.
    fn ask(&mut self, method: Method, codex_id: bridge::RequestId, name: String, params: Json) {
        let timeout = self.patience_for(method, &params);
        let created_at = now_ms();
        let mut summary = requests::summary(&params);
        summary.changes = self.foreign.changes(summary.item_id.as_ref());
        let subject = self.subject(method, &params);
        let mut available_decisions = method.decisions(&params);
        Subject::keep_grantable(subject.as_ref(), &mut available_decisions);
        let request = UserRequest {
            id: RequestId::from(Uuid::now_v7().to_string()),
            kind: method.kind(),
            method: name,
            summary,
            available_decisions,
            params,
            created_at: Timestamp::from_ms(created_at),
            deadline: timeout.map(|timeout| Timestamp::from_ms(created_at.saturating_add(millis(timeout)))),
        };
        let LoggedCommand { program, sha256 } = LoggedCommand::of(request.summary.command.as_deref());
        tracing::info!(
            session = %self.shared.id, owner = self.base.owner.as_str(), request = %request.id,
            kind = request.kind.as_str(), method = request.method, program, command_sha256 = sha256,
            "codex asks the user"
        );
        self.recent.other(EventName::Request, Some(&request.method), "");
        self.say_event(EventName::Request, &request, EventBody::Request(request.clone()));

        let mode = self.shared.settings.approvals;
        let accepted =
            (mode == ApprovalMode::Accept).then(|| Answered::accepted(method, &request.params)).flatten();
        let ruled = subject.and_then(|subject| self.ruled(&subject, method, &request.params));
        let needs_presence = matches!(mode, ApprovalMode::AskOrDecline | ApprovalMode::Accept);
        let nobody =
            needs_presence && self.shared.presence.patience().is_some_and(|until| until <= Instant::now());
        let expires = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let has_room = self.pending.has_room_for(&request);
        let open = Open { request, method, codex_id, expires, needs_presence };
        match accepted {
            Some(accepted) => self.finish(open, accepted, ResolvedBy::Policy),
            None if mode == ApprovalMode::Decline => self.decline(open, ResolvedBy::Policy),
            None if let Some(ruled) = ruled => self.finish(open, ruled, ResolvedBy::Rule),
            None if !has_room => self.decline(open, ResolvedBy::Policy),
            None if nobody => self.decline(open, ResolvedBy::Absence),
            None => self.pending.push(open),
        }
    }

    /// What a request asks for, if a rule can allow that.
    fn subject(&self, method: Method, params: &Json) -> Option<Subject> {
        self.sandbox()?;
        Subject::read(method, params, self.transcript.thread_id.as_ref(), &self.base.settings.cwd)
    }

    /// What commands may touch now. `None` if codex has said something that the gateway has no word for.
    fn sandbox(&self) -> Option<Sandbox> {
        Some(self.base.settings.sandbox.min(self.transcript.sandbox?.into()))
    }

    /// The answer that a rule of the owner's gives, if one holds here.
    fn ruled(&self, subject: &Subject, method: Method, params: &Json) -> Option<Answered> {
        let asks = ApprovalPolicy::OnRequest;
        let in_force = self.transcript.approval_policy.map(ApprovalPolicy::from);
        if self.base.settings.approval_policy != asks || in_force != Some(asks) {
            return None;
        }
        let rule = self.base.rules.find(subject, self.base.settings.cwd.to_str()?, self.sandbox()?)?;
        tracing::info!(session = %self.shared.id, rule = %rule.id, "a rule allows what codex asks");
        Some(Answered { rule: Some(rule), ..Answered::accepted(method, params)? })
    }

    /// The rule that an answer would make.
    pub(super) fn draft_rule(&self, id: &RequestId, answer: &AnswerRequest) -> Result<Draft, SessionError> {
        let Open { request, method, .. } = self.pending.get(id)?;
        Answered::read(*method, request, answer.clone())?;
        let decision = requests::decision(request, answer)?;
        let draft = || {
            Some(Draft {
                grant: self.subject(*method, &request.params)?.grant(&decision)?,
                cwd: self.base.settings.cwd.to_str()?.to_owned(),
                sandbox: self.sandbox()?,
                session: self.shared.id.clone(),
            })
        };
        Ok(draft().ok_or(BadAnswer::NoRule)?)
    }

    /// How long a request waits; for ever without.
    fn patience_for(&self, method: Method, params: &Json) -> Option<Duration> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Limit {
            #[serde(default)]
            auto_resolution_ms: Option<u64>,
        }
        let own = self.base.config.approval_timeout;
        if method != Method::UserInput {
            return own;
        }
        // Codex goes on by itself after that time: nobody should answer into the void.
        let limit =
            serde_json::from_str::<Limit>(params.get()).ok().and_then(|limit| limit.auto_resolution_ms);
        let limit = limit.filter(|ms| *ms > 0).map(Duration::from_millis);
        own.into_iter().chain(limit).min()
    }

    /// A client answers a request.
    pub(super) fn answer(
        &mut self,
        id: &RequestId,
        answer: AnswerRequest,
        rule: Option<Rule>,
    ) -> Result<AnswerReply, SessionError> {
        let open = self.pending.get(id)?;
        let answered = Answered { rule, ..Answered::read(open.method, &open.request, answer)? };
        for open in self.pending.take(id) {
            self.finish(open, answered.clone(), ResolvedBy::User);
        }
        match self.pending.get(id) {
            Err(SessionError::RequestEnded(resolved)) => Ok(AnswerReply { ok: true, resolved }),
            Err(error) => Err(error),
            Ok(_) => Err(SessionError::NoSuchRequest),
        }
    }

    /// Declines what waited too long, and what waited for somebody who left.
    pub(super) fn expire_requests(&mut self) {
        let now = Instant::now();
        for open in self.pending.take_expired(now) {
            self.decline(open, ResolvedBy::Deadline);
        }
        if self.shared.presence.patience().is_some_and(|until| until <= now) {
            for open in self.pending.take_unattended() {
                self.decline(open, ResolvedBy::Absence);
            }
        }
    }

    /// Codex takes a request back: `serverRequest/resolved`. It says so too of those that were answered.
    pub(super) fn codex_resolved(&mut self, params: &RawValue) {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Resolved {
            request_id: bridge::RequestId,
        }
        if let Ok(resolved) = serde_json::from_str::<Resolved>(params.get()) {
            let open = self.pending.take_codex(&resolved.request_id);
            self.withdraw(open, ResolvedBy::Codex);
        }
    }

    /// Ends requests that there is nobody to answer to any more.
    pub(super) fn withdraw(&mut self, requests: Vec<Open>, by: ResolvedBy) {
        for open in requests {
            self.end(&open, Outcome::Withdrawn, by, None, None);
        }
    }

    fn decline(&mut self, open: Open, by: ResolvedBy) {
        let declined = Answered::declined(open.method);
        self.finish(open, declined, by);
    }

    /// Answers codex, and says so.
    fn finish(&mut self, open: Open, answered: Answered, by: ResolvedBy) {
        let Answered { outcome, result, shown, rule } = answered;
        let answer =
            if shown.is_some() { Answer::Secret(result.clone()) } else { Answer::Result(result.clone()) };
        self.end(&open, outcome, by, Some(shown.unwrap_or(result)), rule);
        self.respond(open.codex_id, answer);
    }

    fn end(
        &mut self,
        open: &Open,
        outcome: Outcome,
        by: ResolvedBy,
        shown: Option<Json>,
        rule: Option<Rule>,
    ) {
        let request = &open.request;
        let LoggedCommand { program, sha256 } = LoggedCommand::of(request.summary.command.as_deref());
        tracing::info!(
            session = %self.shared.id, owner = self.base.owner.as_str(), request = %request.id,
            kind = request.kind.as_str(), outcome = outcome.as_str(), by = by.as_str(), program,
            command_sha256 = sha256, rule = rule.as_ref().map(|rule| tracing::field::display(&rule.id)),
            "a request to the user has ended"
        );
        let resolved = RequestResolved {
            id: request.id.clone(),
            outcome,
            by,
            result: shown.clone(),
            at: Timestamp::from_ms(now_ms()),
            rule: rule.map(Box::new),
        };
        self.base.metrics.request_ended(by);
        self.pending.remember(resolved.clone());
        self.say_event(EventName::RequestResolved, &resolved, EventBody::RequestResolved(resolved.clone()));
        self.save_soon();
        self.answered(ServerRequest {
            method: request.method.clone(),
            params: request.params.clone(),
            handled: true,
            result: shown,
            error: None,
            request_id: Some(request.id.clone()),
        });
    }

    /// Tells, in the documented way, what codex asked and was answered.
    fn answered(&mut self, request: ServerRequest) {
        self.recent.other(EventName::ServerRequest, Some(&request.method), "");
        self.say_event(EventName::ServerRequest, &request, EventBody::ServerRequest(request.clone()));
    }

    fn respond(&mut self, codex_id: bridge::RequestId, answer: Answer) {
        if let Some(live) = &self.live {
            let bridge = live.bridge.clone();
            let responding = async move {
                // If the process is gone, so is its question.
                let _ = bridge.respond(&codex_id, &answer).await;
                Done::Nothing
            };
            self.tasks.push(responding.boxed());
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
