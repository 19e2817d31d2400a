//! Every word of the interface, in each language.
//!
//! A language is one value of [`Texts`]: a text that is missing, or has another shape, does not compile.
//! The language is fixed for a page; what codex and the model say is shown as they say it.

mod en;
mod zh;

use leptos::prelude::use_context;

/// Declares the table of texts.
macro_rules! texts {
    ($($(#[$attribute:meta])* $name:ident: $type:ty,)*) => {
        /// All texts of one language.
        #[derive(Debug)]
        pub(crate) struct Texts {
            $($(#[$attribute])* pub(crate) $name: $type,)*
        }
    };
}

texts! {
    // Everywhere
    new_chat: &'static str,
    settings: &'static str,
    theme: &'static str,
    theme_system: &'static str,
    theme_light: &'static str,
    theme_dark: &'static str,
    language: &'static str,
    notifications: &'static str,
    on: &'static str,
    off: &'static str,
    turn_ended: &'static str,
    unread: &'static str,
    demo_badge: &'static str,
    demo_hint: &'static str,
    reload: &'static str,
    retry: &'static str,
    copy: &'static str,
    copied: &'static str,
    details: &'static str,

    // What one can do from everywhere
    palette: &'static str,
    palette_hint: &'static str,
    nothing_found: &'static str,
    keys: &'static str,
    toggle_sidebar: &'static str,
    toggle_details: &'static str,
    to_theme_system: &'static str,
    to_theme_light: &'static str,
    to_theme_dark: &'static str,
    /// Keys that have a meaning only in some places.
    other_keys: &'static [(&'static str, &'static str)],
    find: &'static str,
    find_hint: &'static str,
    found_place: fn(usize, String) -> String,
    searching: &'static str,
    previous: &'static str,
    next: &'static str,

    // The connection
    connecting: &'static str,
    live: &'static str,
    offline: &'static str,
    reconnecting_in: fn(u32) -> String,
    retry_now: &'static str,
    new_version: &'static str,
    closed_archived: &'static str,
    closed_deleted: &'static str,
    closed_expired: &'static str,
    closed_shutdown: &'static str,
    gone: &'static str,

    // The sidebar
    conversations: &'static str,
    search: &'static str,
    today: &'static str,
    yesterday: &'static str,
    this_week: &'static str,
    earlier: &'static str,
    list_empty: &'static str,
    list_failed: &'static str,
    list_more: &'static str,
    options_of: fn(&str) -> String,
    rename: &'static str,
    save: &'static str,
    delete: &'static str,
    delete_for_good: &'static str,
    did_not_work: &'static str,
    keep: &'static str,

    // The first screen
    headline: &'static str,
    workspace: &'static str,
    branch: &'static str,
    may_read: &'static str,
    may_edit: &'static str,
    may_everything: &'static str,
    asks_declined: &'static str,
    asks_first: &'static str,
    asks_while_here: &'static str,
    asks_nobody: &'static str,
    asks_nobody_hint: &'static str,
    never_asks: &'static str,
    recent: &'static str,
    running_now: &'static str,
    untitled: &'static str,
    suggestion_tour: &'static str,
    suggestion_command: &'static str,
    suggestion_long: &'static str,
    codex_missing: &'static str,
    starting: &'static str,
    not_started: &'static str,

    // Pages that are not there
    not_found: &'static str,
    not_found_why: &'static str,
    page_failed: &'static str,

    // The composer
    message: &'static str,
    placeholder_first: &'static str,
    placeholder: &'static str,
    send: &'static str,
    stop: &'static str,
    model: &'static str,
    default_model: &'static str,
    context_used: fn(u64) -> String,
    /// How hard a model thinks, by codex's word for it, where we have one.
    effort: fn(&str) -> Option<&'static str>,
    permissions: &'static str,
    attach: &'static str,
    image: &'static str,
    uploading: &'static str,
    remove_image: &'static str,
    no_images: &'static str,
    suggestions: &'static str,
    while_working: &'static str,
    while_working_hint: &'static str,
    queue_it: &'static str,
    steer: &'static str,
    archive: &'static str,
    compact: &'static str,
    review: &'static str,
    copy_answer: &'static str,
    edit_message: &'static str,
    fork_here: &'static str,
    fork: &'static str,
    export: &'static str,
    choose_model: &'static str,

    // The queue
    queued: &'static str,
    queue_waits: &'static str,
    move_up: &'static str,
    edit: &'static str,
    send_now: &'static str,
    remove: &'static str,

    keys_hint: &'static str,

    // What is going on
    sending: &'static str,
    working: &'static str,
    thinking: &'static str,
    writing: &'static str,
    running: &'static str,
    esc_stops: &'static str,
    stopping: &'static str,
    to_latest: &'static str,
    new_messages: &'static str,
    process_ended: &'static str,
    older: &'static str,
    load_older: &'static str,
    load_newer: &'static str,
    loading_older: &'static str,
    older_failed: &'static str,
    older_once_resumed: &'static str,
    conversation: &'static str,

    // A turn
    you_said: &'static str,
    codex_said: &'static str,
    worked: &'static str,
    stopped: &'static str,
    turn_failed: &'static str,
    send_failed: &'static str,
    commands: fn(usize) -> String,
    files: fn(usize) -> String,
    failed_steps: fn(usize) -> String,

    // Steps
    ran: &'static str,
    run_declined: &'static str,
    run_cut: &'static str,
    run_failed: &'static str,
    exit: fn(i64) -> String,
    no_output: &'static str,
    lines_hidden: fn(usize) -> String,
    bytes_dropped: fn(u64) -> String,
    show_all: &'static str,
    edited: &'static str,
    editing: &'static str,
    edit_failed: &'static str,
    edit_declined: &'static str,
    file_added: &'static str,
    file_deleted: &'static str,
    file_moved: &'static str,
    plan: &'static str,
    plan_done: fn(usize, usize) -> String,
    proposed_plan: &'static str,
    thought: &'static str,
    nothing_shown: &'static str,
    calling: &'static str,
    called: &'static str,
    call_failed: &'static str,
    arguments: &'static str,
    result: &'static str,
    error: &'static str,
    asked: &'static str,
    answered: &'static str,
    asked_command: &'static str,
    asked_edit: &'static str,
    asked_permissions: &'static str,
    asked_input: &'static str,
    asked_form: &'static str,
    asked_other: &'static str,
    declined: &'static str,
    not_supported: &'static str,
    searched: &'static str,
    opened_page: &'static str,
    viewed_image: &'static str,
    made_image: &'static str,
    waited: &'static str,
    told_by_hook: &'static str,
    agent: &'static str,
    review_started: &'static str,
    review_done: &'static str,
    compacted: &'static str,
    notice: &'static str,
    attached: &'static str,
    unknown: &'static str,

    // What waits for the user, and how it ended
    waits_for_you: &'static str,
    codex_waits: &'static str,
    ask_command: &'static str,
    ask_network: fn(&str) -> String,
    ask_edit: &'static str,
    ask_root: &'static str,
    ask_permissions: &'static str,
    ask_question: &'static str,
    ask_form: fn(&str) -> String,
    allow_once: &'static str,
    allow_for_session: &'static str,
    allow_commands: fn(&str) -> String,
    allow_host: fn(&str) -> String,
    refuse_host: fn(&str) -> String,
    decline: &'static str,
    decline_and_stop: &'static str,
    declined_in: fn(String) -> String,
    question_place: fn(usize, usize) -> String,
    next_question: &'static str,
    send_answers: &'static str,
    other_answer: &'static str,
    optional: &'static str,
    yes: &'static str,
    no: &'static str,
    link_done: &'static str,
    may_use_network: &'static str,
    may_read_path: &'static str,
    may_write_path: &'static str,
    may_not_touch: &'static str,
    answered_elsewhere: &'static str,
    ended_accepted: &'static str,
    ended_accepted_for_session: &'static str,
    ended_accepted_unasked: &'static str,
    ended_answered: &'static str,
    ended_declined: &'static str,
    ended_cancelled: &'static str,
    ended_absence: &'static str,
    ended_deadline: &'static str,
    ended_withdrawn: &'static str,

    // Changes, and the details panel
    files_changed: fn(usize) -> String,
    all_changes: &'static str,
    close: &'static str,
    changes: &'static str,
    usage: &'static str,
    events: &'static str,
    this_turn: &'static str,
    whole_conversation: &'static str,
    unified: &'static str,
    side_by_side: &'static str,
    diff_of: fn(&str) -> String,
    unchanged_lines: fn(u32) -> String,
    more_characters: fn(usize) -> String,
    file_binary: &'static str,
    file_empty: &'static str,
    file_only_moved: &'static str,
    comment_on: fn(&str) -> String,
    comment_hint: &'static str,
    cancel: &'static str,
    add_comment: &'static str,
    comment_added: &'static str,
    no_changes: &'static str,
    older_changes: &'static str,
    no_plan: &'static str,
    no_usage: &'static str,
    last_turn: &'static str,
    in_total: &'static str,
    tokens: &'static str,
    tokens_read: &'static str,
    tokens_cached: &'static str,
    tokens_written: &'static str,
    tokens_thought: &'static str,
    tokens_all: &'static str,
    window_used: fn(&str, &str) -> String,
    rate_limits: &'static str,
    limit_of: fn(&str) -> String,
    limit_of_hours: fn(usize) -> String,
    limit_of_days: fn(usize) -> String,
    limit_used: fn(i64) -> String,
    limit_resets: fn(&str) -> String,
    filter_events: &'static str,
    pause: &'static str,
    go_on: &'static str,
    no_events: &'static str,
    agent_started: &'static str,
    agent_told: &'static str,
    agent_awaited: &'static str,
    agent_ended: &'static str,
    agent_done: &'static str,
    picture: &'static str,
    no_picture: &'static str,
    still_running: &'static str,
    copy_command: &'static str,
    copy_output: &'static str,

    // Times
    seconds: fn(String) -> String,
    minutes: fn(u64, u64) -> String,
    hours: fn(u64, u64) -> String,
    just_now: &'static str,
    minutes_ago: fn(i64) -> String,
    hours_ago: fn(i64) -> String,
    days_ago: fn(i64) -> String,

    // Errors, by their code
    error_unreachable: &'static str,
    error_turn_active: &'static str,
    error_no_active_turn: &'static str,
    error_session_limit: &'static str,
    error_empty_prompt: &'static str,
    error_codex_unavailable: &'static str,
    error_no_image: &'static str,
    error_too_large: &'static str,
    error_queue_full: &'static str,

    // Signing in. (What only the form says is not sent to the browser's program.)
    sign_in: &'static str,
    sign_out: &'static str,
    sign_in_ended: &'static str,
    too_much: &'static str,
    #[cfg(feature = "ssr")]
    sign_in_why: &'static str,
    #[cfg(feature = "ssr")]
    access_token: &'static str,
    #[cfg(feature = "ssr")]
    token_refused: &'static str,
    #[cfg(feature = "ssr")]
    token_hint: &'static str,
    #[cfg(feature = "ssr")]
    your_name: &'static str,
}

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// Its code, for the `lang` attribute and the cookie.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// What it calls itself.
    pub(crate) fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "中文",
        }
    }

    /// Reads a language tag: `zh`, `zh-Hans-CN`, `en-GB`, ….
    pub(crate) fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Zh)
        } else {
            None
        }
    }

    #[cfg(any(feature = "ssr", test))]
    /// The first language of an `Accept-Language` header that there is.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        header.split(',').filter_map(|range| range.split(';').next()).find_map(Self::parse)
    }

    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Self::En => &en::TEXTS,
            Self::Zh => &zh::TEXTS,
        }
    }
}

