use std::{future::Future, sync::Arc};

use crate::{domain::Meta, log::LogEntry, store::StreamId};

tokio::task_local! {
    static CAUSE: Origin;
}

/// What a task reacts to.
enum Origin {
    Known(Cause),
    /// An event as it was read: most reactions send no command, so nothing is made of it before one does.
    Entry(Arc<LogEntry>),
}

/// What commands follow from: an event, while somebody reacts to it.
///
/// Commands that are awaited [`during`](Cause::during) it belong to what the event belongs to. It stays with the task:
/// whatever is spawned meanwhile does not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    correlation: String,
    causation: String,
    tenant: Option<String>,
    traceparent: Option<String>,
    tracestate: Option<String>,
}

impl Cause {
    /// An event. It is named by its stream and version, `account/ann@3`; an event that belongs to nothing begins
    /// something of that name.
    pub fn event(stream: &StreamId, version: u64, meta: &Meta) -> Self {
        let name = format!("{}/{}@{version}", stream.category(), stream.id());
        Self {
            correlation: meta.correlation.clone().unwrap_or_else(|| name.clone()),
            causation: name,
            tenant: meta.tenant.clone(),
            traceparent: meta.traceparent.clone(),
            tracestate: meta.tracestate.clone(),
        }
    }

    /// Runs something that follows from it.
    pub async fn during<F: Future>(self, reaction: F) -> F::Output {
        CAUSE.scope(Origin::Known(self), reaction).await
    }

    /// Runs something that follows from an event. This costs next to nothing unless commands are sent.
    pub(crate) fn during_entry<F: Future>(
        entry: Arc<LogEntry>,
        reaction: F,
    ) -> impl Future<Output = F::Output> {
        CAUSE.scope(Origin::Entry(entry), reaction)
    }

    fn entry(entry: &LogEntry) -> Self {
        Self::event(&entry.stream, entry.version, &entry.meta().unwrap_or_default())
    }

    /// The metadata of what follows from it.
    pub(crate) fn meta(&self) -> Meta {
        let mut meta = Meta::default();
        self.fill(&mut meta);
        meta
    }

    /// Completes the metadata of a command with what the task that awaits it reacts to, if it does. What was said
    /// already stays.
    pub(crate) fn complete(meta: &mut Meta) {
        // An error means that the task reacts to nothing.
        let _ = CAUSE.try_with(|origin| match origin {
            Origin::Known(cause) => cause.fill(meta),
            Origin::Entry(entry) => Self::entry(entry).fill(meta),
        });
    }

    fn fill(&self, meta: &mut Meta) {
        meta.correlation.get_or_insert_with(|| self.correlation.clone());
        meta.causation.get_or_insert_with(|| self.causation.clone());
        meta.tenant = meta.tenant.take().or_else(|| self.tenant.clone());
        if meta.traceparent.is_none() && meta.tracestate.is_none() {
            meta.traceparent.clone_from(&self.traceparent);
            meta.tracestate.clone_from(&self.tracestate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::{
        codec::encode_meta,
        domain::{Position, Timestamp},
        store::{EventRef, LogEventRef},
    };

    fn event(meta: &Meta) -> Cause {
        Cause::event(&StreamId::new("account", "ann"), 3, meta)
    }

    fn meta(correlation: Option<&str>) -> Meta {
        Meta { correlation: correlation.map(Into::into), ..Meta::default() }
    }

    #[tokio::test]
    async fn a_command_outside_of_a_reaction_is_left_alone() {
        let mut command = meta(None);
        Cause::complete(&mut command);
        assert_eq!(command, Meta::default());
    }

    #[tokio::test]
    async fn a_command_belongs_to_what_its_event_belongs_to() {
        let its = Meta {
            tenant: Some("north".into()),
            traceparent: Some("00-1".into()),
            tracestate: Some("a=b".into()),
            ..meta(Some("req-1"))
        };
        let mut command = Meta::default();
        event(&its).during(async { Cause::complete(&mut command) }).await;
        assert_eq!(command, Meta { causation: Some("account/ann@3".into()), ..its });
    }

    #[tokio::test]
    async fn an_event_that_belongs_to_nothing_begins_something() {
        let mut command = Meta::default();
        event(&meta(None)).during(async { Cause::complete(&mut command) }).await;
        assert_eq!(command.correlation.as_deref(), Some("account/ann@3"));
    }

    #[tokio::test]
    async fn what_the_caller_says_stays() {
        let own = Meta {
            causation: Some("mine".into()),
            tenant: Some("south".into()),
            traceparent: Some("00-2".into()),
            ..meta(Some("own"))
        };
        let its = Meta { tracestate: Some("a=b".into()), ..meta(Some("req-1")) };
        let mut command = own.clone();
        event(&its).during(async { Cause::complete(&mut command) }).await;
        assert_eq!(command, own);
    }

    #[tokio::test]
    async fn an_event_as_it_was_read_is_as_good_as_what_is_known_of_it() {
        let its = Meta { tenant: Some("north".into()), ..meta(Some("req-1")) };
        let (stream, encoded) = (StreamId::new("account", "ann"), encode_meta(&its));
        let read = EventRef {
            position: Position::from_raw(7),
            version: 3,
            recorded_at: Timestamp::from_micros(0),
            name: "account.opened",
            type_version: 1,
            meta: &encoded,
            payload: b"{}",
        };
        let entry = Arc::new(LogEntry::from(LogEventRef { stream: &stream, event: read }));
        let mut command = Meta::default();
        Cause::during_entry(entry, async { Cause::complete(&mut command) }).await;
        assert_eq!(command, event(&its).meta());
    }
}
