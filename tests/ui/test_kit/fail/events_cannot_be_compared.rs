use std::convert::Infallible;

use gesta::{prelude::*, test::given_creating};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
struct LampId(String);

#[event]
#[derive(Debug)]
enum LampEvent {
    Hung,
}

#[aggregate(id = LampId, event = LampEvent)]
#[derive(Default)]
struct Lamp;

#[apply(LampEvent)]
impl Lamp {
    fn hung(&mut self) {}
}

struct Hang;

#[command_handler]
impl Lamp {
    fn hang(_: Hang) -> Result<LampEvent, Infallible> {
        Ok(LampEvent::Hung)
    }
}

fn main() {
    given_creating(Hang).then([LampEvent::Hung]);
}
