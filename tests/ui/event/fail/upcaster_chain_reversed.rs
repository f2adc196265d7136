// 2 errors: two links are missing, from V2 to V1 and from V1 to today's.
use gesta::prelude::*;
use serde::Deserialize;

#[event]
pub enum AccountEvent {
    #[event(version = 3, from(WithdrawnV2, WithdrawnV1))]
    Withdrawn { cents: u64, reason: String },
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV1 {
    cents: u64,
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV2 {
    cents: u64,
    reason: String,
}

impl From<WithdrawnV1> for WithdrawnV2 {
    fn from(old: WithdrawnV1) -> Self {
        Self { cents: old.cents, reason: "not recorded".into() }
    }
}

impl From<WithdrawnV2> for AccountEvent {
    fn from(old: WithdrawnV2) -> Self {
        Self::Withdrawn { cents: old.cents, reason: old.reason }
    }
}

fn main() {}
