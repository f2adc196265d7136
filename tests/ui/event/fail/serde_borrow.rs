use std::borrow::Cow;

use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened {
        #[serde(borrow)]
        owner: Cow<'static, str>,
    },
}

fn main() {}
