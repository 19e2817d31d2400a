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
        shown_as_plain_text,
        alert_note,
        alert_tip,
        alert_important,
        alert_warning,
        alert_caution,
        details,

        // Commands
        command_palette,
        this_conversation,
        general,
        command_palette_placeholder,
        no_results,
        keyboard_shortcuts,
        toggle_sidebar,
        toggle_details,
        print_conversation,
        use_system_theme,
        use_light_theme,
        use_dark_theme,
        find_in_conversation,
        find_placeholder,
        searching,
        previous_match,
        next_match,

        // The connection
        connecting,
        /// Says why events come by polling, and where that is documented.
        connected_by_polling,
        connected,
        offline,
        reconnecting,
        retry_now,
        gateway_updated,
        closed_archived,
        closed_deleted,
        closed_expired,
        session_expired,
        conversation_unknown,

        // The sidebar
        conversations,
        search_conversations,
        today,
        yesterday,
        this_week,
        earlier,
        no_conversations,
        conversations_not_loaded,
        more_conversations,
        rename,
        save,
        delete,
        confirm_delete,
        action_failed,
        keep,

        // The home page
        home_headline,
        workspace,
        branch,
        can_read_folder,
        can_edit_folder,
        full_access,
        approvals_declined,
        asks_for_approval,
        asks_while_present,
        approves_everything,
        approves_everything_hint,
        never_asks,
        recent_conversations,
        running_now,
        untitled,
        suggestion_tour,
        suggestion_command,
        suggestion_long,
        codex_not_runnable,
        starting_codex,
        start_failed,

        // The Codex settings of a folder
        folder_settings,
        trust_folder,
        trust_hint,
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
        trust_change_hint,

        // Pages that cannot be shown
        not_found,
        not_found_hint,
        page_failed,
        indexing,
        indexing_hint,

        // The composer
        message,
        first_message_placeholder,
        message_placeholder,
        send,
        stop,
        model,
        default_model,
        permissions,
        attach_images,
        attached_image,
        uploading,
        remove_image,
        model_without_images,
        suggestions,
        when_busy,
        when_busy_hint,
        queue_message,
        steer_turn,
        archive_conversation,
        compact_conversation,
        review_changes,
        turn_actions,
        copy_answer,
        edit_message,
        edit_needs_idle,
        edited_message_gone,
        fork_instead,
        fork_here,
        fork_conversation,
        export_conversation,
        choose_model,

        // The queue
        queue_title,
        queue_paused,
        move_up,
        edit,
        send_now,
        remove,
        confirm_remove,

        enter_sends_hint,
        enter_breaks_hint,
        enter_sends,
        enter_breaks_line,
        only_images_attachable,
        nothing_attachable,
        starting_servers,
        dismiss,
        send_in_new_conversation,

        // The status line, and loading
        sending,
        working,
        thinking,
        writing,
        running,
        esc_stops,
        /// In place of the key that stops a turn, while what the page shows may be out of date.
        not_connected,
        stopping,
        scroll_to_latest,
        new_messages,
        process_ended,
        older_messages,
        load_older,
        load_newer,
        loading_older,
        loading_conversation,
        loading_long_conversation,
        older_not_loaded,
        older_after_resuming,
        conversation,

        // A turn
        you_said,
        codex_said,
        worked,
        turn_stopped,
        turn_failed,
        send_failed,

        // Steps
        command_ran,
        reading,
        read_file,
        listing_files,
        listed_files,
        searching_for,
        searched_for,
        exploring,
        explored,
        no_matches,
        command_declined,
        command_stopped,
        command_failed,
        no_output,
        show_all,
        show_retained_output,
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
        reasoning_hidden,
        calling,
        called,
        call_failed,
        arguments,
        result,
        error,
        request_params,
        request_answer,
        asked_command,
        asked_edit,
        asked_permissions,
        asked_input,
        asked_form,
        asked_other,
        declined_automatically,
        not_supported,
        searched_web,
        opened_page,
        viewed_image,
        generated_image,
        waited,
        hook_message,
        agent,
        review_started,
        instructions,
        review_done,
        conversation_compacted,
        notice,
        attached_file,
        unknown_kind,

        // Requests of Codex, and how they were resolved
        waiting_for_you,
        request_pending,
        confirm_command,
        confirm_edit,
        grants_directory,
        confirm_permissions,
        question_heading,
        allow_once,
        allow_for_session,
        decline,
        decline_and_stop,
        decline_with_message,
        decline_message_label,
        decline_and_send,
        tool_arguments,
        next_request,
        scroll_to_allow,
        scroll_to_send,
        not_read_to_end,
        unfold_to_allow,
        unfold_to_send,
        send_answers,
        other_answer,
        optional,
        yes,
        no,
        link_followed,
        permission_network,
        permission_read,
        permission_write,
        permission_none,
        answered_elsewhere,
        rule,
        rules,
        rules_hint,
        no_rules,
        revoke,
        resolved_accepted,
        resolved_accepted_for_session,
        resolved_accepted_automatically,
        resolved_accepted_always,
        resolved_answered,
        resolved_declined,
        resolved_cancelled,
        resolved_by_absence,
        resolved_by_deadline,
        resolved_withdrawn,

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
        file_content_unchanged,
        comment_placeholder,
        cancel,
        add_comment,
        comment_added,
        no_changes,
        changes_incomplete,
        no_plan,
        no_usage,
        last_turn_usage,
        total_usage,
        tokens,
        tokens_input,
        tokens_cached,
        tokens_output,
        tokens_reasoning,
        tokens_total,
        rate_limits,
        filter_events,
        pause,
        resume,
        no_events,
        agent_started,
        agent_messaged,
        agent_waited_for,
        agent_ended,
        agent_done,
        image_preview,
        image_unavailable,
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
        error_codex_unsupported,
        error_no_image,
        error_too_large,
        error_codex_config,
        error_thread_damaged,
        error_prompt_too_long,
        error_queue_full,
        error_conversation_changed,
        error_delivery_unknown,

        // Signing in
        sign_in,
        sign_out,
        sign_in_ended,
        /// The sign-in at the proxy in front of the gateway has ended.
        proxy_sign_in_ended,
        error_rate_limited,
        error_chunk,
    }
    // The sign-in page, which is a document of its own.
    server {
        sign_in_hint,
        access_token,
        token_refused,
        token_not_valid_yet,
        token_hint,
        token_name_example,
        page_not_started,
        needs_javascript,
    }
    phrases {
        /// Keys that have a meaning only in some places, with their actions.
        other_shortcuts: &'static [(&'static str, &'static str)],
        match_position: fn(usize, String) -> String,
        /// What sending an edited message removes, by the number of turns after its own.
        removes_turns: fn(usize) -> String,
        reconnecting_in: fn(u32) -> String,
        /// By the status of a response that is not the gateway's.
        foreign_reply: fn(&str) -> String,
        options_of: fn(&str) -> String,
        context_used: fn(u64) -> String,
        /// The name of a reasoning effort, by Codex's word for it. `None` for unknown words.
        effort: fn(&str) -> Option<&'static str>,
        command_count: fn(usize) -> String,
        file_count: fn(usize) -> String,
        search_count: fn(usize) -> String,
        listing_count: fn(usize) -> String,
        in_directory: fn(&str) -> String,
        failed_count: fn(usize) -> String,
        exit_code: fn(i64) -> String,
        lines_hidden: fn(usize) -> String,
        bytes_dropped: fn(u64) -> String,
        plan_progress: fn(usize, usize) -> String,
        confirm_network: fn(&str) -> String,
        form_heading: fn(&str) -> String,
        not_an_image: fn(&str) -> String,
        too_many_images: fn(usize) -> String,
        prompt_too_long: fn(usize, usize) -> String,
        confirm_tool: fn(&str, &str) -> String,
        mcp_server_failed: fn(&str) -> String,
        unknown_settings: fn(&str) -> String,
        allow_commands_always: fn(&str) -> String,
        allow_host_always: fn(&str) -> String,
        resolved_by_rule: fn(&str) -> String,
        declines_in: fn(String) -> String,
        request_position: fn(usize, usize) -> String,
        files_changed: fn(usize) -> String,
        diff_label: fn(&str) -> String,
        unchanged_lines: fn(u32) -> String,
        show_more_characters: fn(usize) -> String,
        blank_lines: fn(usize) -> String,
        comment_label: fn(&str) -> String,
        context_window_used: fn(&str, &str) -> String,
        limit_period: fn(&str) -> String,
        limit_hours: fn(usize) -> String,
        limit_days: fn(usize) -> String,
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
