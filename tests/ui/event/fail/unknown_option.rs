use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    #[event(verison = 2, from(OpenedV1))]
    Opened { owner: String },
}

pub struct OpenedV1;

fn main() {}
