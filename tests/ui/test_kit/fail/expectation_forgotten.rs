#![deny(unused_must_use)]

use gesta::test::given;
use gesta_tests::post::{Parcel, Scan};

fn main() {
    given::<Parcel>([]).when(Scan { depots: vec![] });
}
