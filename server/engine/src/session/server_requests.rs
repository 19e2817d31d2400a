//! Requests from codex to the user or to the client. Every request is resolved exactly once.

use std::time::Duration;

use codex_app_server_client::{RpcAnswer, RpcRequestId};
use codex_gateway_wire::{
    ApprovalMode, EventBody, EventName, Json, RequestId, RequestResolved, Rule, Timestamp, UserRequest,
    event::ServerRequest,
    request::{AnswerReply, AnswerRequest, RequestOutcome, ResolvedBy},
};
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    actor::{Actor, TaskResult},
    audit::LoggedCommand,
};
use crate::{
    clock::now_ms,
    config::{ApprovalPolicy, Sandbox},
    error::SessionError,
    rules::{RuleDraft, Subject},
    server_requests::{self, AutoReply, BadAnswer, Method, NotPending, PendingRequest, Resolution},
};

impl Actor {
    /// Handles a request from codex.
    pub(super) fn handle_server_request(
        &mut self,
        codex_id: RpcRequestId,
        name: String,
        params: Box<RawValue>,
    ) {
        match Method::parse(&name) {
            Some(method) => self.open_request(method, codex_id, name, params.into()),
            None => self.auto_reply(codex_id, name, params.into()),
        }
    }

    fn auto_reply(&mut self, codex_id: RpcRequestId, method: String, params: Json) {
        let AutoReply { handled, outcome } = server_requests::auto_reply(&method);
        tracing::info!(session = %self.shared.id, method, handled, "answered a request from codex without asking the user");
        let (result, error) = match &outcome {
            Ok(result) => (Some(result.clone()), None),
            Err(error) => (None, to_raw_value(error).ok().map(Json::from)),
        };
        self.announce_server_request(ServerRequest {
            method,
            params,
            handled,
            result,
            error,
            request_id: None,
        });
        self.respond(codex_id, outcome.map_or_else(RpcAnswer::Error, RpcAnswer::Result));
    }

    /// Presents a request to the user, or resolves it by the session's settings or a rule.
    fn open_request(&mut self, method: Method, codex_id: RpcRequestId, name: String, params: Json) {
        let timeout = self.timeout_for(method, &params);
        let created_at = now_ms();
        let mut summary = server_requests::summarize(&params);
        summary.changes = self.sub_agents.proposed_changes(summary.item_id.as_ref());
        let subject = self.subject(method, &params);
        let mut available_decisions = method.decisions(&params);
        Subject::retain_grantable(subject.as_ref(), &mut available_decisions);
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
            session = %self.shared.id, owner = self.context.owner.as_str(), request = %request.id,
            kind = request.kind.as_str(), method = request.method, program, command_sha256 = sha256,
            "codex asks the user"
        );
        self.recent_events.push_own(EventName::Request, Some(&request.method), "");
        self.emit(EventName::Request, &request, EventBody::Request(request.clone()));

