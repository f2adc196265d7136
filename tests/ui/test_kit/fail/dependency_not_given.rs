use gesta::test::given;
use gesta_tests::post::{Deliver, Parcel, ParcelEvent};

fn main() {
    let history = [ParcelEvent::Registered { to: "Ann".into(), grams: 1 }];
    given::<Parcel>(history).when(Deliver).then([]);
}
