//! Documents of projections, and the generations of these.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    ops::RangeBounds,
    sync::Arc,
};

use async_trait::async_trait;

use super::{Memory, State};
use crate::{
    domain::IndexKey,
    store::{
        Document, DocumentWrite, Documents, Find, Found, Generation, GenerationState, StoreError, check_name,
        generation_name, resolve::promotes,
    },
};

/// All collections.
#[derive(Default)]
pub(super) struct Library {
    collections: HashMap<Arc<str>, BTreeMap<String, Kept>>,
    generations: HashMap<String, BTreeMap<u32, Generation>>,
}

/// A document, and what it can be found by.
struct Kept {
    document: Document,
    indexes: Vec<(&'static str, IndexKey)>,
}

impl Kept {
    fn index(&self, name: &str) -> Option<&IndexKey> {
        self.indexes.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    fn meets(&self, find: &Find) -> bool {
        self.document.body.is_some()
            && find.conditions.iter().all(|condition| {
                self.index(condition.index).is_some_and(|value| condition.range.contains(value))
            })
    }

    /// Its place in the order that is asked for.
    fn found(&self, order: Option<&str>) -> Option<Found> {
        let place = match order {
            Some(index) => self.index(index)?.clone(),
            None => IndexKey::default(),
        };
        Some(Found { document: self.document.clone(), place })
    }
}

impl Library {
    fn document(&self, collection: &str, key: &str) -> Option<&Document> {
        Some(&self.collections.get(collection)?.get(key)?.document)
    }

    /// The revision of a document, 0 where there is none.
    pub(super) fn revision(&self, collection: &str, key: &str) -> u64 {
        self.document(collection, key).map_or(0, |document| document.revision)
    }

    pub(super) fn write(&mut self, write: &DocumentWrite) {
        let collection = self.collections.entry(Arc::clone(&write.collection)).or_default();
        if write.is_removal() {
            collection.remove(&write.key);
            return;
        }
        let DocumentWrite { key, body, revision, indexes, .. } = write.clone();
        let document = Document { key: key.clone(), body, revision };
        collection.insert(key, Kept { document, indexes });
    }

    /// The documents for which the conditions hold, by their keys.
    fn matching(&self, find: &Find) -> impl Iterator<Item = &Kept> {
        let collection = self.collections.get(&find.collection);
        collection.into_iter().flat_map(BTreeMap::values).filter(|kept| kept.meets(find))
    }

    fn find(&self, find: &Find) -> Vec<Found> {
        let order = |a: (&IndexKey, &str), b: (&IndexKey, &str)| match find.descending {
            true => b.cmp(&a),
            false => a.cmp(&b),
        };
        let mut found: Vec<Found> = self
            .matching(find)
            .filter_map(|kept| kept.found(find.order))
            .filter(|found| {
                find.after
                    .as_ref()
                    .is_none_or(|(place, key)| order(at(found), (place, key)) == Ordering::Greater)
            })
            .collect();
        found.sort_by(|a, b| order(at(a), at(b)));
        found.truncate(usize::try_from(find.limit).unwrap_or(usize::MAX));
        found
    }
}

fn at(found: &Found) -> (&IndexKey, &str) {
    (&found.place, &found.document.key)
}

impl State {
    fn generations_of(&self, projection: &str) -> Vec<Generation> {
        let generations = self.library.generations.get(projection);
        generations.into_iter().flat_map(BTreeMap::values).cloned().collect()
    }
}

#[async_trait]
impl Documents for Memory {
    async fn load_documents(
        &self,
        collection: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        let state = self.open()?;
        Ok(keys.iter().map(|key| state.library.document(collection, key).cloned()).collect())
    }

    async fn find_documents(&self, find: &Find) -> Result<Vec<Found>, StoreError> {
        Ok(self.open()?.library.find(find))
    }

    async fn count_documents(&self, find: &Find) -> Result<u64, StoreError> {
        Ok(self.open()?.library.matching(find).count() as u64)
    }

    async fn declare_generation(
        &self,
        projection: &str,
        version: u32,
    ) -> Result<Vec<Generation>, StoreError> {
        check_name(projection, "projection")?;
        let mut state = self.open()?;
        let declared_at = self.clock.now();
        let generations = state.library.generations.entry(projection.to_owned()).or_default();
        let state_of_new = match generations.is_empty() {
            true => GenerationState::Live,
            false => GenerationState::Building,
        };
        generations.entry(version).or_insert(Generation { version, state: state_of_new, declared_at });
        Ok(state.generations_of(projection))
    }

    async fn generations(&self, projection: &str) -> Result<Vec<Generation>, StoreError> {
        Ok(self.open()?.generations_of(projection))
    }

    async fn promote(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        let mut state = self.open()?;
        if !promotes(&state.generations_of(projection), version) {
            return Ok(false);
        }
        let generations = state.library.generations.get_mut(projection);
        for generation in generations.into_iter().flat_map(BTreeMap::values_mut) {
            if generation.version == version {
                generation.state = GenerationState::Live;
            } else if generation.state == GenerationState::Live {
                generation.state = GenerationState::Superseded;
            }
        }
        Ok(true)
    }

    async fn drop_generation(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        let mut state = self.open()?;
        let Some(generations) = state.library.generations.get_mut(projection) else { return Ok(false) };
        match generations.get(&version) {
            None | Some(Generation { state: GenerationState::Live, .. }) => return Ok(false),
            Some(_) => drop(generations.remove(&version)),
        }
        let name = generation_name(projection, version);
        state.library.collections.remove(&name);
        state.remove_subscription(&name);
        Ok(true)
    }

    async fn clear_collection(&self, collection: &str) -> Result<(), StoreError> {
        self.open()?.library.collections.remove(collection);
        Ok(())
    }
}
