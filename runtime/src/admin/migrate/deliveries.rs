//! What handlers could not handle, and what waits behind it.

use super::{MigrateError, inspect, places::Places, side};
use crate::store::{DeliveryFilter, ParkedDelivery, Store};

/// So many deliveries are copied at once.
const PAGE: u64 = 500;

/// Parks in the target what is parked in the source. Deliveries there are replaced.
pub(super) async fn copy(from: &Store, to: &Store, places: &Places) -> Result<(), MigrateError> {
    let mut source = Deliveries::of(from);
    while let Some(page) = source.next().await? {
        let moved = page.into_iter().map(|parked| moved(parked, places)).collect::<Result<Vec<_>, _>>()?;
        inspect(to)?.restore_deliveries(&moved).await?;
    }
    Ok(())
}

/// Refuses any difference between the deliveries of both: how many there are.
///
/// Both list them in the same order, because the order of positions is the same.
pub(super) async fn compare(from: &Store, to: &Store, places: &Places) -> Result<u64, MigrateError> {
    let (mut source, mut target) = (Deliveries::of(from), Deliveries::of(to));
    let mut count = 0;
    loop {
        let (wanted, found) = (source.next().await?, target.next().await?);
        if wanted.is_none() && found.is_none() {
            return Ok(count);
        }
        let (wanted, found) = (wanted.unwrap_or_default(), found.unwrap_or_default());
        for index in 0..wanted.len().max(found.len()) {
            let parked = wanted.get(index).cloned().map(|parked| moved(parked, places)).transpose()?;
            if parked.as_ref() != found.get(index) {
                return Err(different(parked.as_ref(), found.get(index)));
            }
            count += 1;
        }
    }
}

/// The delivery of the same event, by its place in the target.
fn moved(parked: ParkedDelivery, places: &Places) -> Result<ParkedDelivery, MigrateError> {
    match places.of(parked.position) {
        Some(position) => Ok(ParkedDelivery { position, ..parked }),
        None if parked.position > places.end() => Err(MigrateError::Grown { what: name(&parked) }),
        None => Err(MigrateError::DifferentBeside {
            what: name(&parked),
            difference: "it is of an event that the source does not have; see `gesta verify`".to_owned(),
        }),
    }
}

fn name(parked: &ParkedDelivery) -> String {
    let ParkedDelivery { subscription, stream, version, .. } = parked;
    format!("the parked delivery to `{subscription}` of {stream}, event version {version}")
}

fn different(wanted: Option<&ParkedDelivery>, found: Option<&ParkedDelivery>) -> MigrateError {
    let (what, difference) = match (wanted, found) {
        (Some(wanted), None) => (name(wanted), "the copy does not have it".to_owned()),
        (None, Some(found)) => (name(found), "the source does not have it".to_owned()),
        (Some(wanted), Some(found)) => {
            (name(wanted), format!("it is {wanted:?}, and the copy has {found:?}"))
        }
        (None, None) => (String::new(), String::new()),
    };
    MigrateError::DifferentBeside { what, difference }
}

/// All deliveries of a store, page by page.
struct Deliveries<'s> {
    store: &'s Store,
    filter: DeliveryFilter,
    ended: bool,
}

impl<'s> Deliveries<'s> {
    fn of(store: &'s Store) -> Self {
        Self { store, filter: DeliveryFilter::default(), ended: false }
    }

    async fn next(&mut self) -> Result<Option<Vec<ParkedDelivery>>, MigrateError> {
        if self.ended {
            return Ok(None);
        }
        let page = side(self.store)?.list_deliveries(&self.filter, PAGE).await?;
        self.ended = (page.len() as u64) < PAGE;
        self.filter.after = page.last().map(ParkedDelivery::place);
        Ok(Some(page))
    }
}
