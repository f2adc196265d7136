//! What somebody decides about deliveries.

use std::time::Duration;

use super::{
    Fixture, Subject,
    deliveries::STATES,
    follow::*,
    kit::{Dice, stream},
};
use crate::store::{
    DeliveryAction, DeliveryFilter,
    DeliveryState::{self, Dead, Discarded, Permanent, Retrying, Waiting},
    Memory, ParkedDelivery, Store,
};

async fn decide(store: &Store, filter: &DeliveryFilter, action: &DeliveryAction) -> u64 {
    side(store).decide_deliveries(filter, action, "ops", "because").await.expect("a decision is noted")
}

fn at(position: u64) -> DeliveryFilter {
    DeliveryFilter { position: Some(place(position)), ..DeliveryFilter::default() }
}

const NOW: DeliveryAction = DeliveryAction::Retry { after: Duration::ZERO };

async fn known(store: &Store, position: u64) -> ParkedDelivery {
    parked(store, "s").await.into_iter().find(|d| d.position == place(position)).expect("it is parked")
}

/// A dead letter is tried again with all attempts anew, and who wanted it is noted.
pub async fn a_dead_letter_is_tried_again<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let lease = leased(&store, "s").await;
    deliver(&store, &lease, vec![park(&lease, "ann", 1, Dead), park(&lease, "ann", 2, Waiting)]).await;
    let before = known(&store, 1).await;
    assert_eq!(decide(&other, &at(1), &NOW).await, 1);
    let after = known(&store, 1).await;
    assert_eq!((after.state, after.attempts), (Retrying, 0));
    assert_eq!((after.decided_by.as_deref(), after.reason.as_deref()), (Some("ops"), Some("because")));
    assert_eq!((&after.errors, after.parked_at), (&before.errors, before.parked_at));
    assert!(after.due_at.is_some());
    assert_eq!(due(&store, "s").await, [1]);

    let later = DeliveryAction::Retry { after: LONG };
    assert_eq!(decide(&other, &at(1), &later).await, 1, "it may be put off");
    assert_eq!(due(&store, "s").await, Vec::<u64>::new());
    deliver(&store, &lease, vec![park(&lease, "ann", 1, Dead)]).await;
    let again = known(&store, 1).await;
    assert_eq!(
        (again.state, again.attempts, again.due_at),
        (Dead, 1, None),
        "the first attempt of the new ones"
    );
    assert_eq!(again.decided_by.as_deref(), Some("ops"), "who has decided last stays");
}

/// What is given up holds up nothing any more, and is kept.
pub async fn a_discarded_delivery_lets_the_others_pass<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let writes = vec![park(&lease, "ann", 1, Retrying), park(&lease, "ann", 2, Waiting)];
    deliver(&store, &lease, writes).await;
    assert_eq!(decide(&store, &at(1), &DeliveryAction::Discard).await, 1);
    assert_eq!((known(&store, 1).await.state, known(&store, 1).await.due_at), (Discarded, None));
    assert_eq!(due(&store, "s").await, [2]);
    assert_eq!(decide(&store, &at(1), &NOW).await, 0, "given up is given up");
    deliver(&store, &lease, vec![park(&lease, "ann", 1, Retrying)]).await;
    assert_eq!(known(&store, 1).await.state, Discarded, "an attempt that was under way changes nothing");
    deliver(&store, &lease, vec![done(&lease, "ann", 1), done(&lease, "ann", 2)]).await;
    assert_eq!(parked(&store, "s").await, [], "one that was handled all the same is done");
}

/// A dead letter may be marked as staying one, and be tried again all the same when it is meant.
pub async fn a_dead_letter_may_stay_one<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    deliver(&store, &lease, vec![park(&lease, "ann", 1, Dead), park(&lease, "ann", 2, Waiting)]).await;
    assert_eq!(decide(&store, &at(1), &DeliveryAction::MarkPermanent).await, 1);
    assert_eq!(known(&store, 1).await.state, Permanent);
    assert_eq!(due(&store, "s").await, Vec::<u64>::new(), "it still holds up the others");
    let dead = DeliveryFilter { states: vec![Dead], ..DeliveryFilter::default() };
    assert_eq!(decide(&store, &dead, &NOW).await, 0);
    assert_eq!(decide(&store, &at(1), &NOW).await, 1);
    assert_eq!(due(&store, "s").await, [1]);
}