/// The texts of the page's language, inside a component.
pub(crate) fn texts() -> &'static Texts {
    use_context::<Lang>().unwrap_or_default().texts()
}

impl Texts {
    /// What an error means to people, where we know it; else what it says itself.
    pub(crate) fn failure(&self, failure: &crate::server_fns::Failure) -> String {
        let known = match failure.code.as_str() {
            "unreachable" => self.error_unreachable,
            "turn_active" => self.error_turn_active,
            "no_active_turn" => self.error_no_active_turn,
            "session_limit" => self.error_session_limit,
            "empty_prompt" => self.error_empty_prompt,
            "codex_unavailable" => self.error_codex_unavailable,
            "no_image" | "broken_image" => self.error_no_image,
            "too_large" => self.error_too_large,
            "queue_full" => self.error_queue_full,
            "unauthorized" => self.sign_in_ended,
            "rate_limited" => self.too_much,
            _ => return failure.message.clone(),
        };
        known.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_by_its_language() {
        assert_eq!(Lang::parse("zh-Hans-CN"), Some(Lang::Zh));
        assert_eq!(Lang::parse("EN_us"), Some(Lang::En));
        assert_eq!(Lang::parse("fr"), None);
        assert_eq!(Lang::parse(""), None);
    }

    #[test]
    fn the_first_known_language_is_taken() {
        assert_eq!(Lang::accepted("fr-CH, fr;q=0.9, zh;q=0.8, en;q=0.7"), Some(Lang::Zh));
        assert_eq!(Lang::accepted("*"), None);
    }

    #[test]
    fn a_code_reads_back() {
        for lang in Lang::ALL {
            assert_eq!(Lang::parse(lang.code()), Some(lang));
        }
    }
}
