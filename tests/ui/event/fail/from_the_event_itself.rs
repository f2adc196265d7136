use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(version = 2, from(AccountEvent))]
    Withdrawn { cents: u64 },
}

fn main() {}
