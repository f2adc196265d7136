use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(name = "account.\0")]
    Opened { owner: String },
}

fn main() {}
