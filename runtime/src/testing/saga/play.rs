//! One run of a saga: as many applications one after the other as are killed, and time that moves to what is due.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    check,
    kit::{Ask, Given, SagaTest, store_given},
    plan::Plan,
    scene::{Disturbed, Scene},
    stage::{Life, Stage},
};
use crate::{
    app::{App, Builder, Register},
    clock::ManualClock,
    saga::{AnySaga, RunsIn, Saga, SagaOutcome, StepInfo, TimelineEntry},
    store::{Memory, SagaFilter, SagaState, SagaStatus, Sagas, Store, StreamId},
};

/// The id of the instance that is tested.
const ID: &str = "test";

/// A run that takes longer waits for something that will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it is looked whether anything is left to do, where nothing tells.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// After so long the leases of an application that was killed have run out.
const LEASES_ARE_OVER: Duration = Duration::from_secs(60);

/// How a run has ended.
pub(super) struct Ending {
    pub(super) saga: &'static str,
    pub(super) name: String,
    pub(super) outcome: SagaOutcome,
    /// What was compared, before and after.
    pub(super) states: Option<(String, String)>,
    pub(super) timeline: Vec<TimelineEntry>,
    /// The appends of the instance, in words.
    pub(super) appends: Vec<String>,
    pub(super) plan: Plan,
}

impl Ending {
    /// Breaks the test off.
    pub(super) fn fail(&self, expected: &str) -> ! {
        let found = check::in_words(&self.outcome);
        self.broken(&format!("  expected  {expected}\n  found     {found}"))
    }

    pub(super) fn broken(&self, what: &str) -> ! {
        let crash = self.plan.crash.map_or_else(String::new, |crash| {
            let append = self.appends.get(crash.at - 1).map_or("", String::as_str);
            format!(": append {} was {append}", crash.at)
        });
        panic!(
            "the saga `{}` does not keep its promise\n\n  in        {}{crash}\n{what}\n  timeline\n{}\n  alone     `.only(\"{}\")`\n",
            self.saga,
            self.name,
            check::timeline_in_words(&self.timeline),
            self.name,
        )
    }
}

/// One application of a run.
struct Stay<D: Register> {
    app: App<D>,
    life: watch::Sender<Life>,
    gone: std::sync::Weak<dyn crate::store::EventStore>,
}

/// What a run stands on.
struct World {
    memory: Memory,
    clock: ManualClock,
    scene: Arc<Scene>,
}

pub(super) async fn play<D: Register, S: Saga + RunsIn<D>>(test: &SagaTest<D, S>, plan: &Plan) -> Ending
where
    D::Deps: Clone,
{
    let clock = ManualClock::new();
    let stream = StreamId::new(&format!("saga.{}", S::NAME), ID);
    let world = World {
        memory: Memory::with_clock(&clock),
        clock,
        scene: Arc::new(Scene::new(plan.clone(), stream)),
    };
    let deps = (test.world.deps)();
    let name = plan.name(S::STEPS);
    let mut stay = world.begin(test, deps.clone()).await;
    for given in &test.world.given {
        match given {
            Given::Done(given) => guarded(&name, "what is given", given(stay.app.clone())).await,
            Given::Stored(append) => store_given(&Store::new(world.memory.clone()), append()).await,
        }
    }
    let before = state_of(test.state.as_ref(), &name, &stay.app).await;
    let (deadline, mut helped) = (Instant::now() + PATIENCE, false);
    loop {
        match world.goes(test, &stay.app, &stay.life, deadline).await {
            Some(own) if !helped && world.may_be_helped(&own, S::STEPS) => {
                world.scene.help();
                helped = world.help::<D, S>(&stay).await;
                if helped {
                    continue;
                }
            }
            Some(_) => break,
            None => {}
        }
        stay.bury().await;
        world.clock.advance(LEASES_ARE_OVER);
        stay = world.begin(test, deps.clone()).await;
    }
    let after = state_of(test.state.as_ref(), &name, &stay.app).await;
    for holds in &test.invariants {
        guarded(&name, "what holds always", holds(stay.app.clone())).await;
    }
    let handle = stay.app.saga::<S>(ID);
    // It has had every chance to do more than it should.
    stay.app.shutdown().await.unwrap_or_else(|error| panic!("{name}: {error}"));
    let timeline = handle.timeline().await.unwrap_or_else(|error| panic!("{name}: {error}"));
    let outcome = check::outcome_of(&timeline);
    let (appends, stored) = {
        let seen = world.scene.seen();
        (seen.appends.clone(), seen.stored.clone())
    };
    let ending = Ending {
        saga: S::NAME,
        name,
        outcome,
        states: before.zip(after),
        timeline,
        appends,
        plan: plan.clone(),
    };
    if let Err(what) = check::check(S::STEPS, &ending, &stored) {
        ending.broken(&what);
    }
    ending
}

