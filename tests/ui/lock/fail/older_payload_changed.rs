use gesta::prelude::*;
use serde::Deserialize;

#[event]
pub enum AccountEvent {
    #[event(version = 2, from(WithdrawnV1))]
    Withdrawn { cents: u64, reason: String },
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV1 {
    cents: u32,
}

impl From<WithdrawnV1> for AccountEvent {
    fn from(old: WithdrawnV1) -> Self {
        Self::Withdrawn { cents: old.cents.into(), reason: String::new() }
    }
}
