use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct TinId(pub String);

#[event]
pub enum TinEvent {
    Changed { sweets: i64 },
}

#[aggregate(id = TinId, event = TinEvent)]
#[derive(Default)]
pub struct Tin;

#[apply(TinEvent, ignore(Changed))]
impl Tin {}

pub struct Change {
    pub sweets: i64,
}

#[command_handler]
impl Tin {
    fn change(&self, cmd: Change) -> Result<TinEvent, std::convert::Infallible> {
        Ok(TinEvent::Changed { sweets: cmd.sweets })
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Swap {
    pub from: TinId,
    pub to: TinId,
    pub sweets: i64,
}

#[derive(Clone, Serialize, Deserialize, Schema)]
pub struct Weighed {
    pub grams: u64,
}

#[saga(version = 1)]
impl Swap {
    #[step(compensate = put_back)]
    fn take(&self) -> Dispatch<TinId, Change> {
        self.from.send(Change { sweets: -self.sweets })
    }

    fn put_back(&self) -> Dispatch<TinId, Change> {
        self.from.send(Change { sweets: self.sweets })
    }

    #[step(no_compensation = "a scale forgets")]
    async fn weigh(&self) -> Result<Weighed, std::convert::Infallible> {
        Ok(Weighed { grams: 5 })
    }

    #[step(pivot)]
    fn put(&self) -> Dispatch<TinId, Change> {
        self.to.send(Change { sweets: self.sweets })
    }
}

gesta::domain! {
    pub Shop { aggregates: [Tin], sagas: [Swap], lock: whole }
}
