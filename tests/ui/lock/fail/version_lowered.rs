use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Withdrawn { cents: u64 },
}
