//! Telling that something was appended: here at once, and to other processes by one notification for many appends.
//!
//! A notification inside the transaction of an append would make all commits of the server wait for each other, so it
//! is sent afterwards, on a connection of its own, and never more often than every few milliseconds. What is lost of
//! it is found by those who look for themselves from time to time.

use std::{sync::Arc, time::Duration};

use sqlx::{
    Executor, PgConnection,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{
    background::Background,
    link::{Duty, Link},
};
use crate::store::{BoxError, Signal};

/// The channel of notifications; a database has its own.
const CHANNEL: &str = "gesta";
const NOTIFY: &str = include_str!("sql/notify.sql");

/// Between two notifications.
const PAUSE: Duration = Duration::from_millis(5);
/// After a connection was lost, for as long as nobody answers.
const BEFORE_CONNECTING: Duration = Duration::from_millis(500);
/// A connection on which nothing was heard for so long is asked whether it still lives.
const SILENCE: Duration = Duration::from_secs(30);

/// Who is told of appends, and by whom.
#[derive(Debug)]
pub(super) struct Signals {
    link: Arc<Link>,
    own: Uuid,
    signal: Signal,
    appended: Arc<Notify>,
    notifier: Background,
    listener: Background,
}

impl Signals {
    pub(super) fn new(link: Arc<Link>) -> Self {
        let (notifier, listener) = (Background::default(), Background::default());
        let (own, signal, appended) = (Uuid::now_v7(), Signal::new(), Arc::new(Notify::new()));
        Self { link, own, signal, appended, notifier, listener }
    }

    /// Something was appended. It waits for nobody.
    pub(super) fn ring(&self) {
        self.signal.ring();
        if self.link.options.notifications {
            self.appended.notify_one();
            self.notifier.ensure(|| notify(Arc::clone(&self.link), Arc::clone(&self.appended), self.own));
        }
    }

    /// Changes when something was appended, here or elsewhere.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        if self.link.options.notifications {
            self.listener.ensure(|| listen(Arc::clone(&self.link), self.signal.clone(), self.own));
        }
        self.signal.listen()
    }

    /// Whether others tell of what they append.
    pub(super) fn hears_others(&self) -> bool {
        self.link.options.notifications
    }

    pub(super) async fn end(&self) {
        self.notifier.end().await;
        self.listener.end().await;
    }
}

/// Tells the other processes for as long as the store is there.
async fn notify(link: Arc<Link>, appended: Arc<Notify>, own: Uuid) {
    let mut open: Option<PgConnection> = None;
    loop {
        appended.notified().await;
        let telling = async {
            let mut connection = match open.take() {
                Some(connection) => connection,
                None => link.open(Duty::Notify).await?,
            };
            sqlx::query(NOTIFY).bind(CHANNEL).bind(own.to_string()).execute(&mut connection).await?;
            Ok::<_, BoxError>(connection)
        };
        match timeout(link.options.timeout, telling).await {
            Ok(Ok(connection)) => {
                open = Some(connection);
                sleep(PAUSE).await;
            }
            // The others look for themselves meanwhile; they are told as soon as that is possible again.
            Ok(Err(_)) | Err(_) => {
                appended.notify_one();
                sleep(BEFORE_CONNECTING).await;
            }
        }
    }
}

/// Rings when another process tells of an append, for as long as the store is there.
async fn listen(link: Arc<Link>, signal: Signal, own: Uuid) {
    let own = own.to_string();
    loop {
        // How the connection was lost does not matter: there will be another.
        let _ = listen_on_one_connection(&link, &signal, &own).await;
        sleep(BEFORE_CONNECTING).await;
    }
}

async fn listen_on_one_connection(link: &Link, signal: &Signal, own: &str) -> Result<(), BoxError> {
    let patience = link.options.connect_timeout;
    let options = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = options.acquire_timeout(patience).connect_lazy_with(link.target_options());
    let mut listener = timeout(patience, PgListener::connect_with(&pool)).await??;
    listener.eager_reconnect(false);
    timeout(patience, listener.listen(CHANNEL)).await??;
    // Nobody was heard until now.
    signal.ring();
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(told))) if told.payload() == own => {}
            Ok(Ok(Some(_))) => signal.ring(),
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error.into()),
            Err(_silence) => {
                timeout(patience, listener.execute("SELECT 1")).await??;
            }
        }
    }
}
