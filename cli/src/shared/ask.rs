use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use super::Failure;

/// Whether a person is asked just now, which is when nothing is under way.
pub(super) static ASKING: AtomicBool = AtomicBool::new(false);

/// The arguments of a command that changes something: it asks first, unless it is told not to, and notes who did it.
#[derive(Clone, Debug, clap::Args)]
pub struct Confirm {
    /// Does not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Who does it; the user of this machine unless given
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

impl Confirm {
    /// Who does it.
    ///
    /// # Errors
    /// [`Failure::Usage`] when nobody says who, and the machine does not know.
    pub fn actor(&self) -> Result<String, Failure> {
        let user = || {
            ["USER", "LOGNAME"]
                .iter()
                .find_map(|name| std::env::var(name).ok())
                .filter(|user| !user.is_empty())
        };
        self.actor
            .clone()
            .or_else(user)
            .ok_or_else(|| Failure::Usage("say who does this: --actor NAME".into()))
    }

    /// Asks on the terminal whether `what` shall be done.
    ///
    /// # Errors
    /// [`Failure::NotConfirmed`] when the answer is not yes, or when there is nobody to ask.
    pub fn ask(&self, what: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::NotConfirmed(format!(
                "{what}: nobody to ask; --yes does it without asking"
            )));
        }
        eprint!("{what}. Go on? [y/N] ");
        let mut answer = String::new();
        ASKING.store(true, Ordering::SeqCst);
        let read = io::stderr().flush().and_then(|()| io::stdin().lock().read_line(&mut answer));
        ASKING.store(false, Ordering::SeqCst);
        read.map_err(|error| Failure::Other(format!("the answer cannot be read: {error}")))?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::NotConfirmed("nothing was changed".into())),
        }
    }
}
