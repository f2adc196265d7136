//! The contract of what runs over time has teeth: stores with well-known mistakes fail it.
//!
//! Each mistake is made in a store that is right otherwise, and the check that is there for it must notice.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use gesta::{
    store::{
        Append, DueTimers, EventStore, Expected, Fence, Memory, Outcome, ProcessWrites, ReadSide, Store,
        StoreError, Suspicion, TakeSagas, TakenSagas, TimerWrite,
    },
    testing::contract::{self, Fixture, Subject},
};
use gesta_tests::{Alteration, Altered, EveryTake};
use tokio::task::yield_now;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// Of two appends that are stored together the other is stored after the first, whatever became of that.
    OneAfterTheOther,
    /// The other is stored first, and stays where the first is not stored.
    TheOtherFirst,
    /// Both are looked at first, and then stored one after the other.
    BothLookedAtFirst,
    /// Nobody looks at leases.
    NoFences,
    /// Leases are looked at before the append and not in it.
    FencesCheckedFirst,
    /// Leases are looked at before the key.
    FencesBeforeKeys,
    /// Instances and timers are stored whatever becomes of the append.
    RowsOfConflicts,
    /// Instances and timers are stored some time after the events.
    RowsLater,
    /// Nobody counts how often a lease was lost with an instance.
    NoCounts,
    /// Every time that an instance is taken counts.
    EveryTake,
    /// Suspects are given to everybody.
    NoSuspects,
    /// Nobody is woken.
    NoWakes,
    /// What a worker is at is given to it once more.
    AtItAlready,
    /// Every worker gets everything.
    EveryShard,
    /// The one that became due last comes first.
    LastFirst,
    /// Nobody says when to look again.
    NoNext,
    /// Any setting of a timer is taken away.
    AnySetting,
    /// A timer that is set anew is there as it was.
    FirstSettingStays,
}

/// Makes one mistake.
#[derive(Clone, Copy, Debug)]
struct Hasty(Mistake);

async fn one(inner: &dyn EventStore, append: Append) -> Result<Outcome, StoreError> {
    Ok(inner.append(&[append]).await?.remove(0))
}

/// Whether a lease is good at this moment.
async fn is_good(inner: &dyn EventStore, fence: &Fence) -> bool {
    let Some(side) = inner.read_side() else { return false };
    let states = side.subscriptions(Some(&fence.subscription)).await.unwrap_or_default();
    let mut shards = states.iter().flat_map(|state| &state.shards);
    shards.any(|shard| shard.shard == fence.shard && shard.token == fence.token && shard.owner.is_some())
}

impl Hasty {
    fn makes(self, mistake: Mistake) -> bool {
        self.0 == mistake
    }

    async fn store(self, inner: &dyn EventStore, mut append: Append) -> Result<Outcome, StoreError> {
        match self.0 {
            Mistake::OneAfterTheOther => {
                let other = append.together.take();
                let outcome = one(inner, append).await?;
                yield_now().await;
                if let Some(other) = other {
                    one(inner, *other).await?;
                }
                Ok(outcome)
            }
            Mistake::TheOtherFirst => {
                if let Some(other) = append.together.take() {
                    let stream = other.stream.clone();
                    match one(inner, *other).await? {
                        Outcome::Appended(_) => yield_now().await,
                        outcome => return Ok(Outcome::Apart { stream, outcome: Box::new(outcome) }),
                    }
                }
                one(inner, append).await
            }
            Mistake::BothLookedAtFirst => {
                let Some(mut other) = append.together.take() else { return one(inner, append).await };
                let question = Append::new(other.stream.clone(), other.expected, vec![]);
                let asked = one(inner, question).await?;
                if !matches!(asked, Outcome::Appended(_)) {
                    return Ok(Outcome::Apart { stream: other.stream.clone(), outcome: Box::new(asked) });
                }
                let outcome = one(inner, append).await?;
                yield_now().await;
                other.expected = Expected::Any;
                if matches!(outcome, Outcome::Appended(_)) {
                    one(inner, *other).await?;
                }
                Ok(outcome)
            }
            Mistake::FencesCheckedFirst | Mistake::FencesBeforeKeys => {
                let fence = append.process.as_mut().and_then(|process| process.fence.take());
                if let Some(fence) = fence {
                    let keyed = append.key.is_some() && self.makes(Mistake::FencesCheckedFirst);
                    if !keyed && !is_good(inner, &fence).await {
                        let subscription = fence.subscription.to_string();
                        return Ok(Outcome::Fenced { subscription, shard: fence.shard });
                    }
                    // Every second owner of a shard is slow.
                    tokio::time::sleep(Duration::from_millis(5 * (fence.token % 2))).await;
                }
                one(inner, append).await
            }
            Mistake::RowsOfConflicts | Mistake::RowsLater => {
                let rows = append.process.take();
                let later = rows.clone().map(|rows| Append {
                    process: Some(Box::new(ProcessWrites { fence: None, ..*rows })),
                    ..Append::new(append.stream.clone(), Expected::Any, vec![])
                });
                append.process = rows.map(|rows| {
                    Box::new(ProcessWrites { fence: rows.fence.clone(), ..ProcessWrites::default() })
                });
                let outcome = one(inner, append).await?;
                yield_now().await;
                if let Some(later) = later
                    && (self.makes(Mistake::RowsOfConflicts) || matches!(outcome, Outcome::Appended(_)))
                {
                    one(inner, later).await?;
                }
                Ok(outcome)
            }
            _ => {
                change(&mut append, self.0, inner).await?;
                one(inner, append).await
            }
        }
    }
}

