use gesta::prelude::*;
use serde::{Deserialize, Serialize};

pub mod lines {
    use super::*;

    #[derive(Serialize, Deserialize, Schema)]
    pub struct Line {
        pub item: String,
        pub count: u64,
    }
}

#[event]
pub enum OrderEvent {
    Placed { order: String, lines: Vec<lines::Line> },
}
