/// One test per promise of an event store, for a [`Fixture`](crate::testing::contract::Fixture).
#[macro_export]
macro_rules! store_contract {
    ($fixture:ty) => {
        $crate::store_contract! { @tests $fixture;
            versions {
                versions_count_from_one_without_gaps
                a_wrong_expectation_is_a_conflict_and_stores_nothing
                any_version_appends_where_the_stream_ends
                an_append_without_events_asks
                readers_see_an_append_whole_or_not_at_all
                writers_of_one_stream_take_turns
                a_long_append_is_stored_whole
            }
            chains {
                a_batch_has_one_outcome_each_in_order
                a_conflict_breaks_the_rest_of_its_stream_only
                a_repeated_key_breaks_the_rest_of_its_stream
                a_reused_key_breaks_the_rest_of_its_stream
                a_question_takes_its_place_in_a_chain
                a_large_batch_is_exact
            }
            keys {
                a_key_given_again_returns_the_first_receipt
                a_key_is_refused_for_another_stream
                a_key_without_events_is_kept
                a_key_of_a_conflict_is_not_used
                a_key_twice_in_a_batch_counts_once
                keys_are_compared_exactly
                find_key_tells_what_it_did
            }
            key_races {
                one_of_many_calls_with_a_key_is_stored
                one_of_two_streams_gets_a_key
                retried_keys_store_once_each
            }
            content {
                payloads_are_kept_byte_for_byte
                a_large_payload_is_kept
                metadata_is_kept
                event_types_are_kept
            }
            names {
                any_text_names_a_stream
                names_are_compared_exactly
                a_nul_in_a_name_is_refused
            }
            reads {
                a_stream_is_read_after_a_version_and_up_to_a_limit
                an_unknown_stream_is_empty
                a_visitor_of_a_stream_may_stop
            }
            log {
                an_empty_log_ends_at_the_start
                every_page_size_gives_the_same_log
                a_visitor_of_the_log_may_stop
                what_is_acknowledged_is_in_the_log
            }
            log_order {
                a_follower_misses_nothing_and_sees_streams_in_order
                a_follower_of_single_appends_misses_nothing
            }
            snapshots {
                a_stream_is_read_from_its_snapshot
                a_snapshot_of_another_shape_is_not_visited
                an_older_snapshot_never_replaces_a_newer
                a_snapshot_is_kept_byte_for_byte
            }
            time {
                events_are_recorded_by_the_clock_of_the_database
            }
            lifetime {
                a_closed_store_says_so
                closing_finishes_what_is_under_way
                everything_is_there_after_opening_again
                a_database_has_one_name
            }
            dropped {
                dropped_appends_are_all_or_nothing
                dropped_reads_leave_nothing_behind
            }
        }
    };
    (@tests $fixture:ty; $($module:ident { $($check:ident)* })*) => {
        $($(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $check() {
                let subject = $crate::testing::contract::Subject::<$fixture>::create().await;
                $crate::testing::contract::$module::$check(&subject).await;
                subject.remove().await;
            }
        )*)*
    };
}

/// One test per promise of a store's [read side](crate::store::ReadSide), and of the documents of its appends, for a
/// [`Fixture`](crate::testing::contract::Fixture).
#[macro_export]
macro_rules! read_side_contract {
    ($fixture:ty) => {
        $crate::store_contract! { @tests $fixture;
            shards {
                a_subscription_begins_where_it_was_declared
                subscriptions_are_listed_by_name
                a_paused_subscription_has_no_leases
                a_reset_moves_all_shards
                a_removed_subscription_is_gone
            }
            leases {
                a_single_worker_has_every_shard
                an_undeclared_subscription_has_no_shards
                shares_are_fair
                workers_count_where_they_work
                a_lease_that_has_run_out_is_taken
                a_lease_that_is_renewed_stays
                leaving_frees_everything
                only_good_leases_are_given_back
                what_is_given_back_is_told
                racing_workers_share_without_overlap
            }
            commits {
                a_commit_is_stored_whole
                another_token_is_refused
                another_position_is_refused
                one_lost_shard_refuses_everything
                one_stale_document_refuses_everything
                leases_are_checked_first
                one_of_many_commits_from_one_place_is_stored
                readers_see_a_commit_whole
                commits_and_appends_do_not_disturb_each_other
            }
            works {
                statements_are_stored_with_the_rest
                statements_that_fail_take_everything_back
                statements_that_panic_take_everything_back
                statements_cannot_commit
                statements_cannot_put_another_transaction_in_the_place
                statements_cannot_roll_back_unnoticed
                statements_behind_a_rollback_are_not_the_commit
            }
            documents {
                documents_are_kept_byte_for_byte
                a_key_that_no_index_holds_is_refused
                documents_come_in_the_order_of_the_question
                documents_are_replaced_and_deleted
                a_deleted_document_may_be_remembered
                a_large_commit_is_exact
                collections_are_apart
                a_nul_in_a_document_is_refused
            }
            finding {
                searches_find_what_there_is
                pages_have_every_document_once
                nothing_is_found_where_nothing_is
            }
            generations {
                the_first_generation_is_live
                a_newer_generation_takes_the_place
                a_generation_is_dropped_whole
                one_generation_is_live
            }
            deliveries {
                a_parked_delivery_comes_back_whole
                an_error_with_a_nul_is_kept
                only_heads_are_due
                the_longest_due_comes_first
                deliveries_belong_to_their_shards
                parked_streams_are_those_that_are_held_up
                only_the_next_attempt_replaces
                deliveries_are_filtered
                an_event_is_delivered_in_several_orders
                many_deliveries_are_parked_at_once
            }
            decisions {
                a_dead_letter_is_tried_again
                a_discarded_delivery_lets_the_others_pass
                a_dead_letter_may_stay_one
                decisions_reach_what_is_meant
                deliveries_fare_as_in_memory
            }
            inline {
                an_append_writes_its_documents
                a_conflict_writes_no_document
                a_stale_document_is_a_conflict
                documents_form_chains_in_a_batch
                writers_of_one_document_take_turns
                documents_may_come_without_events
                a_nul_in_a_document_refuses_the_batch
            }
        }
    };
}

