use std::ops::ControlFlow;

use crate::{
    domain::{Position, Start, Timestamp},
    store::{LogEventRef, ReadLog, Store, StoreError},
};

/// The position after which a subscription begins.
pub(crate) async fn position_of(store: &Store, start: Start) -> Result<Position, StoreError> {
    match start {
        Start::Beginning => Ok(Position::START),
        Start::Now => store.port().last_position().await,
        Start::After(position) => Ok(position),
        Start::At(time) => before(store, time).await,
    }
}

/// The position after which the first event lies that was recorded at a time or later.
async fn before(store: &Store, time: Timestamp) -> Result<Position, StoreError> {
    let mut after = Position::START;
    loop {
        let (from, mut found) = (ReadLog { after, limit: 2_500 }, false);
        let mut visit = |event: LogEventRef<'_>| {
            found = event.event.recorded_at >= time;
            if found {
                return ControlFlow::Break(());
            }
            after = event.event.position;
            ControlFlow::Continue(())
        };
        let to = store.port().read_log(&from, &mut visit).await?;
        if found || to == from.after {
            return Ok(after);
        }
    }
}
