use std::convert::Infallible;

use gesta::prelude::*;
use gesta::domain::{Classify, Delivery, EventHandler, FailureClass, IdempotencyKey, React};

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

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct LidId(pub u64);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum LidEvent {
    Opened { id: u8 },
    Closed,
}

#[aggregate(id = LidId, event = LidEvent)]
#[derive(Default)]
pub struct Lid;

#[apply(LidEvent, ignore(Opened, Closed))]
impl Lid {}

pub struct Close;

#[command_handler]
impl Lid {
    fn close(_: Close) -> Result<LidEvent, Infallible> {
        Ok(LidEvent::Closed)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("no such mailbox")]
    NoMailbox,
    #[error("{text}")]
    Bad { text: String },
    #[error("down")]
    Down,
}

#[derive(Debug, thiserror::Error)]
#[error("never")]
pub struct Never;

impl Classify for Never {
    fn class(&self) -> FailureClass {
        FailureClass::Permanent
    }
}

pub trait Words: Send + Sync {
    fn greet(&self) -> &str;
}

/// Everything left out.
pub struct Plain;

#[event_handler]
impl Plain {
    #[on(JarEvent::Broken)]
    async fn broken() -> Result<(), Infallible> {
        Ok(())
    }
}

pub struct Letters;

#[event_handler(
    name = "all-letters",
    attempts = 5,
    timeout = "10s",
    concurrency = 4,
    backoff = exponential("500ms", cap = "5m", jitter = 0.5),
    priority = -10,
    breaker(failures = 5, open = "30s"),
    shards = 4,
    start = now,
    permanent(MailError::NoMailbox | MailError::Bad { .. }),
)]
impl Letters {
    #[on(JarEvent::Made { owner } | JarEvent::Filled { owner, sweets: 100.. })]
    async fn made(id: &JarId, owner: &String, meta: &Meta, words: &dyn Words) -> Result<(), MailError> {
        let _ = (id, meta, words.greet());
        match owner.as_str() {
            "" => Err(MailError::NoMailbox),
            "bad" => Err(MailError::Bad { text: owner.clone() }),
            "down" => Err(MailError::Down),
            _ => Ok(()),
        }
    }

    #[on(JarEvent::Renamed(name))]
    fn renamed(name: &str, key: &IdempotencyKey, delivery: &Delivery<'_>) -> Result<(), String> {
        let _ = (key, delivery.attempt);
        if name.is_empty() { Err("no name".into()) } else { Ok(()) }
    }

    /// A binding wins over the stream's id.
    #[on(LidEvent::Opened { id })]
    async fn opened(id: &u8) -> Result<(), Never> {
        if *id == 0 { Err(Never) } else { Ok(()) }
    }

    /// Types of two enums at once.
    #[on(JarEvent::Broken | LidEvent::Closed)]
    async fn over(app: &App<Kitchen>, number: &u32) -> Result<(), ExecuteError<Infallible>> {
        app.create(&JarId(format!("jar-{number}")), Make).await?;
        Ok(())
    }
}

struct Hello;

impl Words for Hello {
    fn greet(&self) -> &str {
        "hello"
    }
}

pub struct Deps {
    number: u32,
}

impl Provide<u32> for Deps {
    fn provide(&self) -> &u32 {
        &self.number
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
        aggregates: [Jar, Lid],
        event_handlers: [Plain, Letters],
    }
}

#[tokio::main]
async fn main() {
    use gesta::domain::{Backoff, BreakerPolicy, DeliveryPolicy, Start};

    assert_eq!((Plain::NAME, Plain::policy()), ("plain", DeliveryPolicy::new()));
    assert_eq!(<Plain as React<JarEvent>>::VARIANTS, ["Broken"]);
    let expected = DeliveryPolicy::new()
        .attempts(5)
        .timeout(Duration::from_secs(10))
        .concurrency(4)
        .backoff(Backoff::exponential(Duration::from_millis(500)).cap(Duration::from_secs(300)).jitter(0.5))
        .priority(-10)
        .breaker(BreakerPolicy::new(5, Duration::from_secs(30)))
        .shards(4)
        .start(Start::Now);
    assert_eq!((Letters::NAME, Letters::policy()), ("all-letters", expected));
    assert_eq!(<Letters as React<JarEvent>>::VARIANTS, ["Made", "Filled", "Renamed", "Broken"]);
    assert_eq!(<Letters as React<LidEvent>>::VARIANTS, ["Opened", "Closed"]);

    let meta = Meta::default();
    let delivery = Delivery::new("all-letters", "jar", "j-1", &meta);
    let class = async |event: JarEvent| {
        Letters::react(&event, &delivery, (&Hello as &dyn Words, &7)).await.map_err(|failure| failure.class)
    };
    let made = |owner: &str| JarEvent::Made { owner: owner.into() };
    assert_eq!(class(made("ann")).await, Ok(()));
    assert_eq!(class(made("")).await, Err(FailureClass::Permanent));
    assert_eq!(class(made("bad")).await, Err(FailureClass::Permanent));
    assert_eq!(class(made("down")).await, Err(FailureClass::Retryable));
    assert_eq!(class(JarEvent::Filled { sweets: 100, owner: String::new() }).await, Err(FailureClass::Permanent));
    assert_eq!(class(JarEvent::Filled { sweets: 1, owner: String::new() }).await, Ok(()));
    assert_eq!(class(JarEvent::Renamed(String::new())).await, Err(FailureClass::Retryable));
    // Without an application there is none to send commands by.
    assert_eq!(class(JarEvent::Broken).await, Err(FailureClass::Permanent));
    let lid = Letters::react(&LidEvent::Opened { id: 0 }, &delivery, (&Hello as &dyn Words, &7)).await;
    assert_eq!(lid.map_err(|failure| failure.class), Err(FailureClass::Permanent));

    let app = Kitchen::app(gesta::store::Memory::new(), Deps { number: 1 }).start().await.unwrap();
    app.shutdown().await.unwrap();
}