/// The append as a store would see it that does not look closely.
async fn change(append: &mut Append, mistake: Mistake, inner: &dyn EventStore) -> Result<(), StoreError> {
    let known = match inner.read_side() {
        Some(side) => side.timers_of(&append.stream).await?,
        None => vec![],
    };
    let part = append.process.get_or_insert_default();
    match mistake {
        Mistake::NoFences => part.fence = None,
        Mistake::NoWakes => part.wakes.clear(),
        Mistake::AnySetting => part.timers.iter_mut().for_each(|timer| {
            if let TimerWrite::Disarm { armed, .. } = timer {
                *armed = None;
            }
        }),
        Mistake::FirstSettingStays => part.timers.retain(|timer| match timer {
            TimerWrite::Arm { name, .. } => known.iter().all(|known| known.name != *name),
            TimerWrite::Disarm { .. } => true,
        }),
        _ => {}
    }
    if let (Mistake::NoFences, Some(other)) = (mistake, &mut append.together) {
        other.process.get_or_insert_default().fence = None;
    }
    Ok(())
}

#[async_trait]
impl Alteration for Hasty {
    async fn append(&self, inner: &dyn EventStore, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::new();
        for append in batch {
            outcomes.push(self.store(inner, append.clone()).await?);
        }
        Ok(outcomes)
    }

    async fn take_sagas(&self, inner: &dyn ReadSide, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        let all: Vec<u16> = (0..100).collect();
        let take = match self.0 {
            Mistake::AtItAlready => TakeSagas { running: &[], ..take },
            Mistake::EveryShard => TakeSagas { shards: &all, ..take },
            _ => take,
        };
        let mut answer = inner.take_sagas(take).await?;
        match self.0 {
            Mistake::NoCounts => answer.taken.iter_mut().for_each(|(_, count)| *count = 0),
            Mistake::NoSuspects if take.suspicion == Suspicion::None => {
                for suspicion in [Suspicion::Some, Suspicion::Strong] {
                    answer.taken.extend(inner.take_sagas(TakeSagas { suspicion, ..take }).await?.taken);
                }
            }
            Mistake::LastFirst => answer.taken.reverse(),
            Mistake::NoNext => answer.next = None,
            _ => {}
        }
        Ok(answer)
    }

    async fn due_timers(
        &self,
        inner: &dyn ReadSide,
        category: &str,
        shards: &[u16],
        limit: u64,
    ) -> Result<DueTimers, StoreError> {
        let all: Vec<u16> = (0..100).collect();
        let shards = if self.makes(Mistake::EveryShard) { &all } else { shards };
        let mut answer = inner.due_timers(category, shards, limit).await?;
        match self.0 {
            Mistake::LastFirst => answer.due.reverse(),
            Mistake::NoNext => answer.next = None,
            _ => {}
        }
        Ok(answer)
    }
}

/// A store in memory that makes a mistake.
struct HastyStore(Mistake, Memory);

impl Fixture for HastyStore {
    const DURABLE: bool = false;

    async fn create() -> Self {
        Self(Mistake::NoFences, Memory::new())
    }

    async fn open(&self) -> Store {
        let store = self.1.clone().into();
        match self.0 {
            Mistake::EveryTake => EveryTake::of(store),
            mistake => Store::new(Altered::new(store, Hasty(mistake))),
        }
    }
}

