use gesta::prelude::*;

pub struct Street;

#[derive(Schema)]
pub struct Place {
    streets: std::collections::HashMap<String, Street>,
}

fn main() {}
