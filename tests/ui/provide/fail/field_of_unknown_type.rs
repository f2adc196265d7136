use gesta::prelude::*;

#[derive(Provide)]
pub struct Deps {
    mailer: Mailr,
}

fn main() {}
