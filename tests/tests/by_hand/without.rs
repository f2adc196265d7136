//! The bank, by hand.

use std::{
    convert::Infallible,
    fmt,
    future::{self, Future},
    str::FromStr,
    sync::{Arc, Mutex},
    time::Duration,
};

use gesta::{
    Builder,
    app::{Register, Registry},
    codec::{DecodeError, EncodeError},
    domain::{
        Aggregate, AggregateId, CommandHandlers, CommandInfo, CommandOf, Context, Create, Delivery,
        DeliveryPolicy, Domain, Event, EventHandler, EventOf, EventType, Evolve, Field, FollowerInfo, Handle,
        HandlerFailure, Id, IndexKey, Indexed, IntoEvents, Misfit, OldVersion, PartInfo, PartOf, Projection,
        Provide, React, Reactions, Schema, Shape, SnapshotPolicy, Supply, Target, check_domain,
        check_followers,
    },
    projection::Folds,
    query::{Index, Query, QueryHandlers, ReadError, ReadIn, Reader},
    store::Store,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct AccountId(pub(crate) String);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for AccountId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.into()))
    }
}

impl Schema for AccountId {
    const SHAPE: &'static Shape = String::SHAPE;
}

impl Id for AccountId {}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AccountEvent {
    Opened { owner: String },
    Deposited { cents: u64 },
    Withdrawn { cents: u64, reason: String },
}

#[derive(Serialize, Deserialize)]
struct Opened {
    owner: String,
}

#[derive(Serialize, Deserialize)]
struct Deposited {
    cents: u64,
}

#[derive(Serialize, Deserialize)]
struct Withdrawn {
    cents: u64,
    reason: String,
}

#[derive(Deserialize)]
struct WithdrawnV1 {
    cents: u64,
}

/// Where the events are defined.
const PACKAGE: &str = env!("CARGO_PKG_NAME");
const OWNER: Field = Field { name: "owner", shape: String::SHAPE, optional: false };
const CENTS: Field = Field { name: "cents", shape: u64::SHAPE, optional: false };
const REASON: Field = Field { name: "reason", shape: String::SHAPE, optional: false };

impl Event for AccountEvent {
    const TYPES: &'static [EventType] = &[
        EventType::new("account.opened", "AccountEvent::Opened", 1, &Shape::Struct(&[OWNER]))
            .in_package(PACKAGE),
        EventType::new("account.deposited", "AccountEvent::Deposited", 1, &Shape::Struct(&[CENTS]))
            .in_package(PACKAGE),
        EventType::new("account.withdrawn", "AccountEvent::Withdrawn", 2, &Shape::Struct(&[CENTS, REASON]))
            .with_older(const { &[OldVersion::new(1, &Shape::Struct(&[CENTS]))] })
            .in_package(PACKAGE),
    ];

    fn index(&self) -> usize {
        match self {
            Self::Opened { .. } => 0,
            Self::Deposited { .. } => 1,
            Self::Withdrawn { .. } => 2,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self.clone() {
            Self::Opened { owner } => serde_json::to_writer(out, &Opened { owner })?,
            Self::Deposited { cents } => serde_json::to_writer(out, &Deposited { cents })?,
            Self::Withdrawn { cents, reason } => serde_json::to_writer(out, &Withdrawn { cents, reason })?,
        }
        Ok(())
    }

    fn decode(index: usize, version: u16, payload: &[u8]) -> Result<Self, DecodeError> {
        match (index, version) {
            (0, 1) => {
                let Opened { owner } = serde_json::from_slice(payload)?;
                Ok(Self::Opened { owner })
            }
            (1, 1) => {
                let Deposited { cents } = serde_json::from_slice(payload)?;
                Ok(Self::Deposited { cents })
            }
            (2, 2) => {
                let Withdrawn { cents, reason } = serde_json::from_slice(payload)?;
                Ok(Self::Withdrawn { cents, reason })
            }
            (2, 1) => {
                let WithdrawnV1 { cents } = serde_json::from_slice(payload)?;
                Ok(Self::Withdrawn { cents, reason: "not recorded".into() })
            }
            _ => Err(DecodeError::NewerVersion { stored: version, known: Self::TYPES[index].version }),
        }
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) owner: String,
    pub(crate) balance: u64,
}

impl Aggregate for Account {
    type Id = AccountId;
    type Event = AccountEvent;
    const NAME: &'static str = "account";
    const SNAPSHOT: Option<SnapshotPolicy<Self>> = Some(SnapshotPolicy {
        every: 100,
        fingerprint: 1,
        save: |account| Ok(serde_json::to_vec(account)?),
        restore: |bytes| Ok(serde_json::from_slice(bytes)?),
    });

