use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[serde(rename_all = "camelCase")]
    Deposited { in_cents: u64 },
}
