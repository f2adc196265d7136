use gesta::{App, ExecuteError};

use super::{AccountId, Bank, Open, Transfer};
use crate::Dice;

/// Accounts, and transfers between them whose ends are known from the start.
#[derive(Debug)]
pub struct Town {
    dice: Dice,
    drawn: u64,
}

const RICH: u64 = 40;
const OTHERS: u64 = 4;
const FORTUNE: u64 = 1_000_000_000;

impl Town {
    /// Other transfers for each seed.
    pub fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), drawn: 0 }
    }

    /// Opens the accounts: on some there is more than anybody will ever take, on some there is nothing, and some take
    /// nothing in.
    ///
    /// # Panics
    /// When that is not possible.
    pub async fn open(app: &App<Bank>) {
        let all = [("rich", RICH, FORTUNE), ("poor", OTHERS, 0), ("closed", OTHERS, 0)];
        for (name, count, cents) in all {
            for number in 0..count {
                let (id, closed) = (AccountId(format!("{name}-{number}")), name == "closed");
                let opened = app.create(&id, Open { cents, closed }).await;
                assert!(matches!(opened, Ok(_) | Err(ExecuteError::AlreadyExists)), "{opened:?}");
            }
        }
    }

    /// The next transfer. A tenth cannot begin, a tenth cannot arrive.
    pub fn transfer(&mut self) -> Transfer {
        let number = self.drawn;
        self.drawn += 1;
        let from = if self.dice.roll(10) == 0 { ("poor", OTHERS) } else { ("rich", RICH) };
        let to = if self.dice.roll(10) == 0 { ("closed", OTHERS) } else { ("rich", RICH) };
        let mut account = |(name, count): (&str, u64)| AccountId(format!("{name}-{}", self.dice.roll(count)));
        let (from, to) = (account(from), account(to));
        Transfer { name: format!("t-{number}"), from, to, cents: 1 + self.dice.roll(10_000) }
    }
}
