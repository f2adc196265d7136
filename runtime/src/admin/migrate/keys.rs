//! The keys of commands.

use uuid::Uuid;

use super::{MigrateError, inspect, key_text::KeyTexts, places::Places};
use crate::store::{Inspect, KeptKey, KeyPage, Part, RestoringKeys, Store};

/// So many keys are stored at once.
const PAGE: u64 = 1_000;

/// Lets the target know the keys of all events that both have. Keys that it knows already stay.
pub(super) async fn copy(
    from: &Store,
    to: &Store,
    texts: &KeyTexts,
    places: &Places,
) -> Result<(), MigrateError> {
    let mut source = Keys::of(from)?;
    while let Some(mut keys) = source.next().await? {
        // What has come behind the end of the copy is told of when both are compared.
        keys.retain(|kept| kept.receipt.position <= places.end());
        keys.iter_mut().for_each(|kept| kept.key = texts.translate(&kept.key, places));
        if let RestoringKeys::Conflict { key, kept } = inspect(to)?.restore_keys(&keys).await? {
            let difference = match kept {
                Some((stream, receipt)) => format!(
                    "the copy has it for {stream} version {} ({} events)",
                    receipt.version, receipt.events
                ),
                None => "it is of an event that the source does not have; see `gesta verify`".to_owned(),
            };
            return Err(MigrateError::DifferentKey { key, difference });
        }
    }
    Ok(())
}

/// Refuses any difference between the keys of both: how many there are.
///
/// Stores list their keys in different orders, so sums are compared; only where these differ it is looked for the key.
pub(super) async fn compare(
    from: &Store,
    to: &Store,
    texts: &KeyTexts,
    places: &Places,
) -> Result<u64, MigrateError> {
    let (mut wanted, mut found) = (Sum::default(), Sum::default());
    let mut source = Keys::of(from)?;
    while let Some(keys) = source.next().await? {
        for kept in keys {
            if kept.receipt.position > places.end() {
                return Err(MigrateError::Grown { what: format!("the key `{}`", kept.key) });
            }
            wanted.add(&KeptKey { key: texts.translate(&kept.key, places), ..kept });
        }
    }
    let mut target = Keys::of(to)?;
    while let Some(keys) = target.next().await? {
        keys.iter().for_each(|kept| found.add(kept));
    }
    if wanted != found {
        return Err(difference(from, to, texts, places).await?);
    }
    check_places(inspect(to)?).await?;
    Ok(found.keys)
}

/// The first key that is not the same in both.
async fn difference(
    from: &Store,
    to: &Store,
    texts: &KeyTexts,
    places: &Places,
) -> Result<MigrateError, MigrateError> {
    let mut source = Keys::of(from)?;
    while let Some(keys) = source.next().await? {
        for kept in keys {
            let key = texts.translate(&kept.key, places);
            let KeptKey { stream, receipt, .. } = kept;
            let difference = match to.port().find_key(&key).await? {
                None => "the copy does not have it; if it has come just now, run it again".to_owned(),
                Some((other, there)) => {
                    let is = (&other, there.version, there.events);
                    if is == (&stream, receipt.version, receipt.events) {
                        continue;
                    }
                    format!("the copy has it for {other} version {} ({} events)", there.version, there.events)
                }
            };
            return Ok(MigrateError::DifferentKey { key, difference });
        }
    }
    let key = "(any)".into();
    Ok(MigrateError::DifferentKey { key, difference: "the copy has more keys than the source".into() })
}

/// Whether the receipts tell the positions that the events have in the copy.
async fn check_places(target: &dyn Inspect) -> Result<(), MigrateError> {
    let mut after = None;
    loop {
        let looked = target.look_over(Part::Keys, after.as_deref(), PAGE).await?;
        if let Some(damage) = looked.damages.into_iter().next() {
            return Err(MigrateError::DifferentKey { key: damage.subject.into(), difference: damage.found });
        }
        after = looked.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Keys, whatever their order.
#[derive(Debug, Default, PartialEq)]
struct Sum {
    keys: u64,
    sum: u128,
}

impl Sum {
    fn add(&mut self, kept: &KeptKey) {
        let KeptKey { key, stream, receipt } = kept;
        // None of the names contains a NUL.
        let text =
            format!("{key}\0{}\0{}\0{}\0{}", stream.category(), stream.id(), receipt.version, receipt.events);
        let number = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).as_u128();
        self.sum = self.sum.wrapping_add(number);
        self.keys += 1;
    }
}

/// All keys of a store, page by page.
struct Keys<'s> {
    store: &'s dyn Inspect,
    /// Where to go on; `None` at the end.
    next: Option<Option<Vec<u8>>>,
}

impl<'s> Keys<'s> {
    fn of(store: &'s Store) -> Result<Self, MigrateError> {
        Ok(Self { store: inspect(store)?, next: Some(None) })
    }

    async fn next(&mut self) -> Result<Option<Vec<KeptKey>>, MigrateError> {
        let Some(after) = self.next.take() else { return Ok(None) };
        let KeyPage { keys, next } = self.store.list_keys(after.as_deref(), PAGE).await?;
        self.next = next.map(Some);
        Ok(Some(keys))
    }
}
