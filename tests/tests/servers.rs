//! That the servers and proxies of the tests do what the tests of faults rely on.

use std::time::Duration;

use gesta_tests::{Proxy, Server};
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

async fn one(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("SELECT 1").fetch_one(connection).await
}

#[tokio::test]
async fn a_server_survives_a_power_failure() {
    let server = Server::start("");
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::query("CREATE TABLE kept (n int)").execute(&mut connection).await.unwrap();
    server.restart_immediate();
    assert!(one(&mut connection).await.is_err());
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::query("INSERT INTO kept VALUES (1)").execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_proxy_counts_freezes_loses_and_cuts() {
    let server = Server::start("");
    let proxy = Proxy::to(server.port()).await;
    let mut connection = PgConnection::connect(&server.url_at(proxy.port())).await.unwrap();
    one(&mut connection).await.unwrap();
    let before = proxy.round_trips();
    one(&mut connection).await.unwrap();
    assert_eq!(proxy.round_trips(), before + 1);

    proxy.freeze();
    assert!(timeout(Duration::from_millis(100), one(&mut connection)).await.is_err());
    proxy.thaw();
    one(&mut connection).await.unwrap();

    proxy.lose_answers(1);
    assert!(one(&mut connection).await.is_err());
    let mut connection = PgConnection::connect(&server.url_at(proxy.port())).await.unwrap();
    proxy.cut();
    assert!(one(&mut connection).await.is_err());
    proxy.refuse(true);
    assert!(PgConnection::connect(&server.url_at(proxy.port())).await.is_err());
}
