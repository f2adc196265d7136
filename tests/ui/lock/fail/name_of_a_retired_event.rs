use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: String },
    #[event(name = "account.closed")]
    Ended { reason: String },
}
