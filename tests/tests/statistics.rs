//! Statistics: what is counted of commands, handlers and projections, how far subscriptions are behind, and the events
//! that tell of thresholds which were crossed.

#![allow(missing_docs, reason = "a domain of this test alone")]

use std::{
    convert::Infallible,
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
};

use gesta::{
    log::Filter,
    middleware::{Delivered, DeliveryCall, Filtering, Middleware, NextDelivery, Refusal, async_trait},
    monitor::{MonitorEvent, StatisticsSnapshot},
    prelude::*,
};
use gesta_tests::{Place, on_every_store};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct LampId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum LampEvent {
    Hung { room: String },
    Lit { minutes: u32 },
}

#[aggregate(id = LampId, event = LampEvent)]
#[derive(Debug, Default, PartialEq)]
pub struct Lamp {}

#[apply(LampEvent, ignore(Hung, Lit))]
impl Lamp {}

#[derive(Clone, Debug)]
pub struct Hang(pub String);
#[derive(Clone, Debug)]
pub struct Light(pub u32);

#[command_handler]
impl Lamp {
    fn hang(cmd: Hang) -> Result<LampEvent, Infallible> {
        Ok(LampEvent::Hung { room: cmd.0 })
    }
    fn light(&self, cmd: Light) -> Result<Option<LampEvent>, Infallible> {
        Ok((cmd.0 > 0).then_some(LampEvent::Lit { minutes: cmd.0 }))
    }
}

#[projection(key = LampId, version = 1)]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Burnt {
    minutes: u32,
}

