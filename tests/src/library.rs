//! A small domain of its own: books that are lent, and process managers that look after them, written by hand.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use gesta::{
    Builder,
    app::{Register, Registry},
    codec::{DecodeError, EncodeError},
    domain::{CommandHandlers, DeliveryPolicy, Domain, Event, HandlerFailure, PartInfo, PartOf, Route},
    model::Describe,
    prelude::*,
    process_manager::{Deadline, Input, Inputs, IntoReactions, Manage, ProcessManager, Reaction},
    store::Store,
};
use serde::{Deserialize, Serialize};

/// Names a loan.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct LoanId(pub String);

/// What happens to a loan.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum LoanEvent {
    /// Some readers have a book now.
    Lent {
        /// Their cards.
        readers: Vec<CardId>,
        /// For so long.
        millis: u64,
    },
    /// They keep it longer.
    Renewed {
        /// For so long from now on.
        millis: u64,
    },
    /// It is back.
    Returned {},
    /// Somebody did something that process managers do not survive.
    Cursed {},
}

/// A loan.
#[aggregate(id = LoanId, event = LoanEvent)]
#[derive(Debug, Default, PartialEq)]
pub struct Loan {
    /// Whether it is back.
    pub returned: bool,
}

#[apply(LoanEvent)]
impl Loan {
    fn lent(&mut self) {}
    fn renewed(&mut self) {}
    fn returned(&mut self) {
        self.returned = true;
    }
    fn cursed(&mut self) {}
}

/// Lends a book.
#[derive(Clone, Debug, PartialEq)]
pub struct Lend {
    /// To whom.
    pub readers: Vec<CardId>,
    /// For how long.
    pub millis: u64,
}

/// Lets them keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct Renew {
    /// For how long from now on.
    pub millis: u64,
}

/// Takes it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Return;

/// Lets something bad happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Curse;

/// Why a loan says no.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum LoanError {
    /// It is back already.
    #[error("it is back already")]
    Returned,
}

#[command_handler]
impl Loan {
    fn lend(cmd: Lend) -> Result<LoanEvent, LoanError> {
        Ok(LoanEvent::Lent { readers: cmd.readers, millis: cmd.millis })
    }
    fn renew(&self, cmd: Renew) -> Result<LoanEvent, LoanError> {
        if self.returned { Err(LoanError::Returned) } else { Ok(LoanEvent::Renewed { millis: cmd.millis }) }
    }
    fn take_back(&self, _: Return) -> Result<LoanEvent, LoanError> {
        if self.returned { Err(LoanError::Returned) } else { Ok(LoanEvent::Returned {}) }
    }
    fn curse(&self, _: Curse) -> Result<LoanEvent, LoanError> {
        Ok(LoanEvent::Cursed {})
    }
}

/// Names the card of a reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct CardId(pub String);

/// What happens to a card.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum CardEvent {
    /// There is one.
    Issued {},
    /// Something was noted on it.
    Noted {
        /// What.
        text: String,
    },
}

/// The card of a reader.
#[aggregate(id = CardId, event = CardEvent)]
#[derive(Debug, Default, PartialEq)]
pub struct Card {
    /// What was noted.
    pub notes: Vec<String>,
}

#[apply(CardEvent)]
impl Card {
    fn issued(&mut self) {}
    fn noted(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }
}

/// Makes a card.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue;

/// Notes something on a card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// What.
    pub text: String,
}

/// Why a card says no.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum CardError {
    /// There is enough on it.
    #[error("the card is full")]
    Full,
}

/// So many notes fit on a card.
pub const CARD: usize = 1_000;

#[command_handler]
impl Card {
    fn issue(_: Issue) -> Result<CardEvent, CardError> {
        Ok(CardEvent::Issued {})
    }
    fn note(&self, cmd: Note) -> Result<CardEvent, CardError> {
        if self.notes.len() >= CARD { Err(CardError::Full) } else { Ok(CardEvent::Noted { text: cmd.text }) }
    }
}

/// Sends notes about one loan that is not back in time: two, and not more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overdue {
    /// Whose it is.
    pub readers: Vec<CardId>,
    /// For how long it was lent.
    pub millis: u64,
    /// How many notes were sent.
    pub notes: u32,
}

impl Overdue {
    /// When it was to be back.
    pub const DUE: Deadline<Self> = Deadline::new("due");
}

/// Whether the process managers do not survive what is cursed.
pub static CURSES_KILL: AtomicBool = AtomicBool::new(true);

