use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: String },
    #[event(retired)]
    Closed { reason: String },
}
