//! `/api/projects`: codex settings of folders, and whether their owner trusts them.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use codex_gateway_wire::api::{ProjectList, ProjectReply, TrustProject};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    error::ApiError,
    extract::JsonBody,
    openapi::error_groups::{ListProjects, ReadProject, TrustFolder},
    state::AppState,
};

/// Query that names a folder.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ProjectQuery {
    /// The folder, as in `POST /api/sessions`. The operator's default without it.
    cwd: Option<String>,
}

/// List the caller's trust decisions, newest first.
#[utoipa::path(
    get,
    path = "/api/projects",
    operation_id = "listProjects",
    tag = "Projects",
    responses((status = 200, description = "The decisions.", body = ProjectList), ListProjects),
)]
pub async fn list(
    State(state): State<AppState>,
    Caller(owner): Caller,
) -> Result<Json<ProjectList>, ApiError> {
    Ok(Json(ProjectList { ok: true, projects: state.sessions.projects(&owner).await? }))
}

/// Read the codex settings of a folder, and whether the caller trusts them.
#[utoipa::path(
    get,
    path = "/api/projects/status",
    operation_id = "getProject",
    tag = "Projects",
    params(ProjectQuery),
    responses((status = 200, description = "The folder.", body = ProjectReply), ReadProject),
)]
pub async fn status(
    State(state): State<AppState>,
    Caller(owner): Caller,
    query: Result<Query<ProjectQuery>, QueryRejection>,
) -> Result<Json<ProjectReply>, ApiError> {
    let Query(ProjectQuery { cwd }) = query.map_err(|rejection| ApiError::BadQuery(rejection.body_text()))?;
    let project = state.sessions.project(&owner, cwd.as_deref()).await?;
    Ok(Json(ProjectReply { ok: true, project }))
}

/// Trust a folder's own codex settings, or stop trusting them.
///
/// The caller's sessions in the folder apply the decision from their next turn on.
#[utoipa::path(
    post,
    path = "/api/projects/trust",
    operation_id = "trustProject",
    tag = "Projects",
    request_body = TrustProject,
    responses((status = 200, description = "The folder after the decision.", body = ProjectReply), TrustFolder),
)]
pub async fn trust(
    State(state): State<AppState>,
    Caller(owner): Caller,
    JsonBody(TrustProject { cwd, trust }): JsonBody<TrustProject>,
) -> Result<Json<ProjectReply>, ApiError> {
    let project = state.sessions.decide_project(&owner, cwd.as_deref(), trust).await?;
    Ok(Json(ProjectReply { ok: true, project }))
}
