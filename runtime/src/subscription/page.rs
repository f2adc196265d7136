use std::{collections::HashMap, ops::ControlFlow, sync::Arc};

use crate::{
    domain::Position,
    log::{Filter, LogEntry},
    store::{LogEventRef, ReadLog, Store, StoreError},
};

/// Events in a row, as they were read from the log.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) events: Vec<Arc<LogEntry>>,
    /// Where the events of each name are, so that who wants a few names need not look at the others.
    places: HashMap<Box<str>, Vec<usize>>,
    pub(super) to: Position,
    /// Whether this was the end of the log.
    pub(super) live: bool,
    /// What the events take in memory, about.
    pub(super) bytes: usize,
}

/// What an event takes beside its payload, about.
const OVERHEAD: usize = 200;

/// Reads the events after a position that pass a filter, looking at no more than `limit`.
pub(super) async fn read(
    store: &Store,
    after: Position,
    limit: u64,
    filter: &Filter,
) -> Result<(Vec<Arc<LogEntry>>, Position, bool), StoreError> {
    let (mut events, mut seen) = (Vec::new(), 0);
    let mut visit = |event: LogEventRef<'_>| {
        seen += 1;
        if filter.matches(event) {
            events.push(Arc::new(LogEntry::from(event)));
        }
        ControlFlow::Continue(())
    };
    let to = store.port().read_log(&ReadLog { after, limit }, &mut visit).await?;
    Ok((events, to, seen < limit))
}

impl Page {
    pub(super) fn new(events: Vec<Arc<LogEntry>>, to: Position, live: bool) -> Self {
        let mut places: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        for (place, event) in events.iter().enumerate() {
            match places.get_mut(event.name.as_str()) {
                Some(found) => found.push(place),
                None => drop(places.insert(event.name.as_str().into(), vec![place])),
            }
        }
        let bytes = events.iter().map(|event| event.payload.len() + OVERHEAD).sum();
        Self { events, places, to, live, bytes }
    }

    /// Adds those events after a position that pass a filter.
    pub(super) fn pick(&self, after: Position, filter: &Filter, picked: &mut Vec<Arc<LogEntry>>) {
        let wanted = |event: &&Arc<LogEntry>| event.position > after && filter.matches(event.as_log_event());
        match filter.exact_names() {
            None => picked.extend(self.events.iter().filter(wanted).cloned()),
            Some(names) => {
                let mut places: Vec<usize> =
                    names.filter_map(|name| self.places.get(name)).flatten().copied().collect();
                places.sort_unstable();
                picked.extend(
                    places.into_iter().filter_map(|place| self.events.get(place)).filter(wanted).cloned(),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Timestamp,
        store::{EventRef, StreamId},
    };

    fn page(names: &[&str]) -> Page {
        let stream = StreamId::new("lamp", "1");
        let event = |(index, name): (usize, &&str)| {
            let number = index as u64 + 1;
            let event = EventRef {
                position: Position::from_raw(number),
                version: number,
                recorded_at: Timestamp::from_micros(0),
                name,
                type_version: 1,
                meta: b"",
                payload: b"{}",
            };
            Arc::new(LogEntry::from(LogEventRef { stream: &stream, event }))
        };
        let events: Vec<_> = names.iter().enumerate().map(event).collect();
        let to = Position::from_raw(names.len() as u64);
        Page::new(events, to, true)
    }

    fn picked(page: &Page, after: u64, filter: &Filter) -> Vec<u64> {
        let mut picked = Vec::new();
        page.pick(Position::from_raw(after), filter, &mut picked);
        picked.iter().map(|event| event.position.raw()).collect()
    }

    #[test]
    fn what_is_picked_by_names_is_in_order_and_the_same_as_by_looking_at_all() {
        let page = page(&["lamp.on", "lamp.off", "lamp.on", "lamp.broken", "lamp.off"]);
        let exact = Filter::new().event("lamp.off").event("lamp.on");
        assert_eq!(picked(&page, 0, &exact), [1, 2, 3, 5]);
        assert_eq!(picked(&page, 1, &exact), [2, 3, 5]);
        let pattern = Filter::new().event_like("lamp.o*").unwrap();
        assert_eq!(picked(&page, 0, &pattern), [1, 2, 3, 5]);
        assert_eq!(picked(&page, 0, &Filter::new()), [1, 2, 3, 4, 5]);
        assert_eq!(picked(&page, 0, &Filter::new().event("lamp.lost")), [0; 0]);
        let both = Filter::new().event("lamp.broken").event_like("*.off").unwrap();
        assert_eq!(picked(&page, 0, &both), [2, 4, 5]);
        assert_eq!(picked(&page, 0, &Filter::new().event("lamp.on").id("2")), [0; 0]);
    }
}
