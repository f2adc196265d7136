use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[event]
pub enum AccountEvent {
    #[event(version = 3, from(WithdrawnV1, WithdrawnV2))]
    Withdrawn { cents: u64, reason: String },
}

#[derive(Serialize, Deserialize, Schema)]
pub struct Money {
    cents: u64,
    currency: String,
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV1 {
    money: Money,
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV2 {
    cents: u64,
}

impl From<WithdrawnV1> for WithdrawnV2 {
    fn from(old: WithdrawnV1) -> Self {
        Self { cents: old.money.cents }
    }
}

impl From<WithdrawnV2> for AccountEvent {
    fn from(old: WithdrawnV2) -> Self {
        Self::Withdrawn { cents: old.cents, reason: String::new() }
    }
}
