//! Statements of the application in a worker's transaction: whatever becomes of them, nothing else suffers. A store that
//! runs none says so.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;

use super::{Fixture, Subject, follow::*, kit};
use crate::store::{BoxError, Commit, DeliveryState, Lease, SqlConnection, SqlWork, Store, StoreError};

/// How statements end.
#[derive(Clone, Copy, Debug)]
enum End {
    Well,
    Failing,
    Panicking,
}

/// Some statements, whether each of them works or not, and what they find in the end.
#[derive(Debug)]
struct Statements {
    given: &'static [&'static str],
    end: End,
    found: AtomicI64,
}

#[async_trait]
impl SqlWork for Statements {
    async fn run(&self, connection: SqlConnection<'_>) -> Result<(), BoxError> {
        execute(connection, self.given, &self.found).await;
        match self.end {
            End::Well => Ok(()),
            End::Failing => Err("they have had enough".into()),
            End::Panicking => panic!("their code is broken"),
        }
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
async fn execute(connection: SqlConnection<'_>, given: &[&'static str], found: &AtomicI64) {
    use sqlx::Executor;

    const COUNT: &str = "SELECT count(*) FROM contract_work";
    // What fails is not told: they are to be as careless as can be.
    let count = match connection {
        #[cfg(feature = "postgres")]
        SqlConnection::Postgres(connection) => {
            for statement in given {
                let _ = connection.execute(*statement).await;
            }
            sqlx::query_scalar(COUNT).fetch_one(connection).await
        }
        #[cfg(feature = "sqlite")]
        SqlConnection::Sqlite(connection) => {
            for statement in given {
                let _ = connection.execute(*statement).await;
            }
            sqlx::query_scalar(COUNT).fetch_one(connection).await
        }
        SqlConnection::None(_) => return,
    };
    found.store(count.unwrap_or(-1), Ordering::SeqCst);
}

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
async fn execute(_: SqlConnection<'_>, _: &[&'static str], _: &AtomicI64) {}

fn statements(given: &'static [&'static str], end: End) -> Arc<Statements> {
    Arc::new(Statements { given, end, found: AtomicI64::new(-1) })
}

const INSERT: &str = "INSERT INTO contract_work VALUES (1)";

/// A commit that moves the shard, and leaves traces beside what the statements do.
fn around(work: &Arc<Statements>, lease: &Lease) -> Commit {
    let to = lease.position.raw() + 5;
    Commit {
        advances: vec![advance(lease, to)],
        documents: vec![document("trace", "{}", to)],
        deliveries: vec![park(lease, "trace", to - 1, DeliveryState::Dead)],
        work: Some(work.clone()),
    }
}

/// A table for the statements, and a lease; none in a store that runs no statements.
async fn prepared(store: &Store) -> Option<Lease> {
    let lease = leased(store, "works@1").await;
    let table = statements(&["CREATE TABLE contract_work (n integer)"], End::Well);
    let making = Commit { work: Some(table), ..standing(&lease) };
    if side(store).runs_sql() {
        commit(store, &making).await;
        return Some(lease);
    }
    let error = refused(store, &making).await;
    assert!(matches!(error, StoreError::Unsupported { .. }), "{error:?}");
    None
}

/// Checks that a commit around such statements is refused and leaves nothing behind, and that everything goes on.
/// `rows` is what they may leave in their own table.
async fn is_taken_back<F: Fixture>(
    subject: &Subject<F>,
    given: &'static [&'static str],
    end: End,
    says: &str,
) {
    let (store, other) = (subject.open().await, subject.open().await);
    let Some(lease) = prepared(&store).await else { return };
    for _ in 0..3 {
        match refused(&store, &around(&statements(given, end), &lease)).await {
            StoreError::Work { subscription, source } => {
                assert_eq!(&*subscription, "works@1");
                assert!(source.to_string().contains(says), "{source}");
            }
            error => panic!("expected that the statements are blamed, but it was {error:?}"),
        }
        assert_eq!(load(&other, "trace").await, None, "a document was stored");
        assert_eq!(parked(&other, "works@1").await, [], "a delivery was stored");
        // Whoever writes next finds everything as it was.
        kit::stored(&store, kit::anywhere(&kit::stream("bystander"), ["{}"])).await;
    }
    let good = statements(&[INSERT], End::Well);
    commit(&store, &around(&good, &lease)).await;
    let before = good.found.load(Ordering::SeqCst) - 1;
    let ends = given.iter().any(|statement| matches!(*statement, "COMMIT" | "ROLLBACK"));
    // Some databases let nobody prevent that such statements store what is their own.
    assert!(before == 0 || ends && keeps_what_is_ended(&store, &lease).await, "{before} rows were left");
    assert!(load(&other, "trace").await.is_some());
    assert_eq!(parked(&other, "works@1").await.len(), 1);
}

