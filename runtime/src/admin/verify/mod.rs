mod processes;

use std::io::{self, Write};

use uuid::Uuid;

use super::{Because, Operations};
use crate::{
    domain::{IdempotencyKey, Meta},
    monitor::{self, MonitorEvent, Repaired},
    store::{Damage, Part, Repair, StoreError},
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
    /// stand where their events say. Each damage is told as it is found, and how far it has come: what is looked at, how
    /// many of it, and of about how many, which is 0 where nobody knows. Others may work on the store meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn verify(
        &self,
        mut found: impl FnMut(Damage),
        mut progress: impl FnMut(&'static str, u64, u64),
    ) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let mut damages = 0;
        let mut tell = |damage: Damage| {
            damages += 1;
            found(damage);
        };
        for part in Part::ALL {
            let (mut after, mut looked_at) = (None, 0);
            let of = self.inspect()?.extent(part).await?;
            loop {
                let looked = self.inspect()?.look_over(part, after.as_deref(), PAGE).await?;
                looked.damages.into_iter().for_each(&mut tell);
                looked_at += looked.looked_at;
                progress(part.name(), looked_at, of);
                after = looked.next;
                if after.is_none() {
                    break;
                }
            }
            verified.looked_at.push((part.name(), looked_at));
        }
        if self.store().port().read_side().is_some() {
            verified.looked_at.push(("subscriptions", self.verify_subscriptions(&mut tell).await?));
            let letters = self.verify_deliveries(&mut tell, &mut progress).await?;
            verified.looked_at.push(("dead letters", letters));
            verified.looked_at.push(("sagas", self.verify_sagas(&mut tell, &mut progress).await?));
        }
        verified.damages = damages;
        Ok(verified)
    }

    /// Makes right what follows from the events, after a line for each change was written to a backup: it says what was
    /// there. What has changed since it was found is left alone. How many were repaired; `gesta.repaired` in the log says
    /// who has done it, and where the backup is.
    ///
    /// # Errors
    /// [`RepairError`].
    pub async fn repair(
        &self,
        repairs: &[Repair],
        (backup, called): (&mut (dyn Write + Send), &str),
        because: &Because,
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
        let told = MonitorEvent::Repaired(Repaired {
            repaired,
            backup: called.to_owned(),
            actor: because.actor.clone(),
            reason: because.reason.clone(),
        });
        let key = IdempotencyKey::new(format!("gesta.repaired/{}", Uuid::now_v7()));
        let meta = Meta { actor: Some(because.actor.clone()), ..Meta::default() };
        monitor::record(self.store(), "repairs", [(key, told, meta)]).await?;
        Ok(repaired)
    }
}
