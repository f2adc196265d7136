use std::{any::type_name, collections::BTreeSet, fmt::Debug};

use super::{
    columns,
    reactions::{ExpectedReactions, in_words},
};
use crate::{
    domain::{Aggregate, AggregateId, Event, Meta, Position, Route},
    process_manager::{Deadline, Input, Manage, ProcessManager, Reaction, TimerChange},
};

/// Begins a test of a process manager: one instance, which has seen nothing yet. `and` says what has happened so far,
/// `when` what happens now, and `then` what the instance does about it.
///
/// ```
/// # use gesta::{codec::{DecodeError, EncodeError}, domain::{HandlerFailure, Route}, prelude::*};
/// # use gesta::process_manager::*;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
/// # pub struct DoorId(pub u32);
/// # #[event]
/// # #[derive(Clone, Debug, PartialEq)]
/// # pub enum DoorEvent { Opened, Closed }
/// # #[aggregate(id = DoorId, event = DoorEvent)]
/// # #[derive(Default)]
/// # pub struct Door;
/// # #[apply(DoorEvent)]
/// # impl Door { fn opened(&mut self) {} fn closed(&mut self) {} }
/// # #[derive(Clone, Debug, PartialEq)]
/// # pub struct Close;
/// # #[command_handler]
/// # impl Door { fn close(&self, _: Close) -> Result<DoorEvent, std::convert::Infallible> { Ok(DoorEvent::Closed) } }
/// # #[derive(Clone, Debug, Default, Serialize, Deserialize)]
/// # pub struct Draught { forgotten: u32 }
/// # impl Draught { pub const TOO_LONG: Deadline<Self> = Deadline::new("too_long"); }
/// # impl ProcessManager for Draught {
/// #     type Key = DoorId;
/// #     const NAME: &'static str = "draught";
/// #     const DEADLINES: &'static [&'static str] = &["too_long"];
/// #     fn initial() -> Self { Self::default() }
/// #     fn encode(&self) -> Result<Vec<u8>, EncodeError> { Ok(serde_json::to_vec(self)?) }
/// #     fn decode(json: &[u8]) -> Result<Self, DecodeError> { Ok(serde_json::from_slice(json)?) }
/// #     fn inputs<I: Inputs<Self>>(to: &mut I) { to.on::<DoorEvent>(); }
/// #     fn deadline(&mut self, _: usize, key: &DoorId) -> Vec<Reaction<Self>> {
/// #         self.forgotten += 1;
/// #         let mut list = Vec::new();
/// #         key.send(Close).into_reactions(&mut list);
/// #         list
/// #     }
/// # }
/// # impl Manage<DoorEvent> for Draught {
/// #     const VARIANTS: &'static [&'static str] = &["Opened", "Closed"];
/// #     fn route(_: &DoorEvent) -> Route { Route::Stream }
/// #     fn manage(&mut self, event: &DoorEvent, _: &Input<'_, Self>) -> Result<Vec<Reaction<Self>>, HandlerFailure> {
/// #         let mut list = Vec::new();
/// #         match event {
/// #             DoorEvent::Opened => Self::TOO_LONG.after(Duration::from_secs(60)).into_reactions(&mut list),
/// #             DoorEvent::Closed => Self::TOO_LONG.cancel().into_reactions(&mut list),
/// #         }
/// #         Ok(list)
/// #     }
/// # }
/// use gesta::test::given_instance;
///
/// let door = DoorId(1);
/// given_instance::<Draught>(&door)
///     .when(&door, DoorEvent::Opened)
///     .then(Draught::TOO_LONG.after(Duration::from_secs(60)));
/// given_instance::<Draught>(&door)
///     .and(&door, [DoorEvent::Opened])
///     .when_deadline(Draught::TOO_LONG)
///     .then(door.send(Close))
///     .then_state(|state| assert_eq!(state.forgotten, 1));
/// ```
pub fn given_instance<P: ProcessManager>(key: &P::Key) -> GivenInstance<P> {
    let (key, state) = (key.clone(), P::initial());
    GivenInstance { key, state, deadlines: BTreeSet::new(), position: 0, meta: Meta::default() }
}

/// An instance of a process manager as it stands so far.
#[derive(Clone, Debug)]
#[must_use = "nothing is tested until something happens with `.when(..)`"]
pub struct GivenInstance<P: ProcessManager> {
    key: P::Key,
    state: P,
    deadlines: BTreeSet<&'static str>,
    position: u64,
    meta: Meta,
}

/// What an instance has done, to be compared with what was expected.
#[derive(Debug)]
pub struct WhenInstance<P: ProcessManager> {
    state: P,
    what: String,
    done: Vec<Reaction<P>>,
}

impl<P: ProcessManager> GivenInstance<P> {
    /// Who is behind the events that follow, and what they belong to.
    pub fn meta(mut self, meta: Meta) -> Self {
        self.meta = meta;
        self
    }

    /// This has happened to an aggregate too, after what was said before.
    ///
    /// # Panics
    /// When one of the events is not for this instance, or the process manager does.
    #[track_caller]
    pub fn and<I, E>(mut self, id: &I, events: impl IntoIterator<Item = E>) -> Self
    where
        I: AggregateId<Aggregate: Aggregate<Id = I, Event = E>> + ToString,
        E: Event,
        P: Manage<E>,
    {
        for event in events {
            // What it did then is done.
            self.take(id, &event);
        }
        self
    }

    /// This deadline has come, after what was said before.
    ///
    /// # Panics
    /// When it is not set, or the process manager does.
    #[track_caller]
    pub fn and_deadline(mut self, deadline: Deadline<P>) -> Self {
        self.come(&deadline);
        self
    }

