//! What follows the log in this benchmark.

use gesta::{
    app::{Register, Registry},
    domain::{Delivery, DeliveryPolicy, Domain, EventHandler, HandlerFailure, PartInfo, React, Reactions},
    prelude::*,
    projection::Folds,
};
use gesta_tests::tills::{TillEvent, TillSum};
use tokio::sync::mpsc;

/// The projection alone.
#[derive(Clone, Copy, Debug)]
pub enum Projecting {}

impl Domain for Projecting {
    type Deps = ();
    const NAME: &'static str = "Projecting";
    const PARTS: &'static [PartInfo] = &[];
}

impl Register for Projecting {
    fn register(registry: &mut Registry<Self>) {
        let mut folds = Folds::<TillSum>::new();
        folds.on::<TillEvent>();
        registry.projection(folds);
    }
}

/// A handler alone.
#[derive(Clone, Copy, Debug)]
pub enum Handling {}

/// Tells of every delivery as soon as it begins.
#[derive(Debug, Provide)]
pub struct Bell {
    pub rings: mpsc::UnboundedSender<(u64, u128)>,
}

#[derive(Clone, Copy, Debug)]
pub struct Ringer;

impl EventHandler for Ringer {
    type Deps<'d> = (&'d mpsc::UnboundedSender<(u64, u128)>,);
    const NAME: &'static str = "ringer";

    fn policy() -> DeliveryPolicy {
        DeliveryPolicy::new()
    }

    fn reactions<R: Reactions<Self>>(to: &mut R) {
        to.on::<TillEvent>();
    }
}

impl React<TillEvent> for Ringer {
    const VARIANTS: &'static [&'static str] = &["Rang"];

    async fn react(
        _: &TillEvent,
        delivery: &Delivery<'_>,
        (rings,): Self::Deps<'_>,
    ) -> Result<(), HandlerFailure> {
        let _ = rings.send((delivery.position.raw(), crate::latency::now()));
        Ok(())
    }
}

impl Domain for Handling {
    type Deps = Bell;
    const NAME: &'static str = "Handling";
    const PARTS: &'static [PartInfo] = &[];
}

impl Register for Handling {
    fn register(registry: &mut Registry<Self>) {
        registry.event_handler::<Ringer>();
    }
}