#[apply(LampEvent, ignore(Hung))]
impl Burnt {
    fn lit(&mut self, minutes: &u32) {
        self.minutes += minutes;
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the meter does not answer")]
pub struct NoAnswer;

pub struct Meter;

#[event_handler(name = "meter", attempts = 10, backoff = fixed("10ms"))]
impl Meter {
    /// Odd minutes fail; even hundreds take long.
    #[on(LampEvent::Lit { minutes })]
    async fn lit(minutes: &u32, tries: &Tries) -> Result<(), NoAnswer> {
        tries.0.fetch_add(1, Ordering::SeqCst);
        if *minutes >= 100 {
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        if minutes % 2 == 1 { Err(NoAnswer) } else { Ok(()) }
    }
}

#[derive(Debug, Default)]
pub struct Tries(AtomicU32);

#[derive(Debug, Default, Provide)]
pub struct Deps {
    tries: Tries,
}

gesta::domain! {
    pub House {
        deps: Deps,
        aggregates: [Lamp],
        projections: [Burnt],
        event_handlers: [Meter],
    }
}

fn lamp() -> LampId {
    LampId("hall".into())
}

async fn builder(place: &Place) -> Builder<House> {
    House::app(place.open().await, Deps::default())
}

/// Waits for a condition, with a deadline.
async fn until<Fut: Future<Output = bool>>(what: &str, condition: impl Fn() -> Fut) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

async fn caught_up(app: &App<House>) {
    app.caught_up(Duration::from_secs(30)).await.expect("done");
}

async fn commands_handlers_and_projections_are_counted_and_timed(place: &Place) {
    let app = builder(place).await.metrics().start().await.expect("an application");
    app.create(&lamp(), Hang("hall".into())).await.expect("hung");
    for minutes in [2, 4, 0, 6] {
        app.execute(&lamp(), Light(minutes)).await.expect("lit");
    }
    app.execute(&LampId("none".into()), Light(2)).await.expect_err("there is none");
    caught_up(&app).await;
    let statistics = app.statistics().await.expect("numbers");
    let counts = |series: &std::collections::BTreeMap<String, gesta::monitor::Series>| {
        series.iter().map(|(name, it)| (name.clone(), it.count, it.errors)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&statistics.commands), [("Hang".into(), 1, 0), ("Light".into(), 5, 1)]);
    assert_eq!(counts(&statistics.appended), [("lamp.hung".into(), 1, 0), ("lamp.lit".into(), 3, 0)]);
    assert_eq!(counts(&statistics.events), [("lamp.lit".into(), 3, 0)]);
    assert_eq!(counts(&statistics.handlers), [("meter".into(), 3, 0)]);
    // A batch is counted when it is on its way, whether the store has told of it before or not; events that change no
    // document are read all the same.
    let burnt = || async { app.statistics().await.expect("numbers").projections.get("burnt@1").copied() };
    until("the projection is counted", || async { burnt().await.is_some_and(|it| it.count == 4) }).await;
    assert_eq!(burnt().await.map(|it| it.errors), Some(0));
    let light = statistics.commands["Light"];
    assert!(
        light.rate > 0.0 && light.p50 > Duration::ZERO && light.p50 <= light.p95 && light.p95 <= light.p99
    );
    let json = serde_json::to_string(&statistics).expect("JSON");
    let read: StatisticsSnapshot = serde_json::from_str(&json).expect("the same");
    assert_eq!(read.commands, statistics.commands);
    app.shutdown().await.expect("a clean end");
}

async fn without_the_layer_commands_are_not_counted(place: &Place) {
    let app = builder(place).await.start().await.expect("an application");
    app.create(&lamp(), Hang("hall".into())).await.expect("hung");
    app.execute(&lamp(), Light(2)).await.expect("lit");
    caught_up(&app).await;
    let statistics = app.statistics().await.expect("numbers");
    assert!(statistics.commands.is_empty() && statistics.appended.is_empty());
    assert_eq!(statistics.handlers["meter"].count, 1);
    app.shutdown().await.expect("a clean end");
}

async fn failed_attempts_are_counted_as_errors(place: &Place) {
    let app = builder(place).await.start().await.expect("an application");
    app.create(&lamp(), Hang("hall".into())).await.expect("hung");
    app.execute(&lamp(), Light(1)).await.expect("lit");
    let meter = || async { app.statistics().await.expect("numbers").handlers.get("meter").copied() };
    until("all attempts", || async { meter().await.is_some_and(|meter| meter.count == 10) }).await;
    assert_eq!(meter().await.map(|meter| meter.errors), Some(10));
    app.shutdown().await.expect("a clean end");
}

async fn how_far_a_subscription_is_behind_is_told_in_events_and_time(place: &Place) {
    let app = builder(place).await.start().await.expect("an application");
    app.create(&lamp(), Hang("hall".into())).await.expect("hung");
    caught_up(&app).await;
    until("nothing is left", || async { app.statistics().await.expect("numbers").lags["meter"].events == 0 })
        .await;
    app.pause("meter").await.expect("there is one");
    for _ in 0..3 {
        app.execute(&lamp(), Light(2)).await.expect("lit");
    }
    let lag = app.statistics().await.expect("numbers").lags["meter"];
    assert_eq!((lag.events, lag.more, lag.paused), (3, false, true));
    until("time passes", || async { app.statistics().await.expect("numbers").lags["meter"].time > lag.time })
        .await;
    app.resume("meter").await.expect("there is one");
    caught_up(&app).await;
    let lag = app.statistics().await.expect("numbers").lags["meter"];
    assert_eq!((lag.events, lag.time, lag.paused), (0, Duration::ZERO, false));
    app.shutdown().await.expect("a clean end");
}

async fn monitored(app: &App<House>, name: &str) -> Vec<MonitorEvent> {
    let page = app.log().filter(Filter::new().event(name)).page(100).await.expect("the log");
    page.events.iter().map(|event| event.decode().expect("readable")).collect()
}

async fn thresholds_that_are_crossed_are_told_of_once_in_a_while(place: &Place) {
    let builder = builder(place).await;
    let builder = builder.slow_event(Duration::from_millis(20)).error_rate(0.5, Duration::from_secs(60));
    let app = builder.start().await.expect("an application");
    app.create(&lamp(), Hang("hall".into())).await.expect("hung");
    for minutes in [2, 100, 200, 300] {
        app.execute(&lamp(), Light(minutes)).await.expect("lit");
    }
    caught_up(&app).await;
    // On a machine that is busy others may be slow as well.
    let slow = async || {
        let mut slow = monitored(&app, "gesta.slow").await;
        slow.retain(|event| matches!(event, MonitorEvent::Slow(slow) if slow.handler == "meter"));
        slow
    };
    until("it was slow", || async { !slow().await.is_empty() }).await;
    // A minute may end between two of them.
    let slow = slow().await;
    assert!(slow.len() <= 2, "{slow:?}");
    let MonitorEvent::Slow(slow) = &slow[0] else { panic!("{slow:?}") };
    assert_eq!((slow.event.as_str(), slow.limit_ms), ("lamp.lit", 20));
    assert!(slow.took_ms >= 20, "{slow:?}");
    assert_eq!(monitored(&app, "gesta.error_rate").await, [], "nothing has failed");

    app.execute(&lamp(), Light(1)).await.expect("lit");
    until("it fails too often", || async { !monitored(&app, "gesta.error_rate").await.is_empty() }).await;
    let rate = monitored(&app, "gesta.error_rate").await;
    assert!(rate.len() <= 2, "{rate:?}");
    let MonitorEvent::HighErrorRate(rate) = &rate[0] else { panic!("{rate:?}") };
    assert_eq!((rate.handler.as_str(), rate.seconds), ("meter", 60));
    assert!(rate.errors * 2 > rate.attempts && rate.attempts >= 5, "{rate:?}");
    app.shutdown().await.expect("a clean end");
}

/// Refuses the first attempt at each event, for a while.
struct NotAtFirst;

#[async_trait]
impl Middleware for NotAtFirst {
    fn name(&self) -> &str {
        "not at first"
    }

    async fn delivery(
        &self,
        call: &DeliveryCall<'_>,
        next: NextDelivery<'_>,
    ) -> Result<Delivered, gesta::domain::HandlerFailure> {
        match call.attempt {
            1 => Err(Refusal::retryable(self.name(), format!("not {} yet", call.entry.name))),
            _ => next.run(call).await,
        }
    }
}

async fn layers_stand_around_deliveries(place: &Place) {
    let even = Filter::new().payload(|json| json["minutes"].as_u64().is_some_and(|minutes| minutes % 2 == 0));
    let builder = builder(place).await.layer(NotAtFirst).layer(Filtering::new(even).handler("meter"));
    let app = builder.start().await.expect("an application");
    app.create(&lamp(), Hang("hall".into())).await.expect("hung");
    for minutes in [1, 2, 3] {
        app.execute(&lamp(), Light(minutes)).await.expect("lit");
    }
    // Each is refused once, and tried again; the odd ones, which would fail, are then left out.
    let meter = || async { app.statistics().await.expect("numbers").handlers.get("meter").copied() };
    until("all are done", || async {
        meter().await.is_some_and(|meter| (meter.count, meter.errors) == (6, 3))
    })
    .await;
    until("nothing is parked", || async {
        app.event_handlers().await.expect("a status")[0].parked == Default::default()
    })
    .await;
    assert_eq!(meter().await.map(|meter| (meter.count, meter.errors)), Some((6, 3)));
    app.shutdown().await.expect("a clean end");
}

on_every_store! {
    commands_handlers_and_projections_are_counted_and_timed,
    without_the_layer_commands_are_not_counted,
    failed_attempts_are_counted_as_errors,
    how_far_a_subscription_is_behind_is_told_in_events_and_time,
    thresholds_that_are_crossed_are_told_of_once_in_a_while,
    layers_stand_around_deliveries,
}
