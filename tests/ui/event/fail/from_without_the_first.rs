use gesta::prelude::*;
use serde::Deserialize;

#[event]
pub enum AccountEvent {
    #[event(version = 3, from(WithdrawnV2))]
    Withdrawn { cents: u64, reason: String },
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV2 {
    cents: u64,
}

impl From<WithdrawnV2> for AccountEvent {
    fn from(old: WithdrawnV2) -> Self {
        Self::Withdrawn { cents: old.cents, reason: String::new() }
    }
}

fn main() {}