    fn fold(state: &mut Option<Self>, event: &AccountEvent) -> Result<(), Misfit> {
        state.get_or_insert_default().evolve(event);
        Ok(())
    }
}

impl AggregateId for AccountId {
    type Aggregate = Account;
}

impl EventOf for AccountEvent {
    type Aggregate = Account;
}

impl Evolve<AccountEvent> for Account {
    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { owner } => self.owner = owner.clone(),
            AccountEvent::Deposited { cents } => self.balance += cents,
            AccountEvent::Withdrawn { cents, .. } => self.balance -= cents,
        }
    }
}

pub(crate) struct Open {
    pub(crate) owner: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deposit {
    pub(crate) cents: u64,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Withdraw {
    pub(crate) cents: u64,
    pub(crate) reason: String,
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("an account needs an owner")]
    NoOwner,
    #[error("only {balance} left")]
    Overdrawn { balance: u64 },
    #[error("refused")]
    Refused,
}

impl CommandHandlers for Account {
    type Deps<'d> = (&'d FraudCheck,);
    const COMMANDS: &'static [CommandInfo] = &[
        CommandInfo::new("Open", "open").creating(),
        CommandInfo::new("Deposit", "deposit"),
        CommandInfo::new("Withdraw", "withdraw"),
    ];
}

impl CommandOf<Account> for Open {
    type Error = AccountError;
    type Deps<'d> = ();
    type State<'s> = ();
    const TARGET: Target = Target::New;

    fn deps<'d>(_: <Account as CommandHandlers>::Deps<'d>) -> Self::Deps<'d> {}

    fn state(_: Option<&Account>) -> Option<()> {
        Some(())
    }

    fn decide(
        self,
        (): Self::State<'_>,
        _: Context<'_, Account>,
        (): Self::Deps<'_>,
    ) -> impl Future<Output = Result<Vec<AccountEvent>, AccountError>> + Send {
        future::ready(if self.owner.is_empty() {
            Err(AccountError::NoOwner)
        } else {
            Ok(vec![AccountEvent::Opened { owner: self.owner }])
        })
    }
}

impl Create<Account> for Open {}

impl CommandOf<Account> for Deposit {
    type Error = Infallible;
    type Deps<'d> = ();
    type State<'s> = &'s Account;
    const TARGET: Target = Target::Existing;

    fn deps<'d>(_: <Account as CommandHandlers>::Deps<'d>) -> Self::Deps<'d> {}

    fn state(of: Option<&Account>) -> Option<&Account> {
        of
    }

    fn decide(
        self,
        _: Self::State<'_>,
        _: Context<'_, Account>,
        (): Self::Deps<'_>,
    ) -> impl Future<Output = Result<Vec<AccountEvent>, Infallible>> + Send {
        let event = (self.cents > 0).then_some(AccountEvent::Deposited { cents: self.cents });
        future::ready(Ok(event.into_events()))
    }

    fn again(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Handle<Account> for Deposit {}

impl CommandOf<Account> for Withdraw {
    type Error = AccountError;
    type Deps<'d> = (&'d FraudCheck,);
    type State<'s> = &'s Account;
    const TARGET: Target = Target::Existing;

    fn deps<'d>(all: <Account as CommandHandlers>::Deps<'d>) -> Self::Deps<'d> {
        all
    }

    fn state(of: Option<&Account>) -> Option<&Account> {
        of
    }

    async fn decide(
        self,
        account: Self::State<'_>,
        _: Context<'_, Account>,
        (fraud,): Self::Deps<'_>,
    ) -> Result<Vec<AccountEvent>, AccountError> {
        if self.cents > account.balance {
            return Err(AccountError::Overdrawn { balance: account.balance });
        }
        if !fraud.allows(self.cents).await {
            return Err(AccountError::Refused);
        }
        Ok(vec![AccountEvent::Withdrawn { cents: self.cents, reason: self.reason }])
    }
}

impl Handle<Account> for Withdraw {}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Balance {
    pub(crate) owner: String,
    pub(crate) cents: u64,
}

impl Balance {
    pub(crate) const OWNER: Index<Self, String> = Index::new("owner");
}

impl Projection for Balance {
    type Key = AccountId;
    const NAME: &'static str = "balance";
    const VERSION: u32 = 1;
    const INDEXES: &'static [&'static str] = &["owner"];

    fn initial() -> Self {
        Self::default()
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(serde_json::to_vec(self)?)
    }

    fn decode(json: &[u8]) -> Result<Self, DecodeError> {
        Ok(serde_json::from_slice(json)?)
    }

    fn index_keys(&self) -> Vec<IndexKey> {
        vec![self.owner.index_key()]
    }
}

