//! The time of recording.

use std::time::SystemTime;

use super::{Fixture, Subject, kit::*};
use crate::domain::Timestamp;

/// What the clock of a database and ours may differ, where it cannot be asked.
const TOLERANCE_MICROS: i64 = 60_000_000;

async fn now<F: Fixture>(subject: &Subject<F>) -> (Timestamp, i64) {
    match subject.fixture().now().await {
        // Some databases know milliseconds only.
        Some(now) => (now, 1_000),
        None => (SystemTime::now().into(), TOLERANCE_MICROS),
    }
}

/// Events are recorded between the begin and the end of the call, by the clock of the database, and their time
/// does not change when they are read again.
pub async fn events_are_recorded_by_the_clock_of_the_database<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    for version in 0..5 {
        let (before, tolerance) = now(subject).await;
        stored(&store, at(&ann, version, ["x"])).await;
        let (after, _) = now(subject).await;
        let recorded = events(&store, &ann).await[version as usize].recorded_at.as_micros();
        assert!(
            recorded >= before.as_micros() - tolerance,
            "recorded {recorded}, and it was {before:?} before"
        );
        assert!(recorded <= after.as_micros() + tolerance, "recorded {recorded}, and it was {after:?} after");
    }
    let times = |events: Vec<Seen>| events.into_iter().map(|event| event.recorded_at).collect::<Vec<_>>();
    let first = times(events(&store, &ann).await);
    assert_eq!(times(log(&store, 10).await), first);
    assert_eq!(times(events(&subject.open().await, &ann).await), first);
}
