//! What stands beside the events: subscriptions, deliveries that are parked, and instances of sagas.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Operations, PAGE};
use crate::{
    domain::Position,
    saga::Instances,
    store::{
        Damage, DamageKind, DeliveryFilter, ParkedDelivery, SagaFilter, SagaState, StoreError, StreamFilter,
    },
};

/// So many questions are on their way to the store at a time.
const BESIDE: usize = 8;

impl Operations {
    pub(super) async fn verify_subscriptions(
        &self,
        tell: &mut impl FnMut(Damage),
    ) -> Result<u64, StoreError> {
        let found = self.subscriptions().await?;
        for state in &found.states {
            let ahead = state.shards.iter().map(|shard| shard.position).max().unwrap_or_default();
            if ahead > found.last {
                tell(Damage {
                    kind: DamageKind::Ahead,
                    subject: format!("subscription `{}`", state.name),
                    found: format!("it is at position {ahead}, and the log ends at {}", found.last),
                    repair: None,
                });
            }
        }
        Ok(found.states.len() as u64)
    }

    pub(super) async fn verify_deliveries(
        &self,
        tell: &mut impl FnMut(Damage),
        progress: &mut impl FnMut(&'static str, u64, u64),
    ) -> Result<u64, StoreError> {
        let (mut filter, mut looked_at) = (DeliveryFilter::default(), 0);
        loop {
            let page = self.side()?.list_deliveries(&filter, PAGE).await?;
            let checks = page.iter().map(|delivery| self.check_delivery(delivery));
            let checks: Vec<_> = checks.collect();
            let lost: Vec<_> = stream::iter(checks).buffered(BESIDE).try_collect().await?;
            lost.into_iter().flatten().for_each(&mut *tell);
            looked_at += page.len() as u64;
            progress("dead letters", looked_at, 0);
            filter.after = page.last().map(ParkedDelivery::place);
            if (page.len() as u64) < PAGE {
                return Ok(looked_at);
            }
        }
    }

    async fn check_delivery(&self, delivery: &ParkedDelivery) -> Result<Option<Damage>, StoreError> {
        let before = Position::from_raw(delivery.position.raw().saturating_sub(1));
        let event = self.log().after(before).page(1).await?.events.pop();
        let lost = event.is_none_or(|event| event.position != delivery.position);
        Ok(lost.then(|| Damage {
            kind: DamageKind::LostDelivery,
            subject: format!("handler `{}`", delivery.subscription),
            found: format!(
                "a delivery of {} version {} at position {}, where there is no event",
                delivery.stream, delivery.version, delivery.position
            ),
            repair: None,
        }))
    }

    /// The rows, and then the streams: whichever of the two is missing is found.
    pub(super) async fn verify_sagas(
        &self,
        tell: &mut impl FnMut(Damage),
        progress: &mut impl FnMut(&'static str, u64, u64),
    ) -> Result<u64, StoreError> {
        let of = self.side()?.count_sagas().await?.iter().map(|(_, _, instances)| instances).sum();
        let (instances, mut looked_at) = (self.sagas(), 0);
        let (mut filter, mut begun) = (SagaFilter::default(), HashMap::<String, u64>::new());
        loop {
            let page = self.side()?.list_sagas(&filter, PAGE).await?;
            let checks: Vec<_> = page.iter().map(|state| check_row(&instances, state)).collect();
            let found: Vec<_> = stream::iter(checks).buffered(BESIDE).try_collect().await?;
            for (state, (is_begun, damage)) in page.iter().zip(found) {
                *begun.entry(format!("saga.{}", state.saga)).or_default() += u64::from(is_begun);
                damage.into_iter().for_each(&mut *tell);
            }
            looked_at += page.len() as u64;
            progress("sagas", looked_at, of);
            filter.after = page.last().map(|last| (last.saga.to_string(), last.id.clone()));
            if (page.len() as u64) < PAGE {
                break;
            }
        }
        // As many streams as rows that have one: none is without a row, and they need not be looked at one by one.
        let streams = self.inspect()?.count_streams().await?;
        let mut sagas = streams.iter().filter(|(category, _)| category.starts_with("saga."));
        if sagas.any(|(category, streams)| begun.get(category) != Some(streams)) {
            self.verify_streams_of_sagas(&instances, tell).await?;
        }
        Ok(looked_at)
    }

    async fn verify_streams_of_sagas(
        &self,
        instances: &Instances,
        tell: &mut impl FnMut(Damage),
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.inspect()?.list_streams(&StreamFilter::default(), after, PAGE).await?;
            let names = page.streams.iter().map(|state| (state.stream.category(), state.stream.id()));
            let sagas = names.filter_map(|(category, id)| Some((category.strip_prefix("saga.")?, id)));
            let checks: Vec<_> = sagas.map(|(saga, id)| check_unkept(instances, saga, id)).collect();
            let found: Vec<_> = stream::iter(checks).buffered(BESIDE).try_collect().await?;
            found.into_iter().flatten().for_each(&mut *tell);
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// Whether a row has a stream, and what is wrong with it.
async fn check_row(instances: &Instances, kept: &SagaState) -> Result<(bool, Option<Damage>), StoreError> {
    if instances.agrees(kept).await? {
        return Ok((true, None));
    }
    // It may have gone on meanwhile, so it is looked at with more care.
    Ok((false, check_saga(instances, &kept.saga, &kept.id).await?))
}

async fn check_unkept(instances: &Instances, saga: &str, id: &str) -> Result<Option<Damage>, StoreError> {
    match instances.is_kept(saga, id).await? {
        true => Ok(None),
        false => check_saga(instances, saga, id).await,
    }
}

async fn check_saga(instances: &Instances, saga: &str, id: &str) -> Result<Option<Damage>, StoreError> {
    let found = instances.disagreement(saga, id).await?;
    Ok(found.map(|found| Damage {
        kind: DamageKind::WrongSaga,
        subject: format!("{saga}/{id}"),
        found,
        repair: None,
    }))
}
