use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;

use super::Middleware;
use crate::{
    domain::{HandlerFailure, Meta},
    log::LogEntry,
};

/// An event on its way to a handler.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DeliveryCall<'a> {
    /// The handler's name.
    pub handler: &'a str,
    /// The event.
    pub entry: &'a LogEntry,
    /// Who caused it, and what it belongs to.
    pub meta: &'a Meta,
    /// Which attempt this is: 1 for the first.
    pub attempt: u32,
}

impl<'a> DeliveryCall<'a> {
    /// An attempt at an event by a handler.
    pub fn new(handler: &'a str, entry: &'a LogEntry, meta: &'a Meta, attempt: u32) -> Self {
        Self { handler, entry, meta, attempt }
    }
}

/// What has become of a delivery that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The handler has handled it.
    Handled,
    /// A layer has left it out: the handler was not called.
    Skipped,
}

/// The rest of a delivery's way: the layers further in, and the handler.
pub struct NextDelivery<'a> {
    layers: &'a [Arc<dyn Middleware>],
    handler: BoxFuture<'a, Result<(), HandlerFailure>>,
}

impl<'a> NextDelivery<'a> {
    pub(super) fn new(
        layers: &'a [Arc<dyn Middleware>],
        handler: BoxFuture<'a, Result<(), HandlerFailure>>,
    ) -> Self {
        Self { layers, handler }
    }

    /// Goes on.
    ///
    /// # Errors
    /// What the handler or a layer further in has failed with.
    pub async fn run(self, call: &DeliveryCall<'_>) -> Result<Delivered, HandlerFailure> {
        let Some((layer, layers)) = self.layers.split_first() else {
            return self.handler.await.map(|()| Delivered::Handled);
        };
        layer.delivery(call, NextDelivery { layers, handler: self.handler }).await
    }
}

impl fmt::Debug for NextDelivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextDelivery").field("layers", &self.layers.len()).finish_non_exhaustive()
    }
}
