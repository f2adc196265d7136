use std::marker::PhantomData;

use super::ProcessManager;
use crate::{domain::const_text::Text, store::StreamId};

/// What a process manager is called in the store.
pub(super) struct Names<P>(PhantomData<fn() -> P>);

impl<P: ProcessManager> Names<P> {
    const CATEGORY_TEXT: &'static Text = &<Text>::new().push("process.").push(P::NAME);
    const REACTED_TEXT: &'static Text = &<Text>::new().push("process.").push(P::NAME).push(".reacted");
    const FIRED_TEXT: &'static Text = &<Text>::new().push("process.").push(P::NAME).push(".timer_fired");

    /// The category of its instances' streams, its collection, and its subscription: `process.dormancy`.
    pub(super) const CATEGORY: &'static str = Self::CATEGORY_TEXT.as_str();

    /// The event that tells of a reaction.
    pub(super) const REACTED: &'static str = Self::REACTED_TEXT.as_str();

    /// The event that tells that a deadline has come.
    pub(super) const FIRED: &'static str = Self::FIRED_TEXT.as_str();

    /// The stream of an instance.
    pub(super) fn stream(key: &str) -> StreamId {
        StreamId::new(Self::CATEGORY, key)
    }
}