/// Whether the database is one where the application can end the transaction for good.
async fn keeps_what_is_ended(store: &Store, lease: &Lease) -> bool {
    #[derive(Debug)]
    struct Look(AtomicI64);

    #[async_trait]
    impl SqlWork for Look {
        async fn run(&self, connection: SqlConnection<'_>) -> Result<(), BoxError> {
            #[cfg(feature = "postgres")]
            if matches!(connection, SqlConnection::Postgres(_)) {
                self.0.store(1, Ordering::SeqCst);
            }
            let _ = connection;
            Ok(())
        }
    }

    let (look, here) = (Arc::new(Look(AtomicI64::new(0))), Lease { position: place(5), ..lease.clone() });
    commit(store, &Commit { work: Some(look.clone()), ..standing(&here) }).await;
    look.0.load(Ordering::SeqCst) == 1
}

/// What statements do is stored together with the rest, each time once.
pub async fn statements_are_stored_with_the_rest<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let Some(mut lease) = prepared(&store).await else { return };
    for round in 1..=3 {
        let work = statements(&[INSERT], End::Well);
        commit(&store, &around(&work, &lease)).await;
        assert_eq!(work.found.load(Ordering::SeqCst), round);
        lease.position = place(lease.position.raw() + 5);
        assert!(load(&other, "trace").await.is_some_and(|found| found.revision == lease.position.raw()));
    }
    let work = statements(&[INSERT], End::Well);
    is_fenced(
        &refused(&store, &around(&work, &Lease { position: place(5), ..lease.clone() })).await,
        "works@1",
        0,
    );
    assert_eq!(work.found.load(Ordering::SeqCst), -1, "they ran without a good lease");
    let mut stale = around(&statements(&[INSERT], End::Well), &lease);
    stale.documents = vec![expecting(3, document("trace", "{}", 99))];
    assert!(matches!(refused(&store, &stale).await, StoreError::Stale { .. }));
    let last = statements(&[], End::Well);
    commit(&store, &Commit { work: Some(last.clone()), ..standing(&lease) }).await;
    assert_eq!(last.found.load(Ordering::SeqCst), 3, "what was refused has left rows");
}

/// Statements that fail take the commit back.
pub async fn statements_that_fail_take_everything_back<F: Fixture>(subject: &Subject<F>) {
    is_taken_back(subject, &[INSERT], End::Failing, "had enough").await;
}

/// Code around statements that panics takes the commit back, and nothing else.
pub async fn statements_that_panic_take_everything_back<F: Fixture>(subject: &Subject<F>) {
    is_taken_back(subject, &[INSERT], End::Panicking, "their code is broken").await;
}

/// Statements that commit store nothing of the worker's.
pub async fn statements_cannot_commit<F: Fixture>(subject: &Subject<F>) {
    is_taken_back(subject, &[INSERT, "COMMIT"], End::Well, "ended the transaction").await;
}

/// The same, with another transaction in the place of the first.
pub async fn statements_cannot_put_another_transaction_in_the_place<F: Fixture>(subject: &Subject<F>) {
    is_taken_back(subject, &[INSERT, "COMMIT", "BEGIN", INSERT], End::Well, "ended the transaction").await;
}

/// Statements that roll back are noticed, also where others follow that would store something alone.
pub async fn statements_cannot_roll_back_unnoticed<F: Fixture>(subject: &Subject<F>) {
    is_taken_back(subject, &["ROLLBACK"], End::Well, "ended the transaction").await;
}

/// The same, where others follow.
pub async fn statements_behind_a_rollback_are_not_the_commit<F: Fixture>(subject: &Subject<F>) {
    is_taken_back(subject, &[INSERT, "ROLLBACK", INSERT], End::Well, "ended the transaction").await;
}
