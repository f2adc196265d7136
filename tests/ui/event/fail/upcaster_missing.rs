use gesta::prelude::*;
use serde::Deserialize;

#[event]
pub enum AccountEvent {
    #[event(version = 2, from(WithdrawnV1))]
    Withdrawn { cents: u64, reason: String },
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV1 {
    cents: u64,
}

fn main() {}
