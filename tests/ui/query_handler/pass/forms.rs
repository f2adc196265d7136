use gesta::prelude::*;
use serde::{Deserialize, Serialize};
use gesta::store::Memory;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Made { owner: String },
    Filled { sweets: u32, owner: String },
    Renamed(String),
    Broken,
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Default)]
pub struct Jar;

#[apply(JarEvent, ignore(Made, Filled, Renamed, Broken))]
impl Jar {}

pub struct Make;

#[command_handler]
impl Jar {
    fn make(_: Make) -> Result<JarEvent, std::convert::Infallible> {
        Ok(JarEvent::Made { owner: String::new() })
    }
}

#[projection(key = JarId)]
#[derive(Default, Serialize, Deserialize)]
pub struct Sweets {
    count: u32,
}

#[apply(JarEvent, ignore(Made, Renamed, Broken))]
impl Sweets {
    fn filled(&mut self, sweets: &u32) {
        self.count += sweets;
    }
}

pub struct CountOf(pub JarId);

pub struct Doubled(pub u32);

pub struct Asked;

pub struct Named {
    pub text: String,
}

pub trait Words: Send + Sync {
    fn greet(&self, name: &str) -> String;
}

pub struct Hello;

impl Words for Hello {
    fn greet(&self, name: &str) -> String {
        format!("hello {name}")
    }
}

type Read<T> = Result<T, ReadError>;

#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    #[error("too many")]
    TooMany,
    #[error(transparent)]
    Read(#[from] ReadError),
}

#[query_handler]
impl Sweets {
    async fn count_of(query: CountOf, reader: &Reader) -> Result<Option<u32>, ReadError> {
        Ok(reader.get::<Self>(&query.0).await?.map(|sweets| sweets.count))
    }

    fn doubled(Doubled(number): Doubled) -> Result<u32, Mistake> {
        number.checked_mul(2).ok_or(Mistake::TooMany)
    }

    async fn asked(_: Asked, factor: &u32, from: &gesta::query::Reader) -> Read<u32> {
        Ok(from.get::<Sweets>(&JarId("none".into())).await?.map_or(*factor, |sweets| sweets.count))
    }

    async fn named(query: Named, words: &dyn Words) -> Result<String, std::convert::Infallible> {
        Ok(words.greet(&query.text))
    }
}

pub struct Deps {
    factor: u32,
}

impl Provide<u32> for Deps {
    fn provide(&self) -> &u32 {
        &self.factor
    }
}

impl Provide<dyn Words> for Deps {
    fn provide(&self) -> &(dyn Words + 'static) {
        &Hello
    }
}

gesta::domain! {
    pub Kitchen {
        deps: Deps,
        aggregates: [Jar],
        projections: [Sweets],
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = Kitchen::app(Memory::new(), Deps { factor: 7 }).start().await?;
    assert_eq!(app.query(CountOf(JarId("a".into()))).await?, None);
    assert_eq!(app.query(Doubled(4)).await?, 8);
    assert!(matches!(app.query(Doubled(u32::MAX)).await, Err(QueryError::Failed(Mistake::TooMany))));
    assert_eq!(app.query(Asked).await?, 7);
    assert_eq!(app.query(Named { text: "ann".into() }).await?, "hello ann");
    Ok(())
}
