//! The table of texts: declares [`Texts`] and the structs that each language fills in.

/// Declares the texts.
///
/// - `words`: fixed texts.
/// - `server`: fixed texts that only the server renders. They are not sent to the browser.
/// - `phrases`: functions that format a text from values.
macro_rules! texts {
    (
        words { $($(#[$word_doc:meta])* $word:ident,)* }
        server { $($server_word:ident,)* }
        phrases { $($(#[$phrase_doc:meta])* $phrase:ident: $type:ty,)* }
    ) => {
        /// The texts of one language.
        ///
        /// The words are an array, not a field each: the browser fills hundreds of them in one loop.
        pub(crate) struct Texts {
            words: [&'static str; WORD_COUNT],
            #[cfg(feature = "ssr")]
            server_words: ServerWords,
            $($(#[$phrase_doc])* pub(crate) $phrase: $type,)*
        }

        /// The position of each word in the array.
        #[expect(non_camel_case_types, reason = "the variants are named like the methods")]
        enum Word {
            $($word,)*
        }

        pub(super) const WORD_COUNT: usize = [$(stringify!($word)),*].len();

        /// The words of a language, by their names.
        #[cfg(feature = "ssr")]
        pub(super) struct Words {
            $(pub(super) $word: &'static str,)*
        }

        /// The words that only the server renders, by their names.
        #[cfg(feature = "ssr")]
        #[derive(Clone, Copy)]
        pub(super) struct ServerWords {
            $(pub(super) $server_word: &'static str,)*
        }

        /// The phrases of a language, by their names.
        #[derive(Clone, Copy)]
        pub(super) struct Phrases {
            $(pub(super) $phrase: $type,)*
        }

        impl Texts {
            $($(#[$word_doc])* pub(crate) fn $word(&self) -> &'static str {
                self.words[Word::$word as usize]
            })*
            $(#[cfg(feature = "ssr")] pub(crate) fn $server_word(&self) -> &'static str {
                self.server_words.$server_word
            })*
        }

        #[cfg(feature = "ssr")]
        impl Texts {
            pub(super) fn new(words: &Words, server_words: &ServerWords, phrases: &Phrases) -> Self {
                let words = [$(words.$word),*];
                Self { words, server_words: *server_words, $($phrase: phrases.$phrase,)* }
            }

            /// Returns the words as one text, which the page brings to the browser.
            pub(crate) fn words(&self) -> String {
                self.words.join(&SEPARATOR.to_string())
            }
        }

        #[cfg(not(feature = "ssr"))]
        impl Texts {
            /// Parses the words that the page brought.
            pub(super) fn from_page(words: &'static str, phrases: &Phrases) -> Self {
                let mut words = words.split(SEPARATOR);
                let words = std::array::from_fn(|_| words.next().unwrap_or_default().trim());
                Self { words, $($phrase: phrases.$phrase,)* }
            }
        }
    };
}

/// Separates the words in the page. No word contains it, and proxies keep it, which they may not do with white space.
pub(super) const SEPARATOR: char = '|';

texts! {
    words {
        // Common
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

        // Commands
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
        /// Says why events come by polling, and where that is documented.
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

        // The home page
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

        // The Codex settings of a folder
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

        // Pages that cannot be shown
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

        // The status line, and loading
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

        // Requests of Codex, and how they were resolved
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

        // Changes and the details panel
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

        // Signing in
        sign_in,
        sign_out,
        sign_in_ended,
        /// The sign-in at the proxy in front of the gateway has ended.
        proxy_sign_in_ended,
        too_much,
        part_not_loaded,
    }
    // The sign-in page, which is a document of its own.
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
        /// Keys that have a meaning only in some places, with their actions.
        other_keys: &'static [(&'static str, &'static str)],
        found_place: fn(usize, String) -> String,
        /// What sending an edited message removes, by the number of turns after its own.
        removes_turns: fn(usize) -> String,
        reconnecting_in: fn(u32) -> String,
        /// By the status of a response that is not the gateway's.
        foreign_reply: fn(&str) -> String,
        options_of: fn(&str) -> String,
        context_used: fn(u64) -> String,
        /// The name of a reasoning effort, by Codex's word for it. `None` for unknown words.
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
