// 3 errors: the derives name the type as well, and the compiler words its guess at what was meant differently
// in each place.
use gesta::prelude::*;

#[event]
pub enum AccountEvent {
    Opened { owners: Vec<Strin> },
}

fn main() {}
