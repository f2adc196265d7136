use gesta::prelude::*;

#[derive(Provide)]
pub enum Deps {
    Mailer(String),
}

fn main() {}
