//! Projections in tables of the application's own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use gesta::{
    app::{Builder, StartError},
    log::{Filter, LogEntry},
    projection::SqlProjection,
    store::{BoxError, SqlConnection, StoreError},
};
use gesta_tests::Place;
use sqlx::Row;

use crate::{
    PATIENCE,
    shop::{CustomerEvent, Join, Shop, buy, customer},
    until,
};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS turnover (item text PRIMARY KEY, cents bigint NOT NULL)";
const ADD: &str = "INSERT INTO turnover AS t (item, cents) VALUES ($1, $2)
    ON CONFLICT (item) DO UPDATE SET cents = t.cents + excluded.cents";
const SUM: &str = "SELECT cents FROM turnover WHERE item = $1";

/// Adds up what was sold; fails after its first statements as often as it is told to.
struct Turnover {
    failures: Arc<AtomicU32>,
    sum: Arc<tokio::sync::watch::Sender<i64>>,
}

impl SqlProjection for Turnover {
    const NAME: &'static str = "turnover";

    fn events(&self) -> Filter {
        Filter::new().events_of::<CustomerEvent>()
    }

    async fn project(&self, connection: SqlConnection<'_>, events: &[Arc<LogEntry>]) -> Result<(), BoxError> {
        let mut sold = Vec::new();
        for event in events {
            if let CustomerEvent::Bought { item, cents } = event.decode()? {
                sold.push((item, cents.cast_signed()));
            }
        }
        let sum: Option<i64> = match connection {
            SqlConnection::Postgres(connection) => {
                sqlx::query(TABLE).execute(&mut *connection).await?;
                for (item, cents) in sold {
                    sqlx::query(ADD).bind(item).bind(cents).execute(&mut *connection).await?;
                }
                let row = sqlx::query(SUM).bind("tea").fetch_optional(&mut *connection).await?;
                row.map(|row| row.get(0))
            }
            SqlConnection::Sqlite(connection) => {
                sqlx::query(TABLE).execute(&mut *connection).await?;
                for (item, cents) in sold {
                    sqlx::query(ADD).bind(item).bind(cents).execute(&mut *connection).await?;
                }
                let row = sqlx::query(SUM).bind("tea").fetch_optional(&mut *connection).await?;
                row.map(|row| row.get(0))
            }
            _ => return Err("no such database".into()),
        };
        let fails = |left: u32| left.checked_sub(1);
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            return Err("not yet".into());
        }
        self.sum.send_replace(sum.unwrap_or_default());
        Ok(())
    }
}

/// Statements that ran and failed are taken back; those that came through count once. In memory it is refused.
pub(crate) async fn tables_change_exactly_once(place: &Place) {
    let (failures, sum) = (Arc::new(AtomicU32::new(2)), Arc::new(tokio::sync::watch::Sender::new(0)));
    let turnover = || Turnover { failures: failures.clone(), sum: sum.clone() };
    let start =
        async || Builder::<Shop>::new(place.open().await, ()).sql_projection(turnover()).start().await;
    if place.in_memory() {
        let refused = start().await;
        let Err(StartError::Store(StoreError::Unsupported { .. })) = refused else {
            panic!("{refused:?}");
        };
        return;
    }
    let shop = start().await.unwrap();
    let ann = customer("ann");
    shop.create(&ann, Join("Ann")).await.unwrap();
    for _ in 0..20 {
        shop.execute(&ann, buy("tea", 5)).await.unwrap();
    }
    shop.caught_up(PATIENCE).await.unwrap();
    assert_eq!(failures.load(Ordering::SeqCst), 0, "it has failed before");
    assert_eq!(*sum.borrow(), 100);
    shop.shutdown().await.unwrap();
    let shop = start().await.unwrap();
    shop.execute(&ann, buy("tea", 1)).await.unwrap();
    shop.caught_up(PATIENCE).await.unwrap();
    until(async || (*sum.borrow() == 101).then_some(())).await;
    shop.shutdown().await.unwrap();
    let _: Duration = PATIENCE;
}