/// What waits or is given up is nothing to decide about, and a filter reaches no further than it says.
pub async fn decisions_reach_what_is_meant<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let other = leased(&store, "other").await;
    for (at, state) in (1..).zip(STATES) {
        deliver(&store, &lease, vec![park(&lease, &at.to_string(), at, state)]).await;
        deliver(&store, &other, vec![park(&other, &at.to_string(), at, state)]).await;
    }
    let filter = |subscription: &str| DeliveryFilter {
        subscription: Some(subscription.to_owned()),
        ..DeliveryFilter::default()
    };
    let before = parked(&store, "other").await;
    assert_eq!(decide(&store, &filter("s"), &DeliveryAction::Discard).await, 3);
    let states: Vec<_> = parked(&store, "s").await.iter().map(|delivery| delivery.state).collect();
    assert_eq!(states, [Waiting, Discarded, Discarded, Discarded, Discarded]);
    assert_eq!(parked(&store, "other").await, before);
    let of_stream = DeliveryFilter { stream: Some(stream("3")), ..filter("other") };
    assert_eq!(decide(&store, &of_stream, &NOW).await, 1);
    let states: Vec<_> = parked(&store, "other").await.iter().map(|delivery| delivery.state).collect();
    assert_eq!(states, [Waiting, Retrying, Retrying, Permanent, Discarded]);
    assert_eq!(decide(&store, &DeliveryFilter::default(), &NOW).await, 3);
}

/// What a delivery is like, without the times.
type Known = (u64, String, DeliveryState, u32, Vec<String>, Option<String>, bool, bool);

async fn everything_known(store: &Store) -> Vec<Known> {
    let known = |d: ParkedDelivery| {
        let (tried, due) = (d.tried_at.is_some(), d.due_at.is_some());
        (d.position.raw(), d.stream.id().to_owned(), d.state, d.attempts, d.errors, d.decided_by, tried, due)
    };
    parked(store, "s").await.into_iter().map(known).collect()
}

/// Whatever happens to deliveries by chance, every store knows the same of them as the one in memory.
pub async fn deliveries_fare_as_in_memory<F: Fixture>(subject: &Subject<F>) {
    let (store, reference) = (subject.open().await, Store::from(Memory::new()));
    let (lease, known) = (leased(&store, "s").await, leased(&reference, "s").await);
    let mut dice = Dice::new(21);
    for step in 0..400 {
        let position = dice.roll(12) + 1;
        let id = dice.roll(3).to_string();
        let state = STATES[dice.roll(5) as usize];
        match dice.roll(8) {
            0 => {
                for (store, lease) in [(&store, &lease), (&reference, &known)] {
                    deliver(store, lease, vec![done(lease, &id, position)]).await;
                }
            }
            1 | 2 => {
                let action = [NOW, DeliveryAction::Discard, DeliveryAction::MarkPermanent];
                let action = &action[dice.roll(3) as usize];
                let states = if dice.roll(2) == 0 { vec![] } else { vec![state] };
                let filter =
                    DeliveryFilter { states, stream: Some(stream(&id)), ..DeliveryFilter::default() };
                let decided =
                    [decide(&store, &filter, action).await, decide(&reference, &filter, action).await];
                assert_eq!(decided[0], decided[1], "step {step}: {filter:?} {action:?}");
            }
            _ => {
                let tries = dice.roll(3) as u32;
                for (store, lease) in [(&store, &lease), (&reference, &known)] {
                    let mut write = park(lease, &id, position, state);
                    if let crate::store::DeliveryWrite::Park { attempts, errors, .. } = &mut write {
                        *attempts = tries;
                        *errors = vec![step.to_string()];
                    }
                    deliver(store, lease, vec![write]).await;
                }
            }
        }
        assert_eq!(everything_known(&store).await, everything_known(&reference).await, "step {step}");
        let (mut due, mut wanted) = (due(&store, "s").await, due(&reference, "s").await);
        due.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(due, wanted, "what is due after step {step}");
    }
}
