use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owner: String },
}
