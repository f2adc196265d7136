use std::convert::Infallible;

use gesta::{prelude::*, store::Memory};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Filled { sweets: u32, by: String },
    Renamed(String),
    Broken,
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar {
    sweets: u32,
}

#[apply(JarEvent, ignore(Made, Renamed, Broken))]
impl Jar {
    fn filled(&mut self, sweets: &u32) {
        self.sweets += sweets;
    }
}

pub struct Make {
    pub owner: String,
}

#[derive(Clone)]
pub struct Fill {
    pub sweets: u32,
}

pub struct Drop;

#[derive(Debug, thiserror::Error)]
#[error("full")]
pub struct Full;

pub struct Shop;

impl Shop {
    pub async fn has(&self, sweets: u32) -> bool {
        sweets < 100
    }
}

pub trait Clock: Send + Sync {
    fn hour(&self) -> u8;
}

pub struct Noon;

impl Clock for Noon {
    fn hour(&self) -> u8 {
        12
    }
}

type Decision<T = JarEvent> = Result<T, Full>;

#[command_handler]
impl Jar {
    /// Nothing but a command.
    fn make(Make { owner }: Make) -> Decision {
        Ok(JarEvent::Made { owner })
    }

    /// Everything that can be asked for, in any order.
    async fn fill(
        &self,
        cmd: Fill,
        clock: &dyn Clock,
        meta: &gesta::domain::Meta,
        shop: &Shop,
        id: &JarId,
    ) -> Decision<Vec<JarEvent>> {
        if !shop.has(cmd.sweets).await || clock.hour() == 0 {
            return Err(Full);
        }
        let by = meta.actor.clone().unwrap_or_else(|| id.to_string());
        Ok(vec![JarEvent::Filled { sweets: cmd.sweets, by }])
    }

    fn drop(&self, _: Drop) -> Result<Option<JarEvent>, Infallible> {
        Ok((self.sweets > 0).then_some(JarEvent::Broken))
    }
}

pub struct Deps {
    clock: Arc<dyn Clock>,
    shop: Shop,
}

impl Provide<dyn Clock> for Deps {
    fn provide(&self) -> &(dyn Clock + 'static) {
        &*self.clock
    }
}

impl Provide<Shop> for Deps {
    fn provide(&self) -> &Shop {
        &self.shop
    }
}

gesta::domain! { Kitchen { aggregates: [Jar,], deps: Deps, sagas: [], projections: [] } }

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let deps = Deps { clock: Arc::new(Noon), shop: Shop };
    let app = Kitchen::app(Memory::new(), deps).start().await.unwrap();
    let id = JarId("jam".into());
    app.create(&id, Make { owner: "me".into() }).await.unwrap();
    app.execute(&id, Fill { sweets: 3 }).by("you").await.unwrap();
    assert_eq!(app.execute(&id, Drop).await.unwrap().version, 3);
}
