use gesta::test::given;
use gesta_tests::post::{Parcel, Scan};

#[derive(Debug, PartialEq)]
struct Burned;

fn main() {
    given::<Parcel>([]).when(Scan { depots: vec![] }).rejects(Burned);
}
