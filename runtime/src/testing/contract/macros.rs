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
