//! Telling that something was appended: here at once, and to other processes by one notification for many appends.
//! Shards that were given back are told of on the same channel.
//!
//! A notification inside the transaction of an append would make all commits of the server wait for each other, so it
//! is sent afterwards, on a connection of its own, and never more often than every few milliseconds. What is lost of
//! it is found by those who look for themselves from time to time. Giving shards back is rare: the statement that does it
//! tells of it itself.

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

/// What is told of shards begins so; of appends, nothing but who has appended is told.
const OF_SHARDS: &str = "shards ";

/// Between two notifications.
const PAUSE: Duration = Duration::from_millis(5);
/// After a connection was lost, for as long as nobody answers.
const BEFORE_CONNECTING: Duration = Duration::from_millis(500);
/// A connection on which nothing was heard for so long is asked whether it still lives.
const SILENCE: Duration = Duration::from_secs(30);

/// Who is told of appends and of shards, and by whom.
#[derive(Debug)]
pub(super) struct Signals {
    link: Arc<Link>,
    own: Uuid,
    signals: Both,
    appended: Arc<Notify>,
    notifier: Background,
    listener: Background,
}

#[derive(Clone, Debug, Default)]
struct Both {
    appended: Signal,
    freed: Signal,
}

impl Both {
    /// What another process tells rings; what this one has told rang here already.
    fn hear(&self, told: &str, own: &str) {
        let (signal, by) = match told.strip_prefix(OF_SHARDS) {
            Some(by) => (&self.freed, by),
            None => (&self.appended, told),
        };
        if by != own {
            signal.ring();
        }
    }
}

impl Signals {
    pub(super) fn new(link: Arc<Link>) -> Self {
        let (notifier, listener) = (Background::default(), Background::default());
        let (own, signals, appended) = (Uuid::now_v7(), Both::default(), Arc::new(Notify::new()));
        Self { link, own, signals, appended, notifier, listener }
    }

    /// Something was appended. It waits for nobody.
    pub(super) fn ring(&self) {
        self.signals.appended.ring();
        if self.link.options.notifications {
            self.appended.notify_one();
            self.notifier.ensure(|| notify(Arc::clone(&self.link), Arc::clone(&self.appended), self.own));
        }
    }

    /// Changes when something was appended, here or elsewhere.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.hear_others();
        self.signals.appended.listen()
    }

    /// Shards may have become free. Others are told by the statement: [`of_shards`](Self::of_shards).
    pub(super) fn ring_for_shards(&self) {
        self.signals.freed.ring();
    }

    /// Changes when shards may have become free, here or elsewhere.
    pub(super) fn listen_for_shards(&self) -> watch::Receiver<u64> {
        self.hear_others();
        self.signals.freed.listen()
    }

    /// What a statement that frees shards has to tell, if it has.
    pub(super) fn of_shards(&self) -> Option<String> {
        self.link.options.notifications.then(|| format!("{OF_SHARDS}{}", self.own))
    }

    fn hear_others(&self) {
        if self.link.options.notifications {
            self.listener.ensure(|| listen(Arc::clone(&self.link), self.signals.clone(), self.own));
        }
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

/// Rings when another process tells of an append or of shards, for as long as the store is there.
async fn listen(link: Arc<Link>, signals: Both, own: Uuid) {
    let own = own.to_string();
    loop {
        // How the connection was lost does not matter: there will be another.
        let _ = listen_on_one_connection(&link, &signals, &own).await;
        sleep(BEFORE_CONNECTING).await;
    }
}

async fn listen_on_one_connection(link: &Link, signals: &Both, own: &str) -> Result<(), BoxError> {
    let patience = link.options.connect_timeout;
    let options = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = options.acquire_timeout(patience).connect_lazy_with(link.target_options());
    let mut listener = timeout(patience, PgListener::connect_with(&pool)).await??;
    listener.eager_reconnect(false);
    timeout(patience, listener.listen(CHANNEL)).await??;
    // Nobody was heard until now.
    signals.appended.ring();
    signals.freed.ring();
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(told))) => signals.hear(told.payload(), own),
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error.into()),
            Err(_silence) => {
                timeout(patience, listener.execute("SELECT 1")).await??;
            }
        }
    }
}