impl World {
    async fn begin<D: Register, S: Saga + RunsIn<D>>(&self, test: &SagaTest<D, S>, deps: D::Deps) -> Stay<D>
    where
        D::Deps: Clone,
    {
        let life = watch::Sender::new(Life::Alive);
        let (memory, scene) = (self.memory.clone(), Arc::clone(&self.scene));
        let store = Store::new(Stage { memory, scene: Arc::clone(&scene), life: life.clone() });
        let gone = Arc::downgrade(store.port());
        let disturb = move |saga: Arc<dyn AnySaga>| -> Arc<dyn AnySaga> {
            Arc::new(Disturbed { saga, scene: Arc::clone(&scene) })
        };
        let builder = (test.world.configure)(Builder::new(store, deps)).wrap_sagas(Arc::new(disturb));
        let app = builder.start().await.unwrap_or_else(|error| panic!("an application in memory: {error}"));
        Stay { app, life, gone }
    }

    /// Whether an instance must be parked by its definition, so that somebody helps.
    fn may_be_helped(&self, own: &SagaState, steps: &[StepInfo]) -> bool {
        let plan = &self.scene.plan;
        let is_at = |(_, info): &(usize, &StepInfo)| Some(info.name) == own.step.as_deref();
        let at = steps.iter().enumerate().find(is_at);
        plan.helps
            && own.status == SagaStatus::Parked
            && at.is_some_and(|(place, info)| plan.parks(info, place))
    }

    /// Somebody lets a parked instance go on; false if the application was killed meanwhile.
    async fn help<D: Register, S: Saga + RunsIn<D>>(&self, stay: &Stay<D>) -> bool {
        let (mut life, handle) = (stay.life.subscribe(), stay.app.saga::<S>(ID));
        tokio::select! {
            _ = life.wait_for(|life| *life != Life::Alive) => false,
            helped = handle.retry("test", "what has failed works again") => {
                helped.unwrap_or_else(|error| panic!("{}: {error}", self.scene.plan.name(S::STEPS)));
                true
            }
        }
    }

    /// Lets an application work until the saga has ended or is parked; `None` if it was killed before.
    async fn goes<D: Register, S: Saga + RunsIn<D>>(
        &self,
        test: &SagaTest<D, S>,
        app: &App<D>,
        life: &watch::Sender<Life>,
        deadline: Instant,
    ) -> Option<SagaState>
    where
        D::Deps: Clone,
    {
        let name = self.scene.plan.name(S::STEPS);
        let mut killed = life.subscribe();
        let saga = S::decode(&test.data)
            .unwrap_or_else(|error| panic!("the data of `{}` cannot be read again: {error}", S::NAME));
        tokio::select! {
            _ = killed.wait_for(|life| *life != Life::Alive) => return None,
            started = app.start_saga(ID, saga) => {
                started.unwrap_or_else(|error| panic!("{name}: the saga cannot be started: {error}"));
            }
        }
        let mut signals = app_signals(&self.memory);
        loop {
            if *killed.borrow_and_update() != Life::Alive {
                return None;
            }
            signals.borrow_and_update();
            let all = self.instances().await;
            let Some(own) = all.iter().find(|state| state.id == ID && &*state.saga == S::NAME) else {
                panic!("{name}: the saga was started, and is not among the instances");
            };
            if own.status.has_ended() || own.status == SagaStatus::Parked {
                return Some(own.clone());
            }
            if Instant::now() >= deadline {
                panic!("{name}: the saga has not come to an end within {PATIENCE:?}: {own:?}");
            }
            self.move_on(&all);
            tokio::select! {
                _ = killed.changed() => {}
                _ = timeout(LOOK_EVERY, signals.changed()) => {}
            }
        }
    }

    async fn instances(&self) -> Vec<SagaState> {
        let found = self.memory.list_sagas(&SagaFilter::default(), u64::MAX).await;
        found.unwrap_or_else(|error| panic!("the instances cannot be listed: {error}"))
    }

    /// Moves the time to what is due next, if nothing is due now.
    fn move_on(&self, all: &[SagaState]) {
        let now = self.clock.now();
        let due = all.iter().filter(|state| state.status.is_active()).filter_map(|state| state.due_at).min();
        if let Some(due) = due.filter(|due| *due > now) {
            self.clock.set(due);
        }
    }
}

fn app_signals(memory: &Memory) -> watch::Receiver<u64> {
    crate::store::ReadSide::signals(memory)
}

impl<D: Register> Stay<D> {
    /// Waits until nothing of an application that was killed is there any more.
    async fn bury(self) {
        let Self { app, life, gone } = self;
        drop(app);
        life.send_replace(Life::Buried);
        let until = Instant::now() + Duration::from_secs(5);
        while gone.strong_count() > 0 && Instant::now() < until {
            tokio::task::yield_now().await;
        }
    }
}

async fn state_of<D: Register>(state: Option<&Ask<D, String>>, name: &str, app: &App<D>) -> Option<String> {
    match state {
        Some(state) => Some(guarded(name, "the state", state(app.clone())).await),
        None => None,
    }
}

/// Says in which run a closure of the test has panicked.
async fn guarded<T>(name: &str, what: &str, work: impl Future<Output = T>) -> T {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => done,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string);
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            panic!("{what} has failed in the run `{name}` (alone: `.only(\"{name}\")`): {text}");
        }
    }
}
