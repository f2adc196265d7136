use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened {
        #[event(name = "holder")]
        owner: String,
    },
}

fn main() {}
