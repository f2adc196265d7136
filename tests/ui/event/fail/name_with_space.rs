use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(name = "account opened")]
    Opened { owner: String },
}

fn main() {}