/// One test per promise of a store that keeps sagas and timers: two appends together, leases of appends, instances, and
/// timers; for a [`Fixture`](crate::testing::contract::Fixture).
#[macro_export]
macro_rules! process_contract {
    ($fixture:ty) => {
        $crate::store_contract! { @tests $fixture;
            together {
                both_are_stored
                a_conflict_of_the_first_stores_neither
                a_conflict_of_the_other_stores_neither
                a_stale_document_of_the_other_stores_neither
                a_lost_lease_of_either_stores_neither
                a_key_stands_for_both
                both_chains_break
                a_broken_chain_stores_neither
                pairs_form_chains_in_a_batch
                either_may_be_without_events
                what_does_not_fit_together_is_refused
            }
            pairs {
                pairs_in_either_order_take_turns
                overlapping_pairs_are_all_or_nothing
                circles_of_pairs_take_turns
                one_of_many_pairs_with_a_key_is_stored
                readers_see_both_or_neither
                dropped_pairs_are_all_or_nothing
            }
            fences {
                a_good_lease_lets_an_append_pass
                a_lost_lease_stores_nothing
                the_lease_comes_after_the_key
                a_lost_lease_breaks_its_chain_only
                nobody_writes_after_a_takeover
            }
            instances {
                an_instance_is_stored_with_its_events
                a_later_write_takes_the_place
                due_times_are_by_the_clock_of_the_database
                what_is_not_appended_writes_no_instance
                an_instance_may_come_without_events
                the_last_write_of_a_batch_counts
                many_instances_are_stored_at_once
                bad_texts_do_no_harm
                nothing_is_named_with_a_nul
                instances_are_filtered
                pages_have_every_instance_once
                instances_are_counted
                instances_and_timers_outlive_the_process
            }
            taking {
                the_longest_due_are_taken_first
                instances_belong_to_their_shards
                running_instances_are_left_out
                suspects_are_taken_apart
                only_lost_leases_are_counted
                those_at_work_are_counted
                the_next_one_is_told
                an_instance_becomes_due
                ended_and_parked_instances_rest
                a_wake_makes_due_what_waits
                wakes_have_their_place_in_a_batch
                a_lost_lease_is_counted_once
                what_is_made_due_is_told
            }
            timers {
                a_timer_is_stored_with_its_events
                due_timers_come_in_order
                the_next_timer_is_told
                a_timer_is_set_anew
                a_timer_is_taken_away
                changes_of_timers_form_chains
                a_timer_fires_once
                a_late_worker_leaves_the_new_setting
                a_timer_becomes_due
            }
        }
    };
}

/// One test per promise of a store's [fleet](crate::store::Fleet), for a store that keeps subscriptions and sagas too and
/// for a [`Fixture`](crate::testing::contract::Fixture).
#[macro_export]
macro_rules! fleet_contract {
    ($fixture:ty) => {
        $crate::store_contract! { @tests $fixture;
            fleet {
                nobody_is_there_at_first
                who_joins_is_there_until_it_leaves
                who_joins_again_is_there_once
                who_is_silent_is_gone
                who_has_leases_is_there
                who_has_not_seen_the_others_does_not_join
                of_many_starters_all_that_join_agree
                nobody_joins_with_a_nul
                who_appends_need_not_join
            }
            records {
                what_is_recorded_first_stays
                only_what_was_asked_for_is_told
                all_that_is_recorded_is_told
                since_when_something_may_be_stored_is_told
                names_that_nobody_has_recorded_are_told
                events_are_counted
                counting_has_a_limit
                definitions_are_counted
            }
        }
    };
}

/// One test per promise of a store that can tell what there is in it, for a
/// [`Fixture`](crate::testing::contract::Fixture).
#[macro_export]
macro_rules! inspect_contract {
    ($fixture:ty) => {
        $crate::store_contract! { @tests $fixture;
            inspecting {
                streams_are_listed
                streams_are_filtered
                types_of_events_are_counted
                streams_of_categories_are_counted
                a_sample_is_of_what_there_is
                snapshots_are_listed
                a_key_alone_is_no_stream
                recorded_events_are_restored
                what_does_not_follow_is_not_restored
                one_of_many_restores
                nothing_is_wrong
            }
            restoring {
                keys_are_listed
                keys_are_restored_by_their_events
                a_key_of_something_else_is_not_restored
                deliveries_are_restored_as_they_were
                shards_are_set_to_their_own_places
            }
        }
    };
}