impl Evolve<AccountEvent> for Balance {
    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { owner } => self.owner = owner.clone(),
            AccountEvent::Deposited { cents } => self.cents += cents,
            AccountEvent::Withdrawn { cents, .. } => self.cents -= cents,
        }
    }
}

pub(crate) struct BalanceOf(pub(crate) AccountId);

impl QueryHandlers for Balance {
    type Deps<'d> = ();
}

impl Query for BalanceOf {
    type Projection = Balance;
    type Answer = Option<u64>;
    type Error = ReadError;
    type Deps<'d> = ();

    async fn answer(self, reader: &Reader, (): Self::Deps<'_>) -> Result<Option<u64>, ReadError> {
        Ok(reader.get::<Balance>(&self.0).await?.map(|balance| balance.cents))
    }
}

impl ReadIn<Bank> for Balance {}

#[derive(Debug, thiserror::Error)]
#[error("no such mailbox")]
pub(crate) struct NoMailbox;

pub(crate) struct Statements;

impl EventHandler for Statements {
    type Deps<'d> = (&'d Mailer,);
    const NAME: &'static str = "statements";

    fn policy() -> DeliveryPolicy {
        DeliveryPolicy::new().attempts(5).timeout(Duration::from_secs(10))
    }

    fn reactions<R: Reactions<Self>>(to: &mut R) {
        to.on::<AccountEvent>();
    }
}

impl React<AccountEvent> for Statements {
    const VARIANTS: &'static [&'static str] = &["Withdrawn"];

    async fn react(
        event: &AccountEvent,
        delivery: &Delivery<'_>,
        (mailer,): Self::Deps<'_>,
    ) -> Result<(), HandlerFailure> {
        let AccountEvent::Withdrawn { cents, .. } = event else { return Ok(()) };
        let id: AccountId = delivery.id.parse().map_err(HandlerFailure::permanent)?;
        let by = delivery.meta.actor.as_deref().unwrap_or("nobody");
        mailer.send(&id, format!("{cents} withdrawn by {by}")).await.map_err(HandlerFailure::permanent)
    }
}

/// Keeps what it sends.
#[derive(Clone, Default)]
pub(crate) struct Mailer {
    pub(crate) sent: Arc<Mutex<Vec<String>>>,
}

impl Mailer {
    async fn send(&self, to: &AccountId, text: String) -> Result<(), NoMailbox> {
        tokio::task::yield_now().await;
        if to.0 == "nobody" {
            return Err(NoMailbox);
        }
        self.sent.lock().unwrap().push(format!("{to}: {text}"));
        Ok(())
    }
}

pub(crate) struct FraudCheck {
    most: u64,
}

impl FraudCheck {
    async fn allows(&self, cents: u64) -> bool {
        tokio::task::yield_now().await;
        cents <= self.most
    }
}

pub(crate) struct Deps {
    fraud: FraudCheck,
    pub(crate) mailer: Mailer,
}

impl Deps {
    pub(crate) fn new(most: u64) -> Self {
        Self { fraud: FraudCheck { most }, mailer: Mailer::default() }
    }
}

impl Provide<FraudCheck> for Deps {
    fn provide(&self) -> &FraudCheck {
        &self.fraud
    }
}

impl Provide<Mailer> for Deps {
    fn provide(&self) -> &Mailer {
        &self.mailer
    }
}

pub(crate) enum Bank {}

impl Domain for Bank {
    type Deps = Deps;
    const NAME: &'static str = "Bank";
    const PARTS: &'static [PartInfo] =
        &[PartInfo::new(Account::NAME, "Account", AccountEvent::TYPES).with_commands(Account::COMMANDS)];
    const FOLLOWERS: &'static [FollowerInfo] = &[
        FollowerInfo::projection(Balance::NAME, "Balance"),
        FollowerInfo::event_handler(Statements::NAME, "Statements"),
    ];
}

impl Register for Bank {
    fn register(registry: &mut Registry<Self>) {
        let mut folds = Folds::<Balance>::new();
        folds.on::<AccountEvent>();
        registry.projection(folds);
        registry.event_handler::<Statements>();
    }
}

const _: () = check_domain(Bank::PARTS);
const _: () = check_followers(Bank::FOLLOWERS);

impl PartOf<Bank> for Account {
    fn supply(deps: &Deps) -> <Self as CommandHandlers>::Deps<'_> {
        Supply::supply(deps)
    }
}

impl Bank {
    pub(crate) fn app(store: impl Into<Store>, deps: Deps) -> Builder<Self> {
        Builder::new(store.into(), deps)
    }
}
