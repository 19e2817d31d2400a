//! Every word of the interface, in each language.
//!
//! A language is one value of [`Texts`]: a text that is missing, or has another shape, does not compile.
//! The module that the browser runs is the same for all languages, and has the phrases alone: the words of its language
//! come with the page. The language is fixed for a page; what codex and the model say is shown as they say it.

mod en;
mod lang;
mod zh;

use leptos::prelude::use_context;

use crate::server_fns::FOREIGN_REPLY;

pub(crate) use self::lang::Lang;

/// Declares the table of texts: words, those that only the server says, and phrases, which are made of other things.
macro_rules! texts {
    (
        words { $($(#[$about:meta])* $word:ident,)* }
        server { $($server:ident,)* }
        phrases { $($(#[$of:meta])* $phrase:ident: $type:ty,)* }
    ) => {
        /// All texts of one language. (The words are in a list: there are hundreds, and a browser fills it in one go.)
        pub(crate) struct Texts {
            words: [&'static str; COUNT],
            #[cfg(feature = "ssr")]
            server: Server,
            $($(#[$of])* pub(crate) $phrase: $type,)*
        }

        #[expect(non_camel_case_types, reason = "they are called like the functions that say them")]
        enum Word {
            $($word,)*
        }

        const COUNT: usize = [$(stringify!($word)),*].len();

        #[cfg(feature = "ssr")]
        struct Words {
            $($word: &'static str,)*
        }

        #[cfg(feature = "ssr")]
        #[derive(Clone, Copy)]
        struct Server {
            $($server: &'static str,)*
        }

        #[derive(Clone, Copy)]
        struct Phrases {
            $($phrase: $type,)*
        }

        impl Texts {
            $($(#[$about])* pub(crate) fn $word(&self) -> &'static str {
                self.words[Word::$word as usize]
            })*
            $(#[cfg(feature = "ssr")] pub(crate) fn $server(&self) -> &'static str {
                self.server.$server
            })*
        }

        #[cfg(feature = "ssr")]
        impl Texts {
            fn new(words: &Words, server: &Server, phrases: &Phrases) -> Self {
                let words = [$(words.$word),*];
                Self { words, server: *server, $($phrase: phrases.$phrase,)* }
            }

            /// The words as the page brings them to the browser.
            pub(crate) fn words(&self) -> String {
                self.words.join(&BETWEEN.to_string())
            }
        }

        #[cfg(not(feature = "ssr"))]
        impl Texts {
            /// Takes the words that the page has brought.
            fn of_page(words: &'static str, phrases: &Phrases) -> Self {
                let mut words = words.split(BETWEEN);
                let words = std::array::from_fn(|_| words.next().unwrap_or_default().trim());
                Self { words, $($phrase: phrases.$phrase,)* }
            }
        }
    };
}

/// Between two words: nothing that is said.
/// No white space either: a proxy may have changed that in the page.
const BETWEEN: char = '|';

texts! {
    words {
        // Everywhere
        new_chat,
        settings,
        theme,
        theme_system,
        theme_light,
        theme_dark,
        language,
        notifications,
        on,
        off,
        turn_ended,
        unread,
        demo_badge,
        demo_hint,
        reload,
        retry,
        copy,
        copied,
        plain_text,
        alert_note,
        alert_tip,
        alert_important,
        alert_warning,
        alert_caution,
        details,

        // What one can do from everywhere
        palette,
        palette_hint,
        nothing_found,
        keys,
        toggle_sidebar,
        toggle_details,
        print,
        to_theme_system,
        to_theme_light,
        to_theme_dark,
        find,
        find_hint,
        searching,
        previous,
        next,

        // The connection
        connecting,
        /// Why events come by polling, and where that is documented.
        live_by_polling,
        live,
        offline,
        reconnecting,
        retry_now,
        new_version,
        closed_archived,
        closed_deleted,
        closed_expired,
        session_expired,
        gone,

        // The sidebar
        conversations,
        search,
        today,
        yesterday,
        this_week,
        earlier,
        list_empty,
        list_failed,
        list_more,
        rename,
        save,
        delete,
        delete_for_good,
        did_not_work,
        keep,

        // The first screen
        headline,
        workspace,
        branch,
        may_read,
        may_edit,
        may_everything,
        asks_declined,
        asks_first,
        asks_while_here,
        asks_nobody,
        asks_nobody_hint,
        never_asks,
        recent,
        running_now,
        untitled,
        suggestion_tour,
        suggestion_command,
        suggestion_long,
        codex_missing,
        starting,
        not_started,

        // The settings that a folder brings along
        folder_settings,
        trust_folder,
        trust_means,
        trust,
        do_not_trust,
        mcp_servers,
        hooks,
        folder_rules,
        other_settings,
        unreadable_files,
        folder_trusted,
        folder_not_trusted,
        stop_trusting,
        trust_from_next,

        // Pages that are not there
        not_found,
        not_found_why,
        page_failed,
        indexing,
        indexing_why,

        // The composer
        message,
        placeholder_first,
        placeholder,
        send,
        stop,
        model,
        default_model,
        permissions,
        attach,
        image,
        uploading,
        remove_image,
        no_images,
        suggestions,
        while_working,
        while_working_hint,
        queue_it,
        steer,
        archive,
        compact,
        review,
        about_turn,
        copy_answer,
        edit_message,
        edit_waits,
        edit_lost,
        fork_instead,
        fork_here,
        fork,
        export,
        choose_model,

        // The queue
        queued,
        queue_waits,
        move_up,
        edit,
        send_now,
        remove,
        remove_ask,

        keys_hint,
        keys_hint_breaks,
        enter_sends,
        enter_breaks,
        only_images,
        no_message_here,
        starting_servers,
        dismiss,
        send_in_new,

        // What is going on
        sending,
        working,
        thinking,
        writing,
        running,
        esc_stops,
        stopping,
        to_latest,
        new_messages,
        process_ended,
        older,
        load_older,
        load_newer,
        loading_older,
        loading_conversation,
        loading_long,
        older_failed,
        older_once_resumed,
        conversation,

        // A turn
        you_said,
        codex_said,
        worked,
        stopped,
        turn_failed,
        send_failed,

        // Steps
        ran,
        run_declined,
        run_cut,
        run_failed,
        no_output,
        show_all,
        show_kept,
        edited,
        editing,
        edit_failed,
        edit_declined,
        file_added,
        file_deleted,
        file_moved,
        plan,
        proposed_plan,
        thought,
        nothing_shown,
        calling,
        called,
        call_failed,
        arguments,
        result,
        error,
        asked,
        answered,
        asked_command,
        asked_edit,
        asked_permissions,
        asked_input,
        asked_form,
        asked_other,
        declined,
        not_supported,
        searched,
        opened_page,
        viewed_image,
        made_image,
        waited,
        told_by_hook,
        agent,
        review_started,
        review_done,
        compacted,
        notice,
        attached,
        unknown,

        // What waits for the user, and how it ended
        waits_for_you,
        codex_waits,
        ask_command,
        ask_edit,
        ask_root,
        ask_permissions,
        ask_question,
        allow_once,
        allow_for_session,
        decline,
        decline_and_stop,
        decline_and_tell,
        tell_instead,
        decline_and_send,
        tool_arguments,
        next_question,
        scroll_to_allow,
        scroll_to_send,
        not_allowed_yet,
        folded_to_allow,
        folded_to_send,
        send_answers,
        other_answer,
        optional,
        yes,
        no,
        link_done,
        may_use_network,
        may_read_path,
        may_write_path,
        may_not_touch,
        answered_elsewhere,
        rule,
        rules,
        rules_hint,
        no_rules,
        revoke,
        ended_accepted,
        ended_accepted_for_session,
        ended_accepted_unasked,
        ended_accepted_always,
        ended_answered,
        ended_declined,
        ended_cancelled,
        ended_absence,
        ended_deadline,
        ended_withdrawn,

        // Changes, and the details panel
        all_changes,
        close,
        changes,
        usage,
        events,
        this_turn,
        whole_conversation,
        unified,
        side_by_side,
        file_binary,
        file_empty,
        file_only_moved,
        comment_hint,
        cancel,
        add_comment,
        comment_added,
        no_changes,
        older_changes,
        no_plan,
        no_usage,
        last_turn,
        in_total,
        tokens,
        tokens_read,
        tokens_cached,
        tokens_written,
        tokens_thought,
        tokens_all,
        rate_limits,
        filter_events,
        pause,
        go_on,
        no_events,
        agent_started,
        agent_told,
        agent_awaited,
        agent_ended,
        agent_done,
        picture,
        no_picture,
        still_running,
        copy_command,
        copy_output,

        // Times
        just_now,

        // Errors, by their code
        error_unreachable,
        error_turn_active,
        error_no_active_turn,
        error_codex_crashing,
        error_session_limit,
        error_empty_prompt,
        error_codex_unavailable,
        error_codex_too_old,
        error_codex_lacks,
        error_no_image,
        error_too_large,
        error_codex_config,
        error_thread_damaged,
        error_prompt_too_long,
        error_queue_full,
        error_conversation_changed,
        error_maybe_arrived,

        // Signing in. (What only the form says is not sent to the browser's program.)
        sign_in,
        sign_out,
        sign_in_ended,
        /// Of the proxy in front of the gateway.
        proxy_sign_in_ended,
        too_much,
    }
    // What only the form to sign in says.
    server {
        sign_in_why,
        access_token,
        token_refused,
        token_not_valid_yet,
        token_hint,
        your_name,
        page_not_started,
        needs_javascript,
    }
    phrases {
        /// Keys that have a meaning only in some places.
        other_keys: &'static [(&'static str, &'static str)],
        found_place: fn(usize, String) -> String,
        /// What sending an edited message removes, by how many turns come after its own.
        removes_turns: fn(usize) -> String,
        reconnecting_in: fn(u32) -> String,
        /// By the status of a reply that is not the gateway's own.
        foreign_reply: fn(&str) -> String,
        options_of: fn(&str) -> String,
        context_used: fn(u64) -> String,
        /// How hard a model thinks, by codex's word for it, where we have one.
        effort: fn(&str) -> Option<&'static str>,
        commands: fn(usize) -> String,
        files: fn(usize) -> String,
        failed_steps: fn(usize) -> String,
        exit: fn(i64) -> String,
        lines_hidden: fn(usize) -> String,
        bytes_dropped: fn(u64) -> String,
        plan_done: fn(usize, usize) -> String,
        ask_network: fn(&str) -> String,
        ask_form: fn(&str) -> String,
        not_an_image: fn(&str) -> String,
        too_many_images: fn(usize) -> String,
        prompt_too_long: fn(usize, usize) -> String,
        ask_tool: fn(&str, &str) -> String,
        server_failed: fn(&str) -> String,
        settings_ignored: fn(&str) -> String,
        allow_commands: fn(&str) -> String,
        allow_host: fn(&str) -> String,
        ended_by_rule: fn(&str) -> String,
        declined_in: fn(String) -> String,
        question_place: fn(usize, usize) -> String,
        files_changed: fn(usize) -> String,
        diff_of: fn(&str) -> String,
        unchanged_lines: fn(u32) -> String,
        more_characters: fn(usize) -> String,
        blank_lines: fn(usize) -> String,
        comment_on: fn(&str) -> String,
        window_used: fn(&str, &str) -> String,
        limit_of: fn(&str) -> String,
        limit_of_hours: fn(usize) -> String,
        limit_of_days: fn(usize) -> String,
        limit_used: fn(i64) -> String,
        limit_resets: fn(&str) -> String,
        seconds: fn(String) -> String,
        minutes: fn(u64, u64) -> String,
        hours: fn(u64, u64) -> String,
        minutes_ago: fn(i64) -> String,
        hours_ago: fn(i64) -> String,
        days_ago: fn(i64) -> String,
    }
}

/// The texts of the page's language, inside a component.
pub(crate) fn texts() -> &'static Texts {
    use_context::<Lang>().unwrap_or_default().texts()
}

impl Texts {
    /// What an error means to people, where we know it; else what it says itself.
    pub(crate) fn failure(&self, failure: &crate::server_fns::ApiError) -> String {
        let known = match failure.code.as_str() {
            "unreachable" => self.error_unreachable(),
            "turn_active" => self.error_turn_active(),
            "no_active_turn" => self.error_no_active_turn(),
            "codex_crashing" => self.error_codex_crashing(),
            "session_limit" => self.error_session_limit(),
            "empty_prompt" => self.error_empty_prompt(),
            "codex_unavailable" => self.error_codex_unavailable(),
            "codex_too_old" => self.error_codex_too_old(),
            "codex_lacks" => self.error_codex_lacks(),
            "no_image" | "broken_image" => self.error_no_image(),
            "too_large" => self.error_too_large(),
            "codex_config" => {
                let place = failure.message.split_once(": ").map_or("", |(_, place)| place);
                return format!("{} {place}", self.error_codex_config());
            }
            "thread_damaged" => {
                // The gateway names the file, and what is the matter with it, before the way on.
                let file = failure.message.split_once("its file ").and_then(|(_, rest)| rest.split_once(';'));
                let file = file.map(|(file, _)| format!(" ({file})")).unwrap_or_default();
                return format!("{}{file}", self.error_thread_damaged());
            }
            "prompt_too_long" => self.error_prompt_too_long(),
            "conversation_changed" => self.error_conversation_changed(),
            "key_unfinished" | "key_reused" => self.error_maybe_arrived(),
            "queue_full" => self.error_queue_full(),
            "unauthorized" => self.sign_in_ended(),
            "proxy_signed_out" => self.proxy_sign_in_ended(),
            FOREIGN_REPLY => return (self.foreign_reply)(&failure.message),
            "rate_limited" | "too_many_bodies" => self.too_much(),
            _ => return failure.message.clone(),
        };
        known.to_owned()
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn words_can_stand_in_a_page_and_be_told_apart() {
        for lang in Lang::ALL {
            let words = lang.texts().words();
            assert!(!words.contains('<') && !words.contains('&'));
            assert_eq!(words.split(BETWEEN).count(), COUNT);
            assert!(words.split(BETWEEN).all(|word| !word.is_empty()));
        }
    }
}
