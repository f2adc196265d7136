//! The rules about commits, documents, generations and deliveries.

use super::later;
use crate::{
    domain::Timestamp,
    store::{
        Advance, DeliveryAction, DeliveryState, DeliveryWrite, DocumentWrite, Generation, GenerationState,
        ParkedDelivery, StoreError,
    },
};

/// What a worker is told whose lease is not good any more, or whose shard is not where it was.
pub(crate) fn fenced(advance: &Advance) -> StoreError {
    StoreError::Fenced { subscription: advance.subscription.to_string(), shard: advance.shard }
}

/// The first of some documents that has another revision than its writer expects.
pub(crate) fn stale(
    documents: &[DocumentWrite],
    revision: impl Fn(&DocumentWrite) -> u64,
) -> Option<&DocumentWrite> {
    documents.iter().find(|write| write.expected.is_some_and(|expected| expected != revision(write)))
}

/// What its writer is told.
pub(crate) fn stale_error(document: &DocumentWrite) -> StoreError {
    StoreError::Stale { collection: document.collection.to_string(), key: document.key.clone() }
}

/// Whether a generation may become the live one: it is being built, and no newer one is live.
pub(crate) fn promotes(generations: &[Generation], version: u32) -> bool {
    let is = |state| move |generation: &&Generation| generation.state == state;
    generations.iter().filter(is(GenerationState::Building)).any(|building| building.version == version)
        && generations.iter().filter(is(GenerationState::Live)).all(|live| live.version < version)
}

/// Whether what is known of a delivery may be replaced: not once somebody has decided about it meanwhile, and not by
/// the same attempt again.
pub(crate) fn may_replace(known: &ParkedDelivery, by: &DeliveryWrite) -> bool {
    let DeliveryWrite::Park { attempts, .. } = by else { return false };
    matches!(known.state, DeliveryState::Waiting | DeliveryState::Retrying)
        && Some(*attempts) == known.attempts.checked_add(1)
}

/// Does with a delivery what somebody wants; false where it is not one to decide about.
pub(crate) fn decide(
    delivery: &mut ParkedDelivery,
    action: &DeliveryAction,
    actor: &str,
    reason: &str,
    now: Timestamp,
) -> bool {
    if matches!(delivery.state, DeliveryState::Waiting | DeliveryState::Discarded) {
        return false;
    }
    (delivery.state, delivery.due_at) = match action {
        DeliveryAction::Retry { after } => {
            delivery.attempts = 0;
            (DeliveryState::Retrying, Some(later(now, *after)))
        }
        DeliveryAction::Discard => (DeliveryState::Discarded, None),
        DeliveryAction::MarkPermanent => (DeliveryState::Permanent, None),
    };
    delivery.decided_by = Some(actor.to_owned());
    delivery.reason = Some(reason.to_owned());
    true
}
