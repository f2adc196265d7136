//! The arguments of a commit: shards, documents and deliveries as arrays.

use super::{
    call::{Call, Filling, count, number},
    deliveries::{number_of, text},
    failure::Failure,
    shards::micros,
};
use crate::store::{Advance, DeliveryWrite, DocumentWrite};

/// Checks the leases and stores everything.
pub(super) const COMMIT: &str = include_str!("sql/commit.sql");

/// A document to be written.
pub(super) struct Written<'w> {
    /// What it is to be.
    pub(super) document: &'w DocumentWrite,
    /// The revision that must be there before: another one than that of the write itself, where several follow upon
    /// each other.
    pub(super) expected: Option<u64>,
}

impl<'w> From<&'w DocumentWrite> for Written<'w> {
    fn from(document: &'w DocumentWrite) -> Self {
        Self { document, expected: document.expected }
    }
}

/// A call that stores these. Without advances there is no fence.
pub(super) fn call(
    advances: &[Advance],
    documents: &[DocumentWrite],
    deliveries: &[DeliveryWrite],
) -> Result<Call, Failure> {
    let mut arguments = Filling::default();
    add_advances(&mut arguments, advances);
    let documents = all(documents, Written::from);
    add_documents(&mut arguments, &documents);
    add_indexes(&mut arguments, &documents);
    add_deliveries(&mut arguments, deliveries);
    arguments.call(COMMIT)
}

fn all<'w, W, T>(writes: &'w [W], part: impl FnMut(&'w W) -> T) -> Vec<T> {
    writes.iter().map(part).collect()
}

fn add_advances(arguments: &mut Filling, advances: &[Advance]) {
    arguments
        .add(all(advances, |advance| &*advance.subscription))
        .add(all(advances, |advance| i32::from(advance.shard)))
        .add(all(advances, |advance| number(advance.token)))
        .add(all(advances, |advance| number(advance.from.raw())))
        .add(all(advances, |advance| number(advance.to.raw())));
}

pub(super) fn add_documents(arguments: &mut Filling, documents: &[Written<'_>]) {
    arguments
        .add(all(documents, |written| &*written.document.collection))
        .add(all(documents, |written| written.document.key.as_bytes()))
        .add(all(documents, |written| written.document.body.as_deref()))
        // Any number will do, so it is kept by its bits.
        .add(all(documents, |written| written.document.revision.cast_signed()))
        .add(all(documents, |written| written.expected.map(u64::cast_signed)));
}

pub(super) fn add_indexes(arguments: &mut Filling, documents: &[Written<'_>]) {
    let (mut kept, mut numbers, mut names, mut values) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, document) in documents.iter().map(|written| written.document).enumerate() {
        for (name, value) in &document.indexes {
            let of_collection = (&*document.collection, *name);
            if !kept.contains(&of_collection) {
                kept.push(of_collection);
            }
            numbers.push(count(place + 1));
            names.push(*name);
            values.push(value.as_bytes());
        }
    }
    let (collections, indexes): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
    arguments.add(collections).add(indexes).add(numbers).add(names).add(values);
}

fn add_deliveries(arguments: &mut Filling, deliveries: &[DeliveryWrite]) {
    let (mut subscriptions, mut positions, mut shards) = (Vec::new(), Vec::new(), Vec::new());
    let (mut streams, mut categories, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let (mut versions, mut events, mut states) = (Vec::new(), Vec::new(), Vec::new());
    let (mut tried, mut retries, mut error_of, mut said) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut done = (Vec::new(), Vec::new(), Vec::new());
    for delivery in deliveries {
        match delivery {
            DeliveryWrite::Park {
                subscription,
                shard,
                stream,
                position,
                version,
                event,
                state,
                attempts,
                retry_in,
                errors,
            } => {
                subscriptions.push(&**subscription);
                positions.push(number(position.raw()));
                shards.push(i32::from(*shard));
                streams.push(stream.key());
                categories.push(stream.category());
                ids.push(stream.id());
                versions.push(number(*version));
                events.push(event.as_str());
                states.push(number_of(*state));
                tried.push(i64::from(*attempts));
                retries.push(retry_in.map(micros));
                error_of.extend(errors.iter().map(|_| count(subscriptions.len())));
                said.extend(errors.iter().map(|error| text(error)));
            }
            DeliveryWrite::Done { subscription, stream, position } => {
                done.0.push(&**subscription);
                done.1.push(number(position.raw()));
                done.2.push(stream.key());
            }
        }
    }
    arguments.add(subscriptions).add(positions).add(shards).add(streams).add(categories).add(ids);
    arguments.add(versions).add(events).add(states).add(tried).add(retries).add(error_of).add(said);
    arguments.add(done.0).add(done.1).add(done.2);
}
