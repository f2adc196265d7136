use std::io::{self, Write};

use super::Operations;
use crate::{
    saga::Instances,
    store::{Damage, DamageKind, DeliveryFilter, Part, Repair, SagaFilter, StoreError, StreamFilter},
};

/// So many rows are looked over in one call of the store.
const PAGE: u64 = 1_000;

/// What was looked over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// What, and how many of it.
    pub looked_at: Vec<(&'static str, u64)>,
    /// How much is wrong.
    pub damages: u64,
}

/// Why something could not be repaired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// Without a backup of what is changed, nothing is.
    #[error("the backup of what would be changed cannot be written, so nothing was changed: {0}")]
    Backup(#[from] io::Error),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Operations {
    /// Looks over everything that is kept: whether versions have no gaps, heads are right, the log has its order, keys
    /// and snapshots are of events that are there, payloads are JSON, subscriptions are not ahead, and instances of sagas
    /// stand where their events say. Each damage is told as it is found, and how far it has come: what is looked at, and
    /// how many of it. Others may work on the store meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn verify(
        &self,
        mut found: impl FnMut(Damage),
        mut progress: impl FnMut(&'static str, u64),
    ) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let mut damages = 0;
        let mut tell = |damage: Damage| {
            damages += 1;
            found(damage);
        };
        for part in Part::ALL {
            let (mut after, mut looked_at) = (None, 0);
            loop {
                let looked = self.inspect()?.look_over(part, after.as_deref(), PAGE).await?;
                looked.damages.into_iter().for_each(&mut tell);
                looked_at += looked.looked_at;
                progress(part.name(), looked_at);
                after = looked.next;
                if after.is_none() {
                    break;
                }
            }
            verified.looked_at.push((part.name(), looked_at));
        }
        if self.store().port().read_side().is_some() {
            verified.looked_at.push(("subscriptions", self.verify_subscriptions(&mut tell).await?));
            verified.looked_at.push(("dead letters", self.verify_deliveries(&mut tell).await?));
            let sagas = self.verify_sagas(&mut tell, |looked_at| progress("sagas", looked_at)).await?;
            verified.looked_at.push(("sagas", sagas));
        }
        verified.damages = damages;
        Ok(verified)
    }

    async fn verify_subscriptions(&self, tell: &mut impl FnMut(Damage)) -> Result<u64, StoreError> {
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

    async fn verify_deliveries(&self, tell: &mut impl FnMut(Damage)) -> Result<u64, StoreError> {
        let (mut filter, mut looked_at) = (DeliveryFilter::default(), 0);
        loop {
            let page = self.side()?.list_deliveries(&filter, PAGE).await?;
            for delivery in &page {
                let before = crate::domain::Position::from_raw(delivery.position.raw().saturating_sub(1));
                let event = self.log().after(before).page(1).await?.events.pop();
                if event.is_none_or(|event| event.position != delivery.position) {
                    tell(Damage {
                        kind: DamageKind::LostDelivery,
                        subject: format!("handler `{}`", delivery.subscription),
                        found: format!(
                            "a delivery of {} version {} at position {}, where there is no event",
                            delivery.stream, delivery.version, delivery.position
                        ),
                        repair: None,
                    });
                }
            }
            looked_at += page.len() as u64;
            filter.after = page.last().map(crate::store::ParkedDelivery::place);
            if (page.len() as u64) < PAGE {
                return Ok(looked_at);
            }
        }
    }

    async fn verify_sagas(
        &self,
        tell: &mut impl FnMut(Damage),
        mut progress: impl FnMut(u64),
    ) -> Result<u64, StoreError> {
        let (instances, mut after, mut looked_at) = (self.sagas(), None, 0);
        // The rows, and then the streams: whichever of the two is missing is found.
        let mut filter = SagaFilter::default();
        loop {
            let page = self.side()?.list_sagas(&filter, PAGE).await?;
            for state in &page {
                check_saga(&instances, &state.saga, &state.id, tell).await?;
            }
            looked_at += page.len() as u64;
            progress(looked_at);
            filter.after = page.last().map(|last| (last.saga.to_string(), last.id.clone()));
            if (page.len() as u64) < PAGE {
                break;
            }
        }
        loop {
            let page = self.inspect()?.list_streams(&StreamFilter::default(), after, PAGE).await?;
            for state in &page.streams {
                let Some(saga) = state.stream.category().strip_prefix("saga.") else { continue };
                if !instances.is_kept(saga, state.stream.id()).await? {
                    check_saga(&instances, saga, state.stream.id(), tell).await?;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(looked_at);
            }
        }
    }

    /// Makes right what follows from the events, after a line for each change was written to a backup: it says what was
    /// there. What has changed since it was found is left alone. How many were repaired.
    ///
    /// # Errors
    /// [`RepairError`].
    pub async fn repair(
        &self,
        repairs: &[Repair],
        backup: &mut (dyn Write + Send),
    ) -> Result<u64, RepairError> {
        for repair in repairs {
            let mut line = serde_json::to_vec(repair).map_err(io::Error::from)?;
            line.push(b'\n');
            backup.write_all(&line)?;
        }
        backup.flush()?;
        let mut repaired = 0;
        for repair in repairs {
            repaired += u64::from(self.inspect()?.repair(repair).await?);
        }
        Ok(repaired)
    }
}

async fn check_saga(
    instances: &Instances,
    saga: &str,
    id: &str,
    tell: &mut impl FnMut(Damage),
) -> Result<(), StoreError> {
    if let Some(found) = instances.disagreement(saga, id).await? {
        tell(Damage { kind: DamageKind::WrongSaga, subject: format!("{saga}/{id}"), found, repair: None });
    }
    Ok(())
}
