use std::{collections::HashMap, sync::Mutex};

use async_trait::async_trait;
use gesta::{
    domain::{Position, Receipt},
    store::{Append, EventStore, Expected, NewEvent, Outcome, Store, StoreError, StreamId},
};

use crate::altered::{Alteration, Altered};

/// A store that keeps intents in memory until there is something else to be stored: they come after the effect, and are
/// lost with the process.
#[derive(Debug, Default)]
pub struct LateIntents {
    kept: Mutex<HashMap<StreamId, Kept>>,
}

/// The version of the stream before the events that are kept, and those.
type Kept = (Expected, Vec<NewEvent>);

impl LateIntents {
    /// Makes a store keep intents back.
    pub fn of(store: Store) -> Store {
        Store::new(Altered::new(store, Self::default()))
    }

    /// Puts what was kept back before the events of an append, and keeps back the intents that it ends with. How many.
    fn delay(&self, append: &mut Append) -> u64 {
        if let Some(together) = &mut append.together {
            self.delay(together);
        }
        if !append.stream.category().starts_with("saga.") {
            return 0;
        }
        let mut kept = self.kept.lock().expect("no panic");
        if let Some((expected, mut events)) = kept.remove(&append.stream) {
            events.append(&mut append.events);
            (append.expected, append.events) = (expected, events);
        }
        let is_intent = |event: &NewEvent| event.name.ends_with(".intended");
        let stays = append.events.iter().rposition(|event| !is_intent(event)).map_or(0, |last| last + 1);
        let late = append.events.split_off(stays);
        let count = late.len() as u64;
        if let (Expected::Version(version), true) = (append.expected, count > 0) {
            let expected = Expected::Version(version + stays as u64);
            kept.insert(append.stream.clone(), (expected, late));
        }
        count
    }
}

#[async_trait]
impl Alteration for LateIntents {
    async fn append(&self, inner: &dyn EventStore, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for append in batch {
            let mut append = append.clone();
            let (late, before) = (self.delay(&mut append), append.events.len());
            if late > 0 && before == 0 {
                let Expected::Version(version) = append.expected else { panic!("a version is expected") };
                let events = late as usize;
                let receipt = Receipt { version: version + late, position: Position::default(), events };
                outcomes.push(Outcome::Appended(receipt));
                continue;
            }
            let mut stored = inner.append(&[append]).await?;
            if let Some(Outcome::Appended(receipt)) = stored.first_mut() {
                receipt.version += late;
            }
            outcomes.append(&mut stored);
        }
        Ok(outcomes)
    }
}