macro_rules! mistakes_are_noticed {
    ($($name:ident: $mistake:ident fails $module:ident::$check:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let subject = Arc::new(Subject::of(HastyStore(Mistake::$mistake, Memory::new())));
                let check = tokio::spawn(async move { contract::$module::$check(&*subject).await });
                let noticed = check.await.is_err_and(|error| error.is_panic());
                assert!(noticed, "the check {} lets {:?} pass", stringify!($check), Mistake::$mistake);
            }
        )*
    };
}

mistakes_are_noticed! {
    one_after_the_other: OneAfterTheOther fails together::a_conflict_of_the_first_stores_neither;
    one_after_the_other_in_a_conflict: OneAfterTheOther fails together::a_conflict_of_the_other_stores_neither;
    one_after_the_other_with_a_key: OneAfterTheOther fails together::a_key_stands_for_both;
    one_after_the_other_unfenced: OneAfterTheOther fails together::a_lost_lease_of_either_stores_neither;
    one_after_the_other_while_others_write: OneAfterTheOther fails pairs::overlapping_pairs_are_all_or_nothing;
    one_after_the_other_while_others_read: OneAfterTheOther fails pairs::readers_see_both_or_neither;
    one_after_the_other_and_dropped: OneAfterTheOther fails pairs::dropped_pairs_are_all_or_nothing;
    the_other_first: TheOtherFirst fails together::a_conflict_of_the_first_stores_neither;
    the_other_first_with_a_key: TheOtherFirst fails together::a_key_stands_for_both;
    the_other_first_in_the_log: TheOtherFirst fails together::both_are_stored;
    the_other_first_for_many: TheOtherFirst fails pairs::one_of_many_pairs_with_a_key_is_stored;
    both_looked_at_first_while_others_read: BothLookedAtFirst fails pairs::readers_see_both_or_neither;
    both_looked_at_first_while_others_write: BothLookedAtFirst fails pairs::pairs_in_either_order_take_turns;
    both_looked_at_first_and_dropped: BothLookedAtFirst fails pairs::dropped_pairs_are_all_or_nothing;
    no_chains_of_pairs: BothLookedAtFirst fails together::both_chains_break;
    no_fences: NoFences fails fences::a_lost_lease_stores_nothing;
    no_fences_after_a_takeover: NoFences fails together::a_lost_lease_of_either_stores_neither;
    fences_checked_first: FencesCheckedFirst fails fences::nobody_writes_after_a_takeover;
    fences_before_keys: FencesBeforeKeys fails fences::the_lease_comes_after_the_key;
    rows_of_conflicts: RowsOfConflicts fails instances::what_is_not_appended_writes_no_instance;
    rows_later: RowsLater fails pairs::dropped_pairs_are_all_or_nothing;
    no_counts: NoCounts fails taking::suspects_are_taken_apart;
    no_counts_of_many: NoCounts fails taking::a_lost_lease_is_counted_once;
    no_counts_of_those_at_work: NoCounts fails taking::those_at_work_are_counted;
    no_suspects: NoSuspects fails taking::suspects_are_taken_apart;
    every_take_counts: EveryTake fails taking::only_lost_leases_are_counted;
    every_take_counts_for_those_at_work: EveryTake fails taking::those_at_work_are_counted;
    every_taker_counts: EveryTake fails taking::a_lost_lease_is_counted_once;
    no_wakes: NoWakes fails taking::a_wake_makes_due_what_waits;
    no_wakes_in_a_batch: NoWakes fails taking::wakes_have_their_place_in_a_batch;
    at_it_already: AtItAlready fails taking::running_instances_are_left_out;
    every_shard: EveryShard fails taking::instances_belong_to_their_shards;
    every_shard_of_timers: EveryShard fails timers::due_timers_come_in_order;
    last_first: LastFirst fails taking::the_longest_due_are_taken_first;
    last_first_of_timers: LastFirst fails timers::due_timers_come_in_order;
    no_next: NoNext fails taking::the_next_one_is_told;
    no_next_of_timers: NoNext fails timers::the_next_timer_is_told;
    any_setting: AnySetting fails timers::a_late_worker_leaves_the_new_setting;
    any_setting_taken_away: AnySetting fails timers::a_timer_is_taken_away;
    first_setting_stays: FirstSettingStays fails timers::a_timer_is_set_anew;
}
