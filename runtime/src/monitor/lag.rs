use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
    time::Duration,
};

use super::snapshot::Lag;
use crate::{
    domain::{Position, Timestamp},
    store::{LogEventRef, ReadLog, Store, StoreError},
};

/// More events than this are not counted one by one.
const MOST: u64 = 10_000;

/// How far the subscriptions of a store are behind its log. Positions are not for counting, so the events are read.
pub(super) async fn of(store: &Store) -> Result<BTreeMap<String, Lag>, StoreError> {
    let Some(port) = store.port().read_side() else { return Ok(BTreeMap::new()) };
    let (states, now) = (port.subscriptions(None).await?, port.now().await?);
    let (mut lags, mut known) = (BTreeMap::new(), HashMap::new());
    for state in states {
        let position = state.position();
        let behind = match known.get(&position) {
            Some(behind) => *behind,
            None => {
                let behind = behind(store, position, now).await?;
                known.insert(position, behind);
                behind
            }
        };
        lags.insert(state.name.to_string(), Lag { paused: state.paused, ..behind });
    }
    Ok(lags)
}

async fn behind(store: &Store, position: Position, now: Timestamp) -> Result<Lag, StoreError> {
    let (mut events, mut first) = (0, None);
    let mut visit = |event: LogEventRef<'_>| {
        first.get_or_insert(event.event.recorded_at);
        events += 1;
        ControlFlow::Continue(())
    };
    store.port().read_log(&ReadLog { after: position, limit: MOST }, &mut visit).await?;
    let micros = first.map_or(0, |first| now.as_micros().saturating_sub(first.as_micros()));
    let time = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    Ok(Lag { position, events, more: events == MOST, time, paused: false })
}
