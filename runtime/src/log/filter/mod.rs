mod error;
#[cfg(feature = "jsonpath")]
mod json_path;
mod parts;
#[cfg(feature = "regex")]
mod regex;
mod wildcard;

use std::{
    collections::HashSet,
    ops::{Bound, RangeBounds},
    sync::Arc,
};

use serde_json::Value;

pub use error::FilterError;

use self::{
    parts::{EventTest, MetaTest, NameTest, PayloadTest, Test},
    wildcard::Wildcard,
};
use crate::{
    codec::{decode_meta, decode_value},
    domain::{Aggregate, AggregateId, Event, Timestamp},
    store::{LogEventRef, StreamId},
};

/// Which events of the log are wanted: for reading it, and for subscribing to it.
///
/// Several names are alternatives, and so are several categories and several streams. Everything else must hold
/// together: `event("a").event("b").actor("ann")` is an `a` or a `b`, and by Ann. An empty filter lets everything
/// through. Cheap tests come first: metadata is read only for events whose name, stream and time fit, the payload
/// only if the metadata fits, and closures are asked last.
///
/// ```
/// use gesta::log::Filter;
///
/// let filter = Filter::new()
///     .event("order.placed")
///     .event_like("order.line.*")?
///     .tenant("north")
///     .payload(|json| json["total"].as_u64() > Some(100));
/// # Ok::<(), gesta::log::FilterError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Filter {
    /// Looked up by their hash: a subscription may want hundreds.
    names: HashSet<String>,
    patterns: Vec<NameTest>,
    categories: Vec<String>,
    streams: Vec<StreamId>,
    ids: Vec<String>,
    recorded: Option<(Bound<Timestamp>, Bound<Timestamp>)>,
    meta: Vec<MetaTest>,
    payload: Vec<PayloadTest>,
    closures: Vec<EventTest>,
}

impl Filter {
    /// Lets everything through.
    pub fn new() -> Self {
        Self::default()
    }

    /// Events of the type with exactly this name, such as `account.opened`.
    pub fn event(mut self, name: impl Into<String>) -> Self {
        self.names.insert(name.into());
        self
    }

    /// Events of all types that `E` lists.
    pub fn events_of<E: Event>(mut self) -> Self {
        self.names.extend(E::TYPES.iter().map(|found| found.name.to_owned()));
        self
    }

    /// Events whose name fits a pattern in which `*` stands for any characters, dots included: `account.*`.
    ///
    /// # Errors
    /// [`FilterError::Wildcard`] when the pattern is empty or uses signs of other pattern languages.
    pub fn event_like(mut self, pattern: &str) -> Result<Self, FilterError> {
        let wildcard = Wildcard::new(pattern)?;
        let holds = Arc::new(move |name: &str| wildcard.matches(name));
        self.patterns.push(Test { asked: pattern.to_owned(), holds });
        Ok(self)
    }

    /// Events of all aggregates of a kind.
    pub fn aggregate<A: Aggregate>(self) -> Self {
        self.category(A::NAME)
    }

    /// Events of all streams of a category, such as `account`.
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.categories.push(category.into());
        self
    }

    /// Events of one aggregate.
    pub fn of<I: AggregateId>(mut self, id: &I) -> Self {
        self.streams.push(StreamId::of(id));
        self
    }

    /// Events of one stream.
    pub fn stream(mut self, stream: StreamId) -> Self {
        self.streams.push(stream);
        self
    }

    /// Events of streams whose id has this text, of whatever category.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.ids.push(id.into());
        self
    }

    /// Events recorded within a range of time, by the database's clock. Later calls replace earlier ones.
    pub fn recorded(mut self, range: impl RangeBounds<Timestamp>) -> Self {
        self.recorded = Some((range.start_bound().cloned(), range.end_bound().cloned()));
        self
    }

    /// Events that this actor has caused.
    pub fn actor(self, actor: impl Into<String>) -> Self {
        self.and_meta(MetaTest::Actor(actor.into()))
    }

    /// Events of this tenant.
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        self.and_meta(MetaTest::Tenant(tenant.into()))
    }

    /// Events that belong to this request or conversation.
    pub fn correlation(self, correlation: impl Into<String>) -> Self {
        self.and_meta(MetaTest::Correlation(correlation.into()))
    }

    /// Events with this direct cause.
    pub fn causation(self, causation: impl Into<String>) -> Self {
        self.and_meta(MetaTest::Causation(causation.into()))
    }

    /// Events with this free pair in their metadata.
    pub fn meta(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.and_meta(MetaTest::Value(name.into(), value.into()))
    }

    /// Events whose payload passes a test. A payload that is not JSON does not.
    pub fn payload(self, test: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Self {
        self.and_payload("a closure".into(), Arc::new(test))
    }

    /// Events that pass a test of any kind. It is asked only about those that pass everything else.
    pub fn when(mut self, test: impl Fn(LogEventRef<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.closures.push(Test { asked: "a closure".into(), holds: Arc::new(test) });
        self
    }

    /// Whether an event is wanted.
    pub fn matches(&self, event: LogEventRef<'_>) -> bool {
        self.matches_name(event.event.name)
            && self.matches_stream(event.stream)
            && self.recorded.is_none_or(|range| range.contains(&event.event.recorded_at))
            && self.matches_meta(event.event.meta)
            && self.matches_payload(event.event.payload)
            && self.closures.iter().all(|test| (test.holds)(event))
    }

    /// The only names that can pass; `None` where others can, or it takes more to tell.
    pub(crate) fn exact_names(&self) -> Option<impl Iterator<Item = &str>> {
        let only = self.patterns.is_empty() && !self.names.is_empty();
        only.then(|| self.names.iter().map(String::as_str))
    }

    /// Whether it names events or streams of a category itself, instead of only letting them through.
    pub(crate) fn asks_for_category(&self, category: &str) -> bool {
        // As a name or a wildcard, or as a regular expression, which stands between slashes.
        let begins = |asked: &str| {
            let rest = asked.trim_start_matches('/').strip_prefix(category);
            rest.is_some_and(|rest| rest.starts_with(['.', '\\']))
        };
        self.names.iter().any(|name| begins(name))
            || self.patterns.iter().any(|test| begins(&test.asked))
            || self.categories.iter().any(|wanted| wanted == category)
            || self.streams.iter().any(|stream| stream.category() == category)
    }

    fn and_meta(mut self, test: MetaTest) -> Self {
        self.meta.push(test);
        self
    }

    fn and_payload(mut self, asked: String, holds: Arc<dyn Fn(&Value) -> bool + Send + Sync>) -> Self {
        self.payload.push(Test { asked, holds });
        self
    }

    fn matches_name(&self, name: &str) -> bool {
        self.names.is_empty() && self.patterns.is_empty()
            || self.names.contains(name)
            || self.patterns.iter().any(|wanted| (wanted.holds)(name))
    }

    fn matches_stream(&self, stream: &StreamId) -> bool {
        (self.categories.is_empty() || self.categories.iter().any(|wanted| wanted == stream.category()))
            && (self.streams.is_empty() || self.streams.contains(stream))
            && (self.ids.is_empty() || self.ids.iter().any(|wanted| wanted == stream.id()))
    }

    fn matches_meta(&self, meta: &[u8]) -> bool {
        self.meta.is_empty()
            || decode_meta(meta).is_ok_and(|meta| self.meta.iter().all(|test| test.holds(&meta)))
    }

    fn matches_payload(&self, payload: &[u8]) -> bool {
        self.payload.is_empty()
            || decode_value(payload).is_ok_and(|json| self.payload.iter().all(|test| (test.holds)(&json)))
    }
}