impl ProcessManager for Overdue {
    type Key = LoanId;
    const NAME: &'static str = "overdue";
    const DEADLINES: &'static [&'static str] = &["due"];

    fn policy() -> DeliveryPolicy {
        quick()
    }

    fn initial() -> Self {
        Self::default()
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(serde_json::to_vec(self)?)
    }

    fn decode(json: &[u8]) -> Result<Self, DecodeError> {
        Ok(serde_json::from_slice(json)?)
    }

    fn inputs<I: Inputs<Self>>(to: &mut I) {
        to.on::<LoanEvent>();
    }

    fn deadline(&mut self, _: usize, key: &LoanId) -> Vec<Reaction<Self>> {
        self.notes += 1;
        let text = format!("{} is overdue #{}", key.0, self.notes);
        let notes: Vec<_> = self.readers.iter().map(|card| card.send(Note { text: text.clone() })).collect();
        let again = (self.notes < 2).then(|| Self::DUE.after(Duration::from_millis(self.millis)));
        let mut list = Vec::new();
        (notes, again).into_reactions(&mut list);
        list
    }
}

fn quick() -> DeliveryPolicy {
    use gesta::domain::Backoff;
    DeliveryPolicy::new()
        .concurrency(16)
        .shards(4)
        .attempts(8)
        .backoff(Backoff::fixed(Duration::from_millis(5)))
}

impl Manage<LoanEvent> for Overdue {
    const VARIANTS: &'static [&'static str] = &["Lent", "Renewed", "Returned", "Cursed"];

    fn route(_: &LoanEvent) -> Route {
        Route::Stream
    }

    fn manage(
        &mut self,
        event: &LoanEvent,
        _: &Input<'_, Self>,
    ) -> Result<Vec<Reaction<Self>>, HandlerFailure> {
        let timer = match event {
            LoanEvent::Lent { readers, millis } => {
                self.readers.clone_from(readers);
                self.millis = *millis;
                Some(Self::DUE.after(Duration::from_millis(*millis)))
            }
            LoanEvent::Renewed { millis } => Some(Self::DUE.after(Duration::from_millis(*millis))),
            LoanEvent::Returned {} => Some(Self::DUE.cancel()),
            LoanEvent::Cursed {} => {
                assert!(!CURSES_KILL.load(Ordering::SeqCst), "cursed");
                None
            }
        };
        let mut list = Vec::new();
        timer.into_reactions(&mut list);
        Ok(list)
    }
}

/// Counts what each reader has borrowed, and notes every loan on the card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shelf {
    /// How often something was borrowed, by the loan.
    pub loans: BTreeMap<String, u32>,
}

impl ProcessManager for Shelf {
    type Key = CardId;
    const NAME: &'static str = "shelf";
    const DEADLINES: &'static [&'static str] = &[];

    fn policy() -> DeliveryPolicy {
        quick()
    }

    fn initial() -> Self {
        Self::default()
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(serde_json::to_vec(self)?)
    }

    fn decode(json: &[u8]) -> Result<Self, DecodeError> {
        Ok(serde_json::from_slice(json)?)
    }

    fn inputs<I: Inputs<Self>>(to: &mut I) {
        to.on::<LoanEvent>();
    }

    fn deadline(&mut self, _: usize, _: &CardId) -> Vec<Reaction<Self>> {
        Vec::new()
    }
}

impl Manage<LoanEvent> for Shelf {
    const VARIANTS: &'static [&'static str] = &["Lent"];

    fn route(event: &LoanEvent) -> Route {
        match event {
            LoanEvent::Lent { readers, .. } => Route::to::<CardId, _>(readers),
            _ => Route::nowhere(),
        }
    }

    fn manage(
        &mut self,
        _: &LoanEvent,
        input: &Input<'_, Self>,
    ) -> Result<Vec<Reaction<Self>>, HandlerFailure> {
        *self.loans.entry(input.id.to_owned()).or_default() += 1;
        let mut list = Vec::new();
        input
            .key
            .send(Note { text: format!("{} #{}", input.id, self.loans.len()) })
            .into_reactions(&mut list);
        Ok(list)
    }
}

/// The library.
#[derive(Debug)]
pub enum Library {}

impl Domain for Library {
    type Deps = ();
    const NAME: &'static str = "Library";
    const PARTS: &'static [PartInfo] =
        &[PartInfo::new("loan", "Loan", LoanEvent::TYPES), PartInfo::new("card", "Card", CardEvent::TYPES)];
}

impl PartOf<Library> for Loan {
    fn supply((): &()) -> <Self as CommandHandlers>::Deps<'_> {}
}

impl PartOf<Library> for Card {
    fn supply((): &()) -> <Self as CommandHandlers>::Deps<'_> {}
}

impl Register for Library {
    fn register(registry: &mut Registry<Self>) {
        registry.aggregate::<Loan>();
        registry.aggregate::<Card>();
        registry.process_manager::<Overdue>();
        registry.process_manager::<Shelf>();
    }

    fn describe<M: Describe>(to: &mut M) {
        to.aggregate::<Loan>();
        to.aggregate::<Card>();
        to.process_manager::<Overdue>();
        to.process_manager::<Shelf>();
    }
}

impl Library {
    /// Starts it.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(store: Store) -> App<Self> {
        Builder::new(store, ()).start().await.expect("a library")
    }
}
