//! How SQLite finds what is due: what waits, rests or is somebody else's costs nothing, however much there is of it.

use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row, SqlSafeStr, sqlite::SqliteConnectOptions};

use super::{migrate, sql::Repeated};

/// The plan of a statement, a line for each table that it looks at.
async fn plan(statement: &str) -> Vec<String> {
    let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
    migrate::run(&mut connection, "a test").await.unwrap();
    let (statement, _) = Repeated::new(&["EXPLAIN QUERY PLAN ", statement]).for_rows(1);
    let rows =
        connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(statement.as_str().to_owned()).into_sql_str()));
    rows.await.unwrap().iter().map(|row| row.get::<String, _>(3)).collect()
}

/// Whether a step goes through a whole table, and not only through what was given to the statement.
fn goes_through_a_table(step: &str) -> bool {
    let given =
        ["own ", "woken ", "given", "asked ", "clock", "json_each ", "CONSTANT ROW", "1 CONSTANT ROW", "("];
    step.strip_prefix("SCAN ").is_some_and(|what| !given.iter().any(|given| what.starts_with(given)))
}

#[tokio::test]
async fn nothing_goes_through_what_waits() {
    let statements = [
        include_str!("sql/next_saga.sql"),
        include_str!("sql/due_sagas.sql"),
        include_str!("sql/take_sagas.sql"),
        include_str!("sql/write_sagas.sql"),
        include_str!("sql/wake_sagas.sql"),
        include_str!("sql/next_timer.sql"),
        include_str!("sql/due_timers.sql"),
        include_str!("sql/timers_of.sql"),
        include_str!("sql/arm_timers.sql"),
        include_str!("sql/disarm_timers.sql"),
        include_str!("sql/load_leases.sql"),
    ];
    for statement in statements {
        let plan = plan(statement).await;
        assert!(
            !plan.is_empty() && !plan.iter().any(|step| goes_through_a_table(step)),
            "{statement}{plan:#?}"
        );
    }
    let all = plan("SELECT count(*) FROM gesta_sagas s WHERE s.error <> ''").await;
    assert!(all.iter().any(|step| goes_through_a_table(step)), "this one does: {all:?}");
}

/// From the present moment both ways along the index, and past nothing else.
#[tokio::test]
async fn what_is_due_is_found_by_shard_and_time() {
    for (statement, table, saga, than) in [
        (include_str!("sql/next_saga.sql"), "sagas", "saga", ">"),
        (include_str!("sql/due_sagas.sql"), "sagas", "saga", "<"),
        (include_str!("sql/next_timer.sql"), "timers", "category", ">"),
        (include_str!("sql/due_timers.sql"), "timers", "category", "<"),
    ] {
        let plan = plan(statement).await;
        let way = format!("INDEX gesta_{table}_by_due ({saga}=? AND shard=? AND due_at{than}?)");
        assert!(plan.iter().any(|step| step.contains(&way)), "{statement}{plan:#?}");
        // The order of each shard is that of the index; only the few that were found are sorted.
        let sorted = plan.iter().filter(|step| step.contains("ORDER BY")).count();
        assert!(sorted <= 1, "{statement}{plan:#?}");
    }
}