        let mode = self.shared.settings.approvals;
        let by_policy =
            (mode == ApprovalMode::Accept).then(|| Resolution::accepted(method, &request.params)).flatten();
        let by_rule = subject.and_then(|subject| self.rule_answer(&subject, method, &request.params));
        let needs_presence = matches!(mode, ApprovalMode::AskOrDecline | ApprovalMode::Accept);
        let is_unattended = needs_presence
            && self.shared.presence.deadline().is_some_and(|deadline| deadline <= Instant::now());
        let expires = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let has_room = self.pending.has_room_for(&request);
        let pending_request = PendingRequest { request, method, codex_id, expires, needs_presence };
        match by_policy {
            Some(by_policy) => self.resolve_request(pending_request, by_policy, ResolvedBy::Policy),
            None if mode == ApprovalMode::Decline => self.decline(pending_request, ResolvedBy::Policy),
            None if let Some(by_rule) = by_rule => {
                self.resolve_request(pending_request, by_rule, ResolvedBy::Rule);
            }
            None if !has_room => self.decline(pending_request, ResolvedBy::Policy),
            None if is_unattended => self.decline(pending_request, ResolvedBy::Absence),
            None => self.pending.push(pending_request),
        }
    }

    /// Returns what a request asks for, if a rule can allow it.
    fn subject(&self, method: Method, params: &Json) -> Option<Subject> {
        self.sandbox()?;
        Subject::read(method, params, self.transcript.thread_id.as_ref(), &self.context.settings.cwd)
    }

    /// Returns the sandbox in force. `None` if codex reported a sandbox that the gateway does not
    /// know.
    fn sandbox(&self) -> Option<Sandbox> {
        Some(self.context.settings.sandbox.min(self.transcript.sandbox?.into()))
    }

    /// Returns the resolution by a rule of the owner. `None` if no rule applies.
    fn rule_answer(&self, subject: &Subject, method: Method, params: &Json) -> Option<Resolution> {
        let on_request = ApprovalPolicy::OnRequest;
        let in_force = self.transcript.approval_policy.map(ApprovalPolicy::from);
        if self.context.settings.approval_policy != on_request || in_force != Some(on_request) {
            return None;
        }
        let rule = self.context.rules.find(subject, self.context.settings.cwd.to_str()?, self.sandbox()?)?;
        tracing::info!(session = %self.shared.id, rule = %rule.id, "a rule allows what codex asks");
        Some(Resolution { rule: Some(rule), ..Resolution::accepted(method, params)? })
    }

    /// Returns the rule that an answer would create.
    pub(super) fn draft_rule(
        &self,
        id: &RequestId,
        answer: &AnswerRequest,
    ) -> Result<RuleDraft, SessionError> {
        let PendingRequest { request, method, .. } = self.pending.get(id)?;
        Resolution::from_answer(*method, request, answer.clone())?;
        let decision = server_requests::chosen_decision(request, answer)?;
        let draft = || {
            Some(RuleDraft {
                grant: self.subject(*method, &request.params)?.grant(&decision)?,
                cwd: self.context.settings.cwd.to_str()?.to_owned(),
                sandbox: self.sandbox()?,
                session: self.shared.id.clone(),
            })
        };
        Ok(draft().ok_or(BadAnswer::NoRule)?)
    }

    /// Returns how long a request may be pending. `None` for no limit.
    fn timeout_for(&self, method: Method, params: &Json) -> Option<Duration> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct AutoResolve {
            #[serde(default)]
            auto_resolution_ms: Option<u64>,
        }
        let configured = self.context.config.approval_timeout;
        if method != Method::UserInput {
            return configured;
        }
        // Codex continues by itself after this time, so a later answer would have no effect.
        let auto_resolve = serde_json::from_str::<AutoResolve>(params.get())
            .ok()
            .and_then(|auto_resolve| auto_resolve.auto_resolution_ms);
        let auto_resolve = auto_resolve.filter(|ms| *ms > 0).map(Duration::from_millis);
        configured.into_iter().chain(auto_resolve).min()
    }

    /// Resolves a request with a client's answer.
    pub(super) fn answer(
        &mut self,
        id: &RequestId,
        answer: AnswerRequest,
        rule: Option<Rule>,
    ) -> Result<AnswerReply, SessionError> {
        let pending_request = self.pending.get(id)?;
        let resolution = Resolution {
            rule,
            ..Resolution::from_answer(pending_request.method, &pending_request.request, answer)?
        };
        for pending_request in self.pending.take(id) {
            self.resolve_request(pending_request, resolution.clone(), ResolvedBy::User);
        }
        match self.pending.get(id) {
            Err(NotPending::Resolved(resolved)) => Ok(AnswerReply { ok: true, resolved }),
            Err(error) => Err(error.into()),
            Ok(_) => Err(SessionError::NoSuchRequest),
        }
    }

    /// Declines requests after their deadline, and requests that need an attached client after the last client detached.
    pub(super) fn expire_requests(&mut self) {
        let now = Instant::now();
        for pending_request in self.pending.take_expired(now) {
            self.decline(pending_request, ResolvedBy::Deadline);
        }
        if self.shared.presence.deadline().is_some_and(|deadline| deadline <= now) {
            for pending_request in self.pending.take_needing_presence() {
                self.decline(pending_request, ResolvedBy::Absence);
            }
        }
    }

    /// Handles `serverRequest/resolved`. Codex sends it also for requests that were answered.
    pub(super) fn codex_resolved(&mut self, params: &RawValue) {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Resolved {
            request_id: RpcRequestId,
        }
        if let Ok(resolved) = serde_json::from_str::<Resolved>(params.get()) {
            let requests = self.pending.take_by_codex_id(&resolved.request_id);
            self.withdraw(requests, ResolvedBy::Codex);
        }
    }

    /// Resolves requests that codex no longer waits for.
    pub(super) fn withdraw(&mut self, requests: Vec<PendingRequest>, by: ResolvedBy) {
        for pending_request in requests {
            self.record_resolution(&pending_request, RequestOutcome::Withdrawn, by, None, None);
        }
    }

    fn decline(&mut self, pending_request: PendingRequest, by: ResolvedBy) {
        let declined = Resolution::declined(pending_request.method);
        self.resolve_request(pending_request, declined, by);
    }

    /// Sends the answer to codex and records the resolution.
    fn resolve_request(&mut self, pending_request: PendingRequest, resolution: Resolution, by: ResolvedBy) {
        let Resolution { outcome, result, redacted, rule } = resolution;
        let answer = if redacted.is_some() {
            RpcAnswer::Secret(result.clone())
        } else {
            RpcAnswer::Result(result.clone())
        };
        self.record_resolution(&pending_request, outcome, by, Some(redacted.unwrap_or(result)), rule);
        self.respond(pending_request.codex_id, answer);
    }

    fn record_resolution(
        &mut self,
        pending_request: &PendingRequest,
        outcome: RequestOutcome,
        by: ResolvedBy,
        public_result: Option<Json>,
        rule: Option<Rule>,
    ) {
        let request = &pending_request.request;
        let LoggedCommand { program, sha256 } = LoggedCommand::of(request.summary.command.as_deref());
        tracing::info!(
            session = %self.shared.id, owner = self.context.owner.as_str(), request = %request.id,
            kind = request.kind.as_str(), outcome = outcome.as_str(), by = by.as_str(), program,
            command_sha256 = sha256, rule = rule.as_ref().map(|rule| tracing::field::display(&rule.id)),
            "a request to the user has ended"
        );
        let resolved = RequestResolved {
            id: request.id.clone(),
            outcome,
            by,
            result: public_result.clone(),
            at: Timestamp::from_ms(now_ms()),
            rule: rule.map(Box::new),
        };
        self.context.metrics.request_ended(by);
        self.pending.record_resolved(resolved.clone());
        self.emit(EventName::RequestResolved, &resolved, EventBody::RequestResolved(resolved.clone()));
        self.save_now();
        self.announce_server_request(ServerRequest {
            method: request.method.clone(),
            params: request.params.clone(),
            handled: true,
            result: public_result,
            error: None,
            request_id: Some(request.id.clone()),
        });
    }

    /// Emits the documented `serverRequest` event.
    fn announce_server_request(&mut self, request: ServerRequest) {
        self.recent_events.push_own(EventName::ServerRequest, Some(&request.method), "");
        self.emit(EventName::ServerRequest, &request, EventBody::ServerRequest(request.clone()));
    }

    fn respond(&mut self, codex_id: RpcRequestId, answer: RpcAnswer) {
        if let Some(process) = &self.process {
            let bridge = process.bridge().clone();
            let responding = async move {
                // If the process has exited, its request has ended with it.
                let _ = bridge.respond(&codex_id, &answer).await;
                TaskResult::Done
            };
            self.tasks.spawn(responding);
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
