//! Sending appends to the database, so that they run to their end.

use std::sync::Arc;

use sqlx::{PgConnection, postgres::PgRow};
use tokio::time::timeout;

use super::{
    Inner, Postgres, REPEATS,
    alone::{append_apart, hold_streams},
    append,
    beside::{Aside, Parts, Refusal, has_more},
    call::Call,
    failure::{Failure, Silent},
    names::Dictionary,
    round::{Progress, undecided},
    settle,
    to_the_end::ToTheEnd,
};
use crate::store::{Append, Outcome, StoreError};

impl Inner {
    /// The dictionary, with every name of a batch in it.
    pub(super) async fn names_for(&self, batch: &[Append]) -> Result<Arc<Dictionary>, StoreError> {
        const WHAT: &str = "giving numbers to names";
        let mut rounds = 0;
        loop {
            let known = self.link.names.known();
            let unknown = append::unknown_names(batch, &known);
            // A lost connection elsewhere makes everybody forget; that does not happen for ever.
            if unknown.iter().all(|(_, names)| names.is_empty()) || rounds == REPEATS {
                return Ok(known);
            }
            rounds += 1;
            let mut lease = self.readers.take(WHAT).await?;
            for (kind, names) in unknown.iter().filter(|(_, names)| !names.is_empty()) {
                let interning = self.link.names.intern(&mut lease, *kind, names);
                self.patiently(WHAT, interning).await?;
            }
            self.readers.give_back(lease);
        }
    }

    /// Sends one call. It must run to its end, whatever becomes of the caller.
    async fn send(&self, call: Call) -> Result<PgRow, Failure> {
        let mut lease = self.lanes.take("appending").await.map_err(Failure::Store)?;
        let patience = self.link.options.timeout;
        let error = match timeout(patience, call.send(&mut lease)).await {
            Ok(Ok(row)) => {
                self.lanes.give_back(lease);
                return Ok(row);
            }
            Ok(Err(error)) if Failure::leaves_connection(&error) => {
                self.lanes.give_back(lease);
                return Err(Failure::of(error));
            }
            Ok(Err(error)) => Failure::of(error),
            Err(_) => Failure::Unknown(Box::new(Silent(patience))),
        };
        self.link.forget();
        Err(error)
    }

    /// A batch that takes more than one call, in one transaction. Where it fails, the connection is closed, and
    /// with it the transaction.
    async fn send_rounds(
        &self,
        batch: &[Append],
        names: &Dictionary,
        aside: Aside,
    ) -> Result<Vec<Outcome>, Failure> {
        let mut lease = self.lanes.take("appending").await.map_err(Failure::Store)?;
        let patience = self.link.options.timeout;
        let silent = |_| Failure::Unavailable(Box::new(Silent(patience)));
        let rounds = async {
            sqlx::query("BEGIN").execute(&mut *lease).await.map_err(Failure::before_commit)?;
            append_in(&mut lease, batch, names, aside).await
        };
        let outcomes = timeout(patience, rounds).await.map_err(silent)??;
        match timeout(patience, sqlx::query("COMMIT").execute(&mut *lease)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(Failure::of(error)),
            Err(_) => return Err(Failure::Unknown(Box::new(Silent(patience)))),
        }
        self.lanes.give_back(lease);
        Ok(outcomes)
    }
}

impl Postgres {
    pub(super) async fn append_once(&self, batch: &[Append]) -> Result<Vec<Outcome>, Failure> {
        let names = self.inner.names_for(batch).await.map_err(Failure::Store)?;
        if has_more(batch) {
            return self.append_beside(batch, names).await;
        }
        let inner = Arc::clone(&self.inner);
        if let [append] = batch {
            let call = Call::one(append, &names)?;
            let row = ToTheEnd::of(async move { inner.send(call).await }).await?;
            return settle::outcome_of_one(&row).map(|outcome| vec![outcome]).map_err(Failure::of);
        }
        let appends: Vec<&Append> = batch.iter().collect();
        let mut progress = Progress::new(&appends);
        match progress.next(&appends) {
            Some(round) if round.is_last => {
                let call = Call::many(&round, &names)?;
                let row = ToTheEnd::of(async move { inner.send(call).await }).await?;
                settle::settle(&mut progress, &round, &row).map_err(Failure::of)?;
                progress.finish()
            }
            _ => self.append_in_transaction(batch, names, Aside::new()).await,
        }
    }

    /// In one call, unless something is in the way of some of it.
    async fn append_beside(&self, batch: &[Append], names: Arc<Dictionary>) -> Result<Vec<Outcome>, Failure> {
        let parts = Parts::of(batch);
        let mut progress = Progress::new(&parts.appends);
        let (round, beside) = match parts.plan(&mut progress, &Aside::new()) {
            Ok(plan) => plan,
            Err(left) => return self.append_in_transaction(batch, names, left).await,
        };
        let call = Call::beside(&round, &beside, &names)?;
        let inner = Arc::clone(&self.inner);
        let source = match ToTheEnd::of(async move { inner.send(call).await }).await {
            Ok(row) => {
                settle::settle(&mut progress, &round, &row).map_err(Failure::of)?;
                let outcomes: Option<_> = parts.outcomes(progress).into_iter().collect();
                return outcomes.ok_or_else(undecided);
            }
            Err(Failure::Refused(source)) => source,
            Err(failure) => return Err(failure),
        };
        match Refusal::of(&*source) {
            Some(refusal) => {
                let aside = parts.in_the_way(&refusal, &round, &beside);
                self.append_in_transaction(batch, names, aside).await
            }
            None => Err(Failure::Refused(source)),
        }
    }

    async fn append_in_transaction(
        &self,
        batch: &[Append],
        names: Arc<Dictionary>,
        aside: Aside,
    ) -> Result<Vec<Outcome>, Failure> {
        let (inner, batch) = (Arc::clone(&self.inner), batch.to_vec());
        ToTheEnd::of(async move { inner.send_rounds(&batch, &names, aside).await }).await
    }
}

/// Appends a batch in a transaction that is open; what is aside is decided one after the other.
pub(super) async fn append_in(
    connection: &mut PgConnection,
    batch: &[Append],
    names: &Dictionary,
    aside: Aside,
) -> Result<Vec<Outcome>, Failure> {
    if has_more(batch) {
        return append_apart(connection, batch, names, aside).await;
    }
    append_in_rounds(connection, batch, names).await
}

/// In as many rounds as it takes.
async fn append_in_rounds(
    connection: &mut PgConnection,
    batch: &[Append],
    names: &Dictionary,
) -> Result<Vec<Outcome>, Failure> {
    let appends: Vec<&Append> = batch.iter().collect();
    let mut progress = Progress::new(&appends);
    let mut is_held = false;
    while let Some(round) = progress.next(&appends) {
        if !round.is_last && !is_held {
            hold_streams(connection, &appends).await?;
            is_held = true;
        }
        let row = Call::many(&round, names)?.send(&mut *connection).await.map_err(Failure::before_commit)?;
        settle::settle(&mut progress, &round, &row).map_err(Failure::before_commit)?;
    }
    progress.finish()
}
