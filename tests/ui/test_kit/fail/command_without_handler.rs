use gesta::test::given;
use gesta_tests::post::Parcel;

struct Burn;

fn main() {
    given::<Parcel>([]).when(Burn).then([]);
}
