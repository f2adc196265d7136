use std::time::Duration;

use tokio::time::Instant;

use super::{Declared, worker::read_side};
use crate::{
    domain::Position,
    store::{Generation, GenerationState, Store, StoreError, generation_name},
    subscription::Stop,
};

/// How often it is looked how far a generation has come, and how long after a failure.
const PAUSE: Duration = Duration::from_millis(100);
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// A generation may take the place of the live one once it has come in so short a time to where both the log and the
/// live one ended before.
const IN_TIME: Duration = Duration::from_millis(500);

/// Waits until a generation that is being built has caught up, and lets it take the place of the live one.
pub(crate) async fn promote_when_built(store: Store, declared: Declared, stop: Stop) {
    while !stop.is_asked() {
        let pause = match step(&store, declared).await {
            Ok(true) => return,
            Ok(false) => PAUSE,
            Err(error) => {
                let Declared { name, version } = declared;
                tracing::warn!(projection = name, version, %error, "cannot tell whether a projection is built");
                AFTER_A_FAILURE
            }
        };
        tokio::select! {
            () = stop.asked() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Whether there is nothing more to wait for.
async fn step(store: &Store, declared: Declared) -> Result<bool, StoreError> {
    let Declared { name, version } = declared;
    let generations = read_side(store)?.generations(name).await?;
    let building = |found: &&Generation| found.version == version && found.state == GenerationState::Building;
    if !generations.iter().any(|found| building(&found)) {
        return Ok(true);
    }
    let live = generations.iter().find(|found| found.state == GenerationState::Live);
    if live.is_some_and(|live| live.version > version) {
        tracing::info!(
            projection = name,
            version,
            "a newer version is live: this one is not to take its place"
        );
        return Ok(true);
    }
    let mut goal = store.port().last_position().await?;
    if let Some(live) = live {
        goal = goal.max(position(store, name, live.version).await?);
    }
    let deadline = Instant::now() + IN_TIME;
    while position(store, name, version).await? < goal {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE / 10).await;
    }
    let promoted = read_side(store)?.promote(name, version).await?;
    if promoted {
        tracing::info!(projection = name, version, "a projection was built anew and is live now");
    }
    Ok(promoted)
}

/// Up to where a generation is done.
pub(super) async fn position(store: &Store, name: &str, version: u32) -> Result<Position, StoreError> {
    let found = read_side(store)?.subscriptions(Some(&generation_name(name, version))).await?;
    Ok(found.first().map(|state| state.position()).unwrap_or_default())
}
