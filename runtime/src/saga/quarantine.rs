//! Works on instances that seem to end processes apart from the others, and parks those that do.

use tokio::time::Instant;

use super::{
    driver::Run,
    suspects::{MANY_SUSPECTS_EVERY, POISON, SUSPECTS, SUSPECTS_EVERY, Suspect, is_of_store},
};
use crate::store::{StoreError, Suspicion};

impl Run<'_> {
    /// Takes instances that have ended processes, it seems, and works on them beside the others. Most of them have not: they
    /// were at work when another one did.
    pub(super) async fn take_suspects(&mut self, now: Instant) -> Result<(), StoreError> {
        let some = self.take(SUSPECTS, Suspicion::Some).await?.taken;
        let pause = if some.len() < SUSPECTS { SUSPECTS_EVERY } else { MANY_SUSPECTS_EVERY };
        for (id, _) in some {
            self.begin(id, None);
        }
        self.suspects_at = now + pause;
        self.look_at = self.look_at.min(self.suspects_at);
        Ok(())
    }

    /// Those against which much speaks come first, one at a time and nobody beside it; whether others have to wait. Work
    /// begins with them: whoever takes over what a process has left is not at anything yet.
    pub(super) async fn suspects_first(&mut self, now: Instant) -> Result<bool, StoreError> {
        match self.suspect {
            Suspect::Alone(_) if !self.tasks.is_empty() => return Ok(true),
            Suspect::Nobody if now < self.suspects_at => return Ok(false),
            _ => {}
        }
        if !self.tasks.is_empty() {
            if self.has_suspect {
                self.suspect = Suspect::Wanted;
            }
            return Ok(self.has_suspect);
        }
        self.suspect = Suspect::Nobody;
        let found = self.take(1, Suspicion::Strong).await?.taken.pop();
        self.has_suspect = found.is_some();
        if let Some((id, taken)) = found {
            self.begin_suspect(id, taken).await?;
            if self.suspect.is_nobody() {
                self.suspects_at = now + MANY_SUSPECTS_EVERY;
                self.look_at = now;
            }
        }
        Ok(self.has_suspect)
    }

    async fn begin_suspect(&mut self, id: String, taken: u32) -> Result<(), StoreError> {
        if taken < POISON {
            tracing::warn!(saga = %self.name, id, taken, "leases were lost with a saga several times; it is tried alone");
            self.begin(id.clone(), None);
            if self.running.contains_key(&id) {
                self.suspect = Suspect::Alone(id);
            }
            return Ok(());
        }
        let begun = format!("a lease was lost {taken} times while it was worked on, and it came no further");
        self.park(&id, &begun, "it seems to end the process; correct the step, then retry it").await
    }

    /// An instance could not go on, and it was not for the store or the shards. It is due still, so it is taken again
    /// after a while, and parked in the end.
    pub(super) async fn failed(&mut self, id: &str, error: &StoreError) -> Result<(), StoreError> {
        tracing::warn!(saga = %self.name, id, %error, "an instance could not go on; it is tried again");
        if self.failing.note(id, Instant::now().into_std()) {
            self.park(id, "it could not go on, several times", &error.to_string()).await?;
            self.failing.forget(id);
        }
        Ok(())
    }

    /// Parks an instance that is not worked on.
    async fn park(&mut self, id: &str, begun: &str, why: &str) -> Result<(), StoreError> {
        let Some(mut instance) = self.instance(id, None) else { return Ok(()) };
        match instance.reload().await {
            Ok(false) => Ok(()),
            Ok(true) => instance.park(format!("{begun}: {why}")).await.map(drop),
            Err(error) if is_of_store(&error) => Err(error),
            Err(error) => instance.park_unread(format!("{begun}: {error}")).await,
        }
    }

    /// Whether it is the turn of the one that is to be worked on alone.
    pub(super) fn is_next_alone(&self) -> bool {
        matches!(self.suspect, Suspect::Wanted) && self.tasks.is_empty()
    }
}
