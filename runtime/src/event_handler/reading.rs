use futures_util::future::BoxFuture;

use crate::{
    store::StoreError,
    subscription::{Batch, Feed},
};

/// A feed that is read ahead: what it is at stays under way while its owner does something else.
pub(super) struct Reading {
    next: BoxFuture<'static, (Feed, Read)>,
}

type Read = Result<Option<Batch>, StoreError>;

impl Reading {
    pub(super) fn new(feed: Feed) -> Self {
        Self { next: Box::pin(read(feed)) }
    }

    /// The next events; `None` once the feed was asked to stop. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Read {
        let (feed, read_now) = (&mut self.next).await;
        self.next = Box::pin(read(feed));
        read_now
    }
}

async fn read(mut feed: Feed) -> (Feed, Read) {
    let read = feed.next().await;
    (feed, read)
}
