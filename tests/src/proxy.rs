use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Notify, watch},
};

/// Forwards every connection to a PostgreSQL server; it can cut, freeze and count them.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: u16,
    /// Counts up when every connection is to be cut.
    cuts: watch::Sender<usize>,
    frozen: AtomicBool,
    thawed: Notify,
    refusing: AtomicBool,
    round_trips: AtomicUsize,
    /// Cut the connection instead of forwarding the server's next answer.
    lose_answers: AtomicUsize,
}

impl Proxy {
    /// Starts forwarding from a free port to a server on this machine.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("a port").port();
        let shared = Arc::new(Shared {
            server,
            cuts: watch::Sender::new(0),
            frozen: AtomicBool::new(false),
            thawed: Notify::new(),
            refusing: AtomicBool::new(false),
            round_trips: AtomicUsize::new(0),
            lose_answers: AtomicUsize::new(0),
        });
        tokio::spawn(accept(listener, shared.clone()));
        Self { port, shared }
    }

    /// Where clients connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every open connection; new ones are served.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Forwards nothing any more, in no direction, and closes nothing: the other side just does not answer.
    pub fn freeze(&self) {
        self.shared.frozen.store(true, Ordering::SeqCst);
    }

    /// Goes on forwarding.
    pub fn thaw(&self) {
        self.shared.frozen.store(false, Ordering::SeqCst);
        self.shared.thawed.notify_waiters();
    }

    /// Whether new connections are closed at once.
    pub fn refuse(&self, refusing: bool) {
        self.shared.refusing.store(refusing, Ordering::SeqCst);
    }

    /// The server gets the next so many messages of clients, and its answers are lost with their connections.
    pub fn lose_answers(&self, answers: usize) {
        self.shared.lose_answers.store(answers, Ordering::SeqCst);
    }

    /// How many times clients have waited for the server: messages `Sync` and `Query` so far.
    pub fn round_trips(&self) -> usize {
        self.shared.round_trips.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if shared.refusing.load(Ordering::SeqCst) {
            continue;
        }
        let shared = shared.clone();
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(("127.0.0.1", shared.server)).await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let mut cuts = shared.cuts.subscribe();
            let ((client_in, client_out), (server_in, server_out)) =
                (client.into_split(), server.into_split());
            tokio::select! {
                _ = forward(client_in, server_out, &shared, Some(Messages::default())) => {}
                _ = forward(server_in, client_out, &shared, None) => {}
                _ = cuts.changed() => {}
            }
        });
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    mut requests: Option<Messages>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        loop {
            let thawed = shared.thawed.notified();
            if !shared.frozen.load(Ordering::SeqCst) {
                break;
            }
            thawed.await;
        }
        match &mut requests {
            Some(requests) => {
                shared.round_trips.fetch_add(requests.round_trips(&buffer[..length]), Ordering::SeqCst);
            }
            None => {
                let take = |left: usize| left.checked_sub(1);
                if shared.lose_answers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                    return Ok(());
                }
            }
        }
        to.write_all(&buffer[..length]).await?;
    }
}

/// The question whether the connection can be encrypted, which has neither a type nor a content.
const ASKS_FOR_ENCRYPTION: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Reads the messages of a client as they pass: the first has no type, the others begin with one.
#[derive(Default)]
struct Messages {
    started: bool,
    pending: Vec<u8>,
}

impl Messages {
    fn round_trips(&mut self, bytes: &[u8]) -> usize {
        self.pending.extend(bytes);
        let mut found = 0;
        loop {
            let header = usize::from(self.started);
            let Some(length) = self.pending.get(header..header + 4) else { return found };
            let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize + header;
            if self.pending.len() < length {
                return found;
            }
            let kind = self.pending[0];
            found += usize::from(self.started && matches!(kind, b'S' | b'Q'));
            // Whether the server can encrypt is asked before the first message; it says that it does not.
            self.started |= self.pending[..length] != ASKS_FOR_ENCRYPTION;
            self.pending.drain(..length);
        }
    }
}
