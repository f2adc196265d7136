use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(from(OpenedV1))]
    Opened { owner: String },
}

pub struct OpenedV1;

fn main() {}
