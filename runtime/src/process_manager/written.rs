use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ProcessManager, Timer, TimerChange,
    fired::Fired,
    kept::{Armed, Body, Kept},
    names::Names,
};
use crate::{
    domain::{Meta, Position},
    execute::Outgoing,
    log::LogEntry,
    store::{Append, Due, Expected, NewEvent, ProcessWrites, StoreError, StreamId, TimerWrite},
};

/// What is stored of a reaction: the event that tells of it, the instance as it stands then, and its timers.
pub(super) struct Written {
    pub(super) body: Body,
    /// Of whatever follows from the input.
    pub(super) meta: Meta,
    told: Told,
    timers: Vec<TimerWrite>,
}

/// The event that tells of a reaction.
#[derive(Serialize)]
struct Told {
    /// The input: `account/ann@3`.
    on: String,
    position: Position,
    sent: Vec<Value>,
    timers: Vec<Value>,
}

impl Written {
    /// Nothing yet, but that the input was seen.
    pub(super) fn new(entry: &LogEntry, body: Body) -> Self {
        let on = format!("{}/{}@{}", entry.stream.category(), entry.stream.id(), entry.version);
        let position = entry.position;
        let told = Told { on, position, sent: Vec::new(), timers: Vec::new() };
        Self { body: Body { seen: position, ..body }, meta: Meta::default(), told, timers: Vec::new() }
    }

    /// A deadline has come. If it is the one that is set, it is not any more: what it belongs to.
    pub(super) fn has_come(&mut self, fired: &Fired) -> Option<Meta> {
        self.body.timers.get(&fired.deadline).filter(|armed| armed.number == fired.number)?;
        self.body.timers.remove(&fired.deadline).map(|armed| armed.meta)
    }

    /// A command is sent.
    pub(super) fn sends(&mut self, send: &Outgoing) {
        let stream = send.stream();
        let to = format!("{}/{}", stream.category(), stream.id());
        self.told.sent.push(json!({ "command": send.command(), "to": to }));
    }

    /// A deadline is set or taken away.
    pub(super) fn changes<P>(&mut self, timer: &Timer<P>, shard: u16) {
        let deadline = timer.deadline;
        let due = match timer.change {
            TimerChange::After(time) => Due::In(time),
            TimerChange::At(time) => Due::At(time),
            TimerChange::Cancel => return self.cancels(deadline),
        };
        self.body.number += 1;
        let number = self.body.number;
        let (correlation, tenant) = (self.meta.correlation.clone(), self.meta.tenant.clone());
        let meta = Meta { correlation, tenant, ..Meta::default() };
        self.body.timers.insert(deadline.to_owned(), Armed { number, meta });
        self.timers.push(TimerWrite::Arm { name: deadline.into(), armed: number, shard, due });
        self.told.timers.push(match due {
            Due::In(time) => {
                json!({ "deadline": deadline, "number": number, "after_ms": u64::try_from(time.as_millis()).ok() })
            }
            Due::At(time) => json!({ "deadline": deadline, "number": number, "at": time.to_string() }),
        });
    }

    fn cancels(&mut self, deadline: &'static str) {
        if self.body.timers.remove(deadline).is_some() {
            self.timers.push(TimerWrite::Disarm { name: deadline.into(), armed: None });
            self.told.timers.push(json!({ "deadline": deadline, "cancelled": true }));
        }
    }

    /// Whether somebody has to look when the next timer is due.
    pub(super) fn sets_timers(&self) -> bool {
        self.timers.iter().any(|timer| matches!(timer, TimerWrite::Arm { .. }))
    }

    /// All of it, to be stored only if nobody has changed the instance meanwhile.
    pub(super) fn append<P: ProcessManager>(
        self,
        kept: &Kept,
        lane: &StreamId,
    ) -> Result<Append, StoreError> {
        let unencodable = |error: serde_json::Error| StoreError::Unencodable {
            stream: lane.clone(),
            name: Names::<P>::REACTED,
            reason: error.to_string(),
        };
        let document = kept.changed(Names::<P>::CATEGORY, lane.id(), &self.body).map_err(unencodable)?;
        let payload = serde_json::to_vec(&self.told).map_err(unencodable)?;
        let event = NewEvent { name: Names::<P>::REACTED, version: 1, payload };
        let mut append = Append::new(lane.clone(), Expected::Any, vec![event]);
        append.meta = self.meta;
        append.documents = vec![document];
        append.process = Some(Box::new(ProcessWrites { timers: self.timers, ..ProcessWrites::default() }));
        Ok(append)
    }
}
