use std::collections::BTreeMap;

use gesta::log::LogEntry;
use serde_json::Value;

use super::AccountEvent;

/// Where all money is, at every place of the log: on accounts, or on its way.
#[derive(Debug, Default)]
pub struct Ledger {
    /// What was there when the accounts were opened.
    total: u64,
    on_accounts: u64,
    /// Transfers that have taken money and neither brought it nor given it back.
    on_its_way: BTreeMap<String, u64>,
    moves: BTreeMap<String, Moves>,
    /// What has changed on accounts, by the transfer in whose stream it must stand in the next event. Both are one
    /// transaction; events of others may stand between them.
    halves: BTreeMap<String, Half>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Moves {
    debited: u64,
    refunded: u64,
    credited: u64,
}

#[derive(Debug)]
struct Half {
    cents: u64,
    /// Kind of event and step.
    other: (&'static str, &'static str),
}

impl Ledger {
    /// Takes in the next event of an account.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn account(&mut self, entry: &LogEntry) -> Result<(), String> {
        self.is_whole()?;
        let (transfer, cents, other) = match entry.decode().map_err(|error| error.to_string())? {
            AccountEvent::Opened { cents, .. } => {
                self.total += cents;
                self.on_accounts += cents;
                return Ok(());
            }
            AccountEvent::Debited { transfer, cents } => {
                self.on_accounts -= cents;
                self.moves.entry(transfer.clone()).or_default().debited += 1;
                (transfer, cents, ("step.succeeded", "debit"))
            }
            AccountEvent::Refunded { transfer, cents } => {
                self.on_accounts += cents;
                self.moves.entry(transfer.clone()).or_default().refunded += 1;
                (transfer, cents, ("compensation.succeeded", "debit"))
            }
            AccountEvent::Credited { transfer, cents } => {
                self.on_accounts += cents;
                self.moves.entry(transfer.clone()).or_default().credited += 1;
                (transfer, cents, ("step.succeeded", "credit"))
            }
        };
        let moves = &self.moves[&transfer];
        if moves.debited > 1 || moves.refunded + moves.credited > moves.debited {
            return Err(format!("{transfer} has moved money too often: {moves:?}"));
        }
        if let Some(half) = self.halves.insert(transfer, Half { cents, other }) {
            return Err(format!("half of a movement stands in the log without the other: {half:?}"));
        }
        self.is_whole()
    }

    /// Takes in the next event of a transfer, by the last part of its name.
    pub(super) fn transfer(&mut self, id: &str, kind: &str, event: &Value) -> Result<(), String> {
        let Some(half) = self.halves.remove(id) else {
            let step = event["step"].as_str().unwrap_or_default();
            return match (kind, step) {
                ("step.succeeded", "debit" | "credit") | ("compensation.succeeded", "debit") => {
                    Err(format!("{kind} {step} of {id}, and nothing has moved on an account"))
                }
                _ => self.is_whole(),
            };
        };
        if half.other.0 != kind || event["step"] != half.other.1 {
            return Err(format!("{half:?} is followed by {kind} of {id}"));
        }
        if half.other == ("step.succeeded", "debit") {
            self.on_its_way.insert(id.to_owned(), half.cents);
        } else if self.on_its_way.remove(id) != Some(half.cents) {
            return Err(format!("{id} brings {} that was not on its way", half.cents));
        }
        self.is_whole()
    }

    /// Whether all money is there.
    ///
    /// # Errors
    /// What is missing, or too much.
    pub(super) fn is_whole(&self) -> Result<(), String> {
        let on_its_way: u64 = self.on_its_way.values().sum();
        let halves = |is: fn(&Half) -> bool| -> u64 {
            self.halves.values().filter(|half| is(half)).map(|half| half.cents).sum()
        };
        // Taken and not yet on its way, or there already and still on its way.
        let taken = halves(|half| half.other == ("step.succeeded", "debit"));
        let there = halves(|half| half.other != ("step.succeeded", "debit"));
        if self.on_accounts + on_its_way + taken != self.total + there {
            let Self { total, on_accounts, .. } = self;
            return Err(format!("{on_accounts} on accounts and {on_its_way} on their way are not {total}"));
        }
        Ok(())
    }

    /// Whether every movement stands in the log whole.
    ///
    /// # Errors
    /// The halves.
    pub(super) fn has_no_halves(&self) -> Result<(), String> {
        match self.halves.is_empty() {
            true => Ok(()),
            false => {
                Err(format!("halves of movements stand in the log without the others: {:?}", self.halves))
            }
        }
    }

    /// Whether everything has arrived, here or there.
    pub(super) fn on_its_way(&self) -> impl Iterator<Item = &String> {
        self.on_its_way.keys()
    }
}
