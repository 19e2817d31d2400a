//! Settings that the gateway passes on codex's command line.

use super::error::ConfigError;

/// The codex settings for an OpenAI-compatible upstream.
pub(super) fn provider(url: &str, with_key: bool) -> Result<Vec<String>, ConfigError> {
    let plain = url.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '"' && c != '\\');
    if !(url.starts_with("http://") || url.starts_with("https://")) || !plain {
        return Err(ConfigError::BaseUrl(url.to_owned()));
    }
    let mut settings = vec![
        codex_setting("model_provider", "gateway"),
        codex_setting("model_providers.gateway.name", "Codex Gateway upstream"),
        codex_setting("model_providers.gateway.base_url", url),
        codex_setting("model_providers.gateway.wire_api", "responses"),
        format!("model_providers.gateway.requires_openai_auth={with_key}"),
        "model_providers.gateway.supports_websockets=false".to_owned(),
    ];
    if with_key {
        settings.push(codex_setting("forced_login_method", "api"));
    }
    Ok(settings)
}

/// The codex settings for features that are off by default and that the demo shows: plans and questions.
pub(super) fn demo_settings() -> Vec<String> {
    [
        "tools.update_plan.enabled",
        "features.default_mode_request_user_input",
        "suppress_unstable_features_warning",
    ]
    .map(|key| format!("{key}=true"))
    .to_vec()
}

/// A setting for codex's command line, with a text as its value.
pub(super) fn codex_setting(key: &str, value: &str) -> String {
    format!("{key}=\"{value}\"")
}
