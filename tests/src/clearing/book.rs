use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The same for everything that is one and the same order.
    pub key: String,
    /// The transfer that it belongs to.
    pub transfer: String,
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// `reserve`, `release` or `notify`.
    pub what: String,
    /// By which order.
    pub key: String,
    /// For which transfer.
    pub transfer: String,
}

/// Everything that the service has been asked and has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// In the order in which it happened.
    pub effects: Vec<Effect>,
    /// How often each key was used in a call.
    pub calls: HashMap<String, u64>,
}

/// How an order was answered, and is answered whenever it comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done(String),
    Refused,
}

/// What has happened, and the answers by the key of the order.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) account: Account,
    answers: HashMap<String, Answer>,
}

impl Book {
    /// Notes a call. How many there have been with this key, this one included.
    pub(super) fn called(&mut self, key: &str) -> u64 {
        let calls = self.account.calls.entry(key.to_owned()).or_default();
        *calls += 1;
        *calls
    }

    /// Does what is ordered, unless the order is known already.
    pub(super) fn carry_out(&mut self, what: &str, order: &Order, refuses: bool) -> Answer {
        if let Some(answer) = self.answers.get(&order.key) {
            return answer.clone();
        }
        let reserved = self.count("reserve", &order.transfer) > self.count("release", &order.transfer);
        let answer = match what {
            _ if refuses => Answer::Refused,
            // There is nothing to release where nothing was reserved, and that is no mistake.
            "release" if !reserved => Answer::Done("nothing".into()),
            _ => {
                let Order { key, transfer } = order.clone();
                self.account.effects.push(Effect { what: what.into(), key, transfer });
                Answer::Done(format!("{what}-{}", self.account.effects.len()))
            }
        };
        self.answers.insert(order.key.clone(), answer.clone());
        answer
    }

    fn count(&self, what: &str, transfer: &str) -> usize {
        let effects = self.account.effects.iter();
        effects.filter(|effect| effect.what == what && effect.transfer == transfer).count()
    }
}
