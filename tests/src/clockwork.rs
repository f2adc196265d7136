//! Everything that happens because a time has come: deadlines of process managers, scheduled commands, and what recurs. All
//! of it ends in notes on cards.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gesta::{
    App, Builder,
    app::{Register, Registry},
    domain::{CommandHandlers, Domain, Event, PartInfo, PartOf, Timestamp},
    prelude::*,
    schedule::{Every, InvalidTimes, Missed, Times},
    store::Store,
};

use crate::library::{Card, CardEvent, CardId, Loan, LoanEvent, Note, Overdue};

/// The domain.
#[derive(Clone, Copy, Debug)]
pub enum Clockwork {}

impl Domain for Clockwork {
    type Deps = ();
    const NAME: &'static str = "Clockwork";
    const PARTS: &'static [PartInfo] =
        &[PartInfo::new("loan", "Loan", LoanEvent::TYPES), PartInfo::new("card", "Card", CardEvent::TYPES)];
}

impl PartOf<Clockwork> for Loan {
    fn supply((): &()) -> <Self as CommandHandlers>::Deps<'_> {}
}

impl PartOf<Clockwork> for Card {
    fn supply((): &()) -> <Self as CommandHandlers>::Deps<'_> {}
}

impl Register for Clockwork {
    fn register(registry: &mut Registry<Self>) {
        registry.aggregate::<Loan>();
        registry.aggregate::<Card>();
        registry.process_manager::<Overdue>();
    }
}

/// The name of what recurs.
pub const TICK: &str = "tick";

/// The card on which it is noted.
pub const CLOCK: &str = "clock";

/// How often it recurs.
pub const PERIOD: Duration = Duration::from_millis(50);

/// Whether it is not to recur any more.
pub static ENOUGH: AtomicBool = AtomicBool::new(false);

/// Every so often, until somebody says that it is enough.
#[derive(Clone, Copy, Debug)]
struct UntilEnough(Every);

impl Times for UntilEnough {
    fn rule(&self) -> String {
        self.0.rule()
    }

    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.0.next(after).filter(|_| !ENOUGH.load(Ordering::SeqCst))
    }

    fn last(&self, until: Timestamp) -> Option<Timestamp> {
        self.0.last(until)
    }
}

impl Clockwork {
    /// Starts it, with what recurs or without.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(
        store: Store,
        lease: Duration,
        ticks: bool,
    ) -> Result<App<Self>, Box<dyn std::error::Error>> {
        let mut builder = Builder::<Self>::new(store, ()).lease(lease);
        if ticks {
            let times = Every::new(PERIOD).map_err(|error: InvalidTimes| error.to_string())?;
            let times: Arc<dyn Times> = Arc::new(UntilEnough(times));
            let tick = || CardId(CLOCK.into()).send(Note { text: TICK.into() });
            builder = builder.recurring_with(TICK, times, Missed::All, tick);
        }
        Ok(builder.start().await?)
    }
}
