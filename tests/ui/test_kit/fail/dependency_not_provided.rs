use gesta::{prelude::*, test::given};
use gesta_tests::post::{Deliver, Parcel, ParcelEvent, Tariff};

#[derive(Provide)]
struct Deps {
    tariff: Tariff,
}

fn main() {
    let history = [ParcelEvent::Registered { to: "Ann".into(), grams: 1 }];
    let deps = Deps { tariff: Tariff { heaviest: 1 } };
    given::<Parcel>(history).when_with(Deliver, &deps).then([]);
}
