use std::{sync::Arc, time::Duration};

use super::item::{Item, UNFINISHED};
use crate::store::{DeliveryState, DeliveryWrite, storable};

const MOST_TEXTS: usize = 16;

/// An event that waits behind a parked one.
pub(super) fn behind(subscription: &Arc<str>, item: &Item) -> DeliveryWrite {
    park(subscription, item, DeliveryState::Waiting, item.attempts, None, Vec::new())
}

/// An event that has failed once more and is tried again after a while.
pub(super) fn again(
    subscription: &Arc<str>,
    item: &Item,
    pause: Duration,
    errors: Vec<String>,
) -> DeliveryWrite {
    let attempts = item.attempts.saturating_add(1);
    park(subscription, item, DeliveryState::Retrying, attempts, Some(pause), errors)
}

/// An event that is about to be tried. If nobody lives to tell how it ended, it is tried again after a while.
pub(super) fn begun(subscription: &Arc<str>, item: &Item, pause: Duration) -> DeliveryWrite {
    again(subscription, item, pause, vec![UNFINISHED.to_owned()])
}

/// An event that is to be tried alone.
pub(super) fn suspect(subscription: &Arc<str>, item: &Item) -> DeliveryWrite {
    let error =
        "the process that had this event ended without handing it over; it is tried alone now".to_owned();
    park(subscription, item, DeliveryState::Retrying, item.attempts, Some(Duration::ZERO), vec![error])
}

/// An event that has failed for good.
pub(super) fn dead(subscription: &Arc<str>, item: &Item, errors: Vec<String>) -> DeliveryWrite {
    park(subscription, item, DeliveryState::Dead, item.attempts.saturating_add(1), None, errors)
}

fn park(
    subscription: &Arc<str>,
    item: &Item,
    state: DeliveryState,
    attempts: u32,
    retry_in: Option<Duration>,
    errors: Vec<String>,
) -> DeliveryWrite {
    DeliveryWrite::Park {
        subscription: subscription.clone(),
        shard: item.shard,
        stream: item.lane.clone(),
        position: item.position,
        version: item.version,
        event: item.event.clone(),
        state,
        attempts,
        retry_in,
        errors: errors.into_iter().take(MOST_TEXTS).map(|text| storable(&text)).collect(),
    }
}
