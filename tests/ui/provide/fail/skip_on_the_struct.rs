use gesta::prelude::*;

pub struct Mailer;

#[derive(Provide)]
#[provide(skip)]
pub struct Deps {
    mailer: Mailer,
}

fn main() {}
