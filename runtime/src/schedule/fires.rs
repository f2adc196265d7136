use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::{
    RECURRING, SHARDS,
    error::unencodable,
    keep::{TIMER, side},
    recurring::{Missed, Recurrences, Recurring},
};
use crate::{
    domain::{IdempotencyKey, Timestamp},
    store::{
        Append, DocumentWrite, Due, Expected, NewEvent, ProcessWrites, Store, StoreError, TimerState,
        TimerWrite,
    },
    subscription::{Fires, shard_of_stream},
};

/// The event that tells that the time of a scheduled command has come.
pub(super) const DUE: &str = "schedule.due";

/// The event that tells that the time of something that recurs has come.
pub(super) const CAME: &str = "recurring.came";

const SET: &str = "recurring.set";

/// Lets the times of scheduled commands come.
pub(crate) struct FiresScheduled;

impl Fires for FiresScheduled {
    fn fire(&self, timer: &TimerState, _: Timestamp) -> Result<Option<Append>, StoreError> {
        let event = NewEvent { name: DUE, version: 1, payload: b"{}".to_vec() };
        let mut append = Append::new(timer.stream.clone(), Expected::Any, vec![event]);
        append.key =
            Some(IdempotencyKey::new(format!("{}/{}/{}", timer.stream.category(), timer.stream.id(), TIMER)));
        let timers = vec![TimerWrite::Disarm { name: timer.name.clone(), armed: Some(timer.armed) }];
        append.process = Some(Box::new(ProcessWrites { timers, ..ProcessWrites::default() }));
        Ok(Some(append))
    }
}

/// Lets the times of what recurs come, and sets the next ones.
pub(crate) struct FiresRecurring(pub(crate) Recurrences);

/// That a time has come.
#[derive(Serialize, Deserialize)]
pub(super) struct Came {
    /// Which time.
    pub(super) time: Timestamp,
}

/// How something recurs, as it was set last.
#[derive(Serialize, Deserialize)]
struct Rule {
    rule: String,
}

impl Recurring {
    /// Its timer at the first time after this one; taken away where there is none.
    fn timer(&self, after: Timestamp) -> TimerWrite {
        let name = TIMER.into();
        match self.times.next(after) {
            Some(next) => {
                let shard = shard_of_stream(&self.stream(), SHARDS);
                TimerWrite::Arm { name, armed: next.as_micros().cast_unsigned(), shard, due: Due::At(next) }
            }
            None => TimerWrite::Disarm { name, armed: None },
        }
    }

    /// Sets its timer, unless it is set by this very rule.
    async fn set(&self, store: &Store) -> Result<(), StoreError> {
        let (side, stream, rule) = (side(store)?, self.stream(), self.times.rule());
        let known = side.load_documents(RECURRING, &[&self.name]).await?.into_iter().flatten().next();
        let revision = known.as_ref().map_or(0, |known| known.revision);
        let body = known.and_then(|known| known.body).unwrap_or_default();
        let same = serde_json::from_slice::<Rule>(&body).is_ok_and(|known| known.rule == rule);
        if same && !side.timers_of(&stream).await?.is_empty() {
            return Ok(());
        }
        let json = serde_json::to_vec(&Rule { rule }).map_err(|error| unencodable(SET, &stream, &error))?;
        let event = NewEvent { name: SET, version: 1, payload: json.clone() };
        let mut append = Append::new(stream, Expected::Any, vec![event]);
        append.documents = vec![DocumentWrite {
            collection: RECURRING.into(),
            key: self.name.clone(),
            body: Some(json),
            indexes: Vec::new(),
            revision: revision + 1,
            expected: Some(revision),
        }];
        let timers = vec![self.timer(side.now().await?)];
        append.process = Some(Box::new(ProcessWrites { timers, ..ProcessWrites::default() }));
        // If somebody else was faster it is set as well.
        store.port().append(&[append]).await.map(drop)
    }
}

impl Fires for FiresRecurring {
    fn prepare<'a>(&'a self, store: &'a Store, shards: &'a [u16]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            for recurring in self.0.iter() {
                if shards.contains(&shard_of_stream(&recurring.stream(), SHARDS)) {
                    recurring.set(store).await?;
                }
            }
            Ok(())
        })
    }

    fn fire(&self, timer: &TimerState, now: Timestamp) -> Result<Option<Append>, StoreError> {
        // It may be that of a newer program, or of an older one.
        let Some(recurring) = self.0.iter().find(|known| known.name == timer.stream.id()) else {
            return Ok(None);
        };
        let time = match recurring.missed {
            Missed::Last => recurring.times.last(now).map_or(timer.due_at, |last| last.max(timer.due_at)),
            Missed::All => timer.due_at,
        };
        let stream = &timer.stream;
        let payload =
            serde_json::to_vec(&Came { time }).map_err(|error| unencodable(CAME, stream, &error))?;
        let event = NewEvent { name: CAME, version: 1, payload };
        let mut append = Append::new(stream.clone(), Expected::Any, vec![event]);
        append.key = Some(IdempotencyKey::new(format!("{}/{}/{}", RECURRING, stream.id(), timer.armed)));
        let timers = vec![recurring.timer(time)];
        append.process = Some(Box::new(ProcessWrites { timers, ..ProcessWrites::default() }));
        Ok(Some(append))
    }
}
