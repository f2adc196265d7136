//! Keys of commands, listed and restored.

use super::State;
use crate::{
    domain::{Position, Receipt},
    store::{
        KeptKey, KeyPage, RestoringKeys,
        restore::{may_keep, next_key},
    },
};

impl State {
    /// In the order of their texts.
    pub(super) fn list_keys(&self, from: Option<&[u8]>, most: u64) -> KeyPage {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let from = from.unwrap_or_default();
        let mut found: Vec<_> =
            self.ledger.keys.iter().filter(|(key, _)| key.as_str().as_bytes() >= from).collect();
        found.sort_unstable_by_key(|(key, _)| key.as_str());
        found.truncate(most);
        let next = found.last().filter(|_| found.len() == most);
        let next = next.map(|(key, _)| next_key(key));
        let kept = |(key, (stream, receipt)): (&_, &(_, _))| KeptKey {
            key: Clone::clone(key),
            stream: Clone::clone(stream),
            receipt: *receipt,
        };
        KeyPage { keys: found.into_iter().map(kept).collect(), next }
    }

    pub(super) fn restore_keys(&mut self, keys: &[KeptKey]) -> Result<RestoringKeys, RestoringKeys> {
        let mut new = Vec::new();
        for kept in keys {
            let here = self.receipt_here(kept);
            if may_keep(kept, here, self.ledger.keys.get(&kept.key).cloned())? {
                new.extend(here.map(|here| (kept.key.clone(), (kept.stream.clone(), here))));
            }
        }
        let stored = new.len() as u64;
        self.ledger.keys.extend(new);
        Ok(RestoringKeys::Stored(stored))
    }

    /// The receipt with the position that its event has here; `None` where that is not there.
    fn receipt_here(&self, kept: &KeptKey) -> Option<Receipt> {
        if kept.receipt.version == 0 {
            return Some(Receipt { position: Position::START, ..kept.receipt });
        }
        let index = usize::try_from(kept.receipt.version - 1).ok()?;
        let event = self.streams.get(&kept.stream)?.get(index)?;
        Some(Receipt { position: event.position, ..kept.receipt })
    }
}