    /// This happens to an aggregate now.
    ///
    /// # Panics
    /// When the event is not for this instance, or the process manager does.
    #[track_caller]
    #[must_use = "nothing is checked until `.then(..)`"]
    pub fn when<I, E>(mut self, id: &I, event: E) -> WhenInstance<P>
    where
        I: AggregateId<Aggregate: Aggregate<Id = I, Event = E>> + ToString,
        E: Event,
        P: Manage<E>,
    {
        let done = self.take(id, &event);
        WhenInstance { what: variant(&event).to_owned(), state: self.state, done }
    }

    /// This deadline comes now.
    ///
    /// # Panics
    /// When it is not set, or the process manager does.
    #[track_caller]
    #[must_use = "nothing is checked until `.then(..)`"]
    pub fn when_deadline(mut self, deadline: Deadline<P>) -> WhenInstance<P> {
        let done = self.come(&deadline);
        WhenInstance { what: format!("the deadline `{}`", deadline.name()), state: self.state, done }
    }

    #[track_caller]
    fn take<I, E>(&mut self, id: &I, event: &E) -> Vec<Reaction<P>>
    where
        I: AggregateId<Aggregate: Aggregate<Id = I, Event = E>> + ToString,
        E: Event,
        P: Manage<E>,
    {
        self.position += 1;
        if !P::VARIANTS.contains(&variant(event)) {
            return Vec::new();
        }
        let (own, id) = (self.key.to_string(), id.to_string());
        let keys = match P::route(event) {
            Route::Stream => vec![id.clone()],
            Route::Documents(keys) => keys,
        };
        if !keys.contains(&own) {
            panic!(
                "`{}` is not for the instance `{own}` of {}, but for: {}",
                variant(event),
                type_name::<P>(),
                keys.join(", ")
            );
        }
        let mut input = Input::new(&self.key, I::Aggregate::NAME, &id, &self.meta);
        (input.position, input.version) = (Position::from_raw(self.position), self.position);
        let done = self.state.manage(event, &input);
        let done =
            done.unwrap_or_else(|failure| panic!("`{}` could not be taken: {failure}", variant(event)));
        self.note(&done);
        done
    }

    #[track_caller]
    fn come(&mut self, deadline: &Deadline<P>) -> Vec<Reaction<P>> {
        let name = deadline.name();
        if !self.deadlines.remove(name) {
            let set: Vec<_> = self.deadlines.iter().copied().collect();
            panic!("the deadline `{name}` is not set, so it cannot come; set are: [{}]", set.join(", "));
        }
        let Some(index) = P::DEADLINES.iter().position(|known| *known == name) else {
            panic!("`{name}` is not one of the deadlines of {}", type_name::<P>());
        };
        let done = self.state.deadline(index, &self.key);
        self.note(&done);
        done
    }

    /// Which deadlines are set then.
    fn note(&mut self, done: &[Reaction<P>]) {
        for reaction in done {
            let Reaction::Timer(timer) = reaction else { continue };
            match timer.change {
                TimerChange::After(_) | TimerChange::At(_) => self.deadlines.insert(timer.deadline),
                TimerChange::Cancel => self.deadlines.remove(timer.deadline),
            };
        }
    }
}

impl<P: ProcessManager> WhenInstance<P> {
    /// The instance does exactly this, in this order, and its state can be written and read.
    ///
    /// # Panics
    /// When it does something else: with what was expected and what was done side by side.
    #[track_caller]
    pub fn then(self, expected: impl ExpectedReactions<P>) -> Self {
        let mut list = Vec::new();
        expected.expect(&mut list);
        let same = list.len() == self.done.len();
        if !same || list.iter().zip(&self.done).any(|(expected, actual)| !expected.is(actual)) {
            let texts: Vec<String> = list.iter().map(|expected| expected.text()).collect();
            let shown = |actual| list.iter().find_map(|expected| expected.show(actual));
            let done: Vec<String> =
                self.done.iter().map(|actual| shown(actual).unwrap_or_else(|| in_words(actual))).collect();
            let table = columns::events(&texts, &done);
            panic!(
                "other reactions than expected\n\n  of {}\n  when {}\n\n{table}\n",
                type_name::<P>(),
                self.what
            );
        }
        self.read_again();
        self
    }

    /// The instance does nothing.
    ///
    /// # Panics
    /// When it does something.
    #[track_caller]
    pub fn then_nothing(self) -> Self {
        self.then(())
    }

    /// This holds for its state now: a closure with assertions.
    ///
    /// # Panics
    /// When the closure does.
    #[track_caller]
    pub fn then_state(self, check: impl FnOnce(&P)) -> Self {
        check(&self.state);
        self
    }

    #[track_caller]
    fn read_again(&self) {
        let write = |state: &P| state.encode().map_err(|error| error.to_string());
        let read = |json: &Vec<u8>| P::decode(json).map_err(|error| error.to_string());
        let first = write(&self.state);
        let second = first.as_ref().map_err(Clone::clone).and_then(read).and_then(|state| write(&state));
        if first.is_err() || first != second {
            let shown = |json: &Result<Vec<u8>, String>| match json {
                Ok(json) => String::from_utf8_lossy(json).into_owned(),
                Err(error) => error.clone(),
            };
            panic!("written as JSON and read again, {} has become {}", shown(&first), shown(&second));
        }
    }
}

/// The event's variant as it is called in the source.
fn variant<E: Event>(event: &E) -> &'static str {
    let source = E::TYPES.get(event.index()).map_or("", |found| found.source);
    source.rsplit("::").next().unwrap_or_default()
}
