use tokio::sync::watch;

/// Tells whoever works that he is to stop: after what he is at, and before he begins anything more.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: watch::Receiver<bool>,
}

/// Asks to stop; dropping it asks as well.
#[derive(Debug)]
pub(crate) struct Stopper {
    ask: watch::Sender<bool>,
}

impl Stop {
    /// A pair of both ends.
    pub(crate) fn new() -> (Stopper, Self) {
        let (ask, asked) = watch::channel(false);
        (Stopper { ask }, Self { asked })
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        // It changes once at most, and this end never marks it as seen. An error means that the other end is gone.
        !matches!(self.asked.has_changed(), Ok(false))
    }

    /// Waits until somebody asks.
    pub async fn asked(&self) {
        // An error means that the other end is gone, which asks as well.
        let _ = self.asked.clone().wait_for(|asked| *asked).await;
    }
}

impl Stopper {
    pub(crate) fn ask(&self) {
        self.ask.send_replace(true);
    }

    /// Waits until nobody is left who could be asked.
    pub(crate) async fn obeyed(&self) {
        self.ask.closed().await;
    }
}
