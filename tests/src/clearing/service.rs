use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use super::{
    Account, Manners, Order,
    book::{Answer, Book},
    http,
    manners::Mishap,
};

/// A service over HTTP that reserves, releases and notifies, in the process of the test: whatever happens to those who
/// call it, it keeps what it has done. Ends when it is dropped.
///
/// `POST /reserve`, `/release` and `/notify` take an [`Order`], and the same key again is answered as before without
/// anything happening. `GET /effects` tells all of it.
#[derive(Debug)]
pub struct Clearing {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    manners: Manners,
    book: Mutex<Book>,
    holds: Mutex<Vec<Hold>>,
}

/// Where a call is held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It has come, and nothing has happened yet.
    BeforeEffect,
    /// It has happened, and the caller does not know yet.
    AfterEffect,
}

#[derive(Debug)]
struct Hold {
    what: String,
    transfer: String,
    moment: Moment,
    reached: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

/// A call that is held up, or will be.
#[derive(Debug)]
pub struct Held {
    reached: oneshot::Receiver<()>,
    go: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the call is there.
    ///
    /// # Panics
    /// When the service ends instead.
    pub async fn reached(&mut self) {
        (&mut self.reached).await.expect("a service that is there");
    }

    /// Lets it go on.
    pub fn go(self) {
        // Who has called may be gone; what was ordered happens all the same.
        let _ = self.go.send(());
    }
}

impl Clearing {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a port");
        let shared = Arc::new(Shared { manners, book: Mutex::default(), holds: Mutex::default() });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Self { address, shared, accepting }
    }

    /// Where it listens: `127.0.0.1:1234`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Holds up the next call of this kind for a transfer.
    ///
    /// # Panics
    /// When a call has panicked.
    pub fn hold(&self, what: &str, transfer: &str, moment: Moment) -> Held {
        let ((reach, reached), (go, going)) = (oneshot::channel(), oneshot::channel());
        let hold = Hold { what: what.into(), transfer: transfer.into(), moment, reached: reach, go: going };
        self.shared.holds.lock().expect("no panic").push(hold);
        Held { reached, go }
    }

    /// What it has been asked and has done so far.
    ///
    /// # Panics
    /// When a call has panicked.
    pub fn account(&self) -> Account {
        self.shared.account()
    }
}

impl Drop for Clearing {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((mut caller, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            // A caller that is killed while it calls is no concern of the service.
            let _ = shared.serve(&mut caller).await;
        });
    }
}

impl Shared {
    fn account(&self) -> Account {
        self.book.lock().expect("no panic").account.clone()
    }

    async fn serve(&self, caller: &mut TcpStream) -> std::io::Result<()> {
        let request = http::read(caller).await?;
        let path = request.first.split(' ').nth(1).unwrap_or_default();
        match (path.trim_start_matches('/'), serde_json::from_slice(&request.body)) {
            ("effects", _) => {
                let account = serde_json::to_vec(&self.account())?;
                http::write(caller, "HTTP/1.1 200 OK", &account).await
            }
            (what @ ("reserve" | "release" | "notify"), Ok(order)) => self.take(caller, what, &order).await,
            _ => http::write(caller, "HTTP/1.1 404 Not Found", b"\"no such call\"").await,
        }
    }

    async fn take(&self, caller: &mut TcpStream, what: &str, order: &Order) -> std::io::Result<()> {
        let call = self.book.lock().expect("no panic").called(&order.key);
        let mishap = self.manners.mishap(&order.key, call);
        let (before, after) = self.manners.pauses(&order.key, call);
        // How long the service takes is a part of what it does.
        tokio::time::sleep(before).await;
        match mishap {
            Mishap::ClosesBefore => return Ok(()),
            Mishap::FailsBefore => return fails(caller).await,
            _ => {}
        }
        self.hold_up(what, order, Moment::BeforeEffect).await;
        let refuses = self.manners.refuses(what, &order.transfer);
        let answer = self.book.lock().expect("no panic").carry_out(what, order, refuses);
        self.hold_up(what, order, Moment::AfterEffect).await;
        tokio::time::sleep(after).await;
        match (mishap, answer) {
            (Mishap::ClosesAfter, _) => Ok(()),
            (Mishap::FailsAfter, _) => fails(caller).await,
            (_, Answer::Refused) => http::write(caller, "HTTP/1.1 422 Refused", b"\"refused\"").await,
            (_, Answer::Done(reference)) => {
                let body = serde_json::json!({ "reference": reference }).to_string();
                http::write(caller, "HTTP/1.1 200 OK", body.as_bytes()).await
            }
        }
    }

    async fn hold_up(&self, what: &str, order: &Order, moment: Moment) {
        let hold = {
            let mut holds = self.holds.lock().expect("no panic");
            let meant =
                |hold: &Hold| hold.moment == moment && hold.what == what && hold.transfer == order.transfer;
            holds.iter().position(meant).map(|place| holds.remove(place))
        };
        if let Some(hold) = hold {
            // Nobody may care any more.
            let _ = hold.reached.send(());
            let _ = hold.go.await;
        }
    }
}

async fn fails(caller: &mut TcpStream) -> std::io::Result<()> {
    http::write(caller, "HTTP/1.1 500 Trouble", b"\"try again\"").await
}
