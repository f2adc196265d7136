//! One domain as it was, as it is now, and as it must not become; each would be a program of its own.

use gesta::prelude::*;

pub(crate) struct Open {
    pub(crate) owner: String,
}

pub(crate) struct Withdraw {
    pub(crate) cents: u64,
}

pub(crate) struct Freeze;

/// What a handler has seen.
#[derive(Clone, Default)]
pub(crate) struct Seen(pub(crate) std::sync::Arc<std::sync::Mutex<Vec<u64>>>);

#[derive(Provide)]
pub(crate) struct Deps {
    pub(crate) seen: Seen,
}

/// As it was first.
pub(crate) mod first {
    use std::convert::Infallible;

    use gesta::prelude::*;

    use super::{Open, Seen, Withdraw};

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    pub(crate) struct AccountId(pub(crate) String);

    #[event]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum AccountEvent {
        Opened { owner: String },
        Withdrawn { cents: u64 },
    }

    #[aggregate(id = AccountId, event = AccountEvent)]
    #[derive(Debug, Default)]
    pub(crate) struct Account {
        cents: u64,
    }

    #[apply(AccountEvent)]
    impl Account {
        fn opened(&mut self) {}
        fn withdrawn(&mut self, cents: &u64) {
            self.cents += cents;
        }
    }

    #[command_handler]
    impl Account {
        fn open(cmd: Open) -> Result<AccountEvent, Infallible> {
            Ok(AccountEvent::Opened { owner: cmd.owner })
        }
        fn withdraw(&self, cmd: Withdraw) -> Result<AccountEvent, Infallible> {
            Ok(AccountEvent::Withdrawn { cents: cmd.cents })
        }
    }

    pub(crate) struct Letters;

    #[event_handler(name = "letters", attempts = 1)]
    impl Letters {
        #[on(AccountEvent::Withdrawn { cents })]
        async fn withdrawn(cents: &u64, seen: &Seen) -> Result<(), Infallible> {
            seen.0.lock().expect("nobody panics").push(*cents);
            Ok(())
        }
    }

    gesta::domain! { pub(crate) Bank { deps: super::Deps, aggregates: [Account], event_handlers: [Letters] } }

    impl Bank {
        #[allow(dead_code)]
        pub(crate) fn id() -> AccountId {
            AccountId("ann".into())
        }
    }
}

/// With a reason for each withdrawal, and accounts that can be frozen.
pub(crate) mod second {
    use std::convert::Infallible;

    use gesta::prelude::*;
    use serde::Deserialize;

    use super::{Freeze, Open, Withdraw};

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    pub(crate) struct AccountId(pub(crate) String);

    #[event]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum AccountEvent {
        Opened {
            owner: String,
        },
        #[event(version = 2, from(WithdrawnV1))]
        Withdrawn {
            cents: u64,
            reason: String,
        },
        Frozen,
    }

    #[aggregate(id = AccountId, event = AccountEvent)]
    #[derive(Debug, Default)]
    pub(crate) struct Account {
        cents: u64,
    }

    #[apply(AccountEvent)]
    impl Account {
        fn opened(&mut self) {}
        fn withdrawn(&mut self, cents: &u64) {
            self.cents += cents;
        }
        fn frozen(&mut self) {}
    }

    #[command_handler]
    impl Account {
        fn open(cmd: Open) -> Result<AccountEvent, Infallible> {
            Ok(AccountEvent::Opened { owner: cmd.owner })
        }
        fn withdraw(&self, cmd: Withdraw) -> Result<AccountEvent, Infallible> {
            Ok(AccountEvent::Withdrawn { cents: cmd.cents, reason: "rent".into() })
        }
        fn freeze(&self, _: Freeze) -> Result<AccountEvent, Infallible> {
            Ok(AccountEvent::Frozen)
        }
    }

    #[derive(Deserialize, Schema)]
    pub(crate) struct WithdrawnV1 {
        cents: u64,
    }

    impl From<WithdrawnV1> for AccountEvent {
        fn from(old: WithdrawnV1) -> Self {
            Self::Withdrawn { cents: old.cents, reason: "not recorded".into() }
        }
    }

    gesta::domain! { pub(crate) Bank { aggregates: [Account] } }

    impl Bank {
        #[allow(dead_code)]
        pub(crate) fn id() -> AccountId {
            AccountId("ann".into())
        }
    }
}

/// With an owner that has another shape under the same version.
pub(crate) mod reshaped {
    use std::convert::Infallible;

    use gesta::prelude::*;

    use super::{Open, Withdraw};

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    pub(crate) struct AccountId(pub(crate) String);

    #[event]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum AccountEvent {
        Opened { owner: String, tier: u8 },
        Withdrawn { cents: u64 },
    }

    #[aggregate(id = AccountId, event = AccountEvent)]
    #[derive(Debug, Default)]
    pub(crate) struct Account {
        cents: u64,
    }

    #[apply(AccountEvent)]
    impl Account {
        fn opened(&mut self) {}
        fn withdrawn(&mut self, cents: &u64) {
            self.cents += cents;
        }
    }

    #[command_handler]
    impl Account {
        fn open(cmd: Open) -> Result<AccountEvent, Infallible> {
            Ok(AccountEvent::Opened { owner: cmd.owner, tier: 1 })
        }
        fn withdraw(&self, cmd: Withdraw) -> Result<AccountEvent, Infallible> {
            Ok(AccountEvent::Withdrawn { cents: cmd.cents })
        }
    }

    gesta::domain! { pub(crate) Bank { aggregates: [Account] } }

    impl Bank {
        #[allow(dead_code)]
        pub(crate) fn id() -> AccountId {
            AccountId("ann".into())
        }
    }
}

/// Without withdrawals, which can still be read.
pub(crate) mod retiring {
    use std::convert::Infallible;

    use gesta::prelude::*;
    use serde::Deserialize;

    use super::Open;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    pub(crate) struct AccountId(pub(crate) String);

    #[event]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum AccountEvent {
        Opened {
            owner: String,
        },
        #[event(version = 2, from(WithdrawnV1), retired)]
        Withdrawn {
            cents: u64,
            reason: String,
        },
        #[event(retired)]
        Frozen,
    }

    #[aggregate(id = AccountId, event = AccountEvent)]
    #[derive(Debug, Default)]
    pub(crate) struct Account {
        cents: u64,
    }

    #[apply(AccountEvent)]
    impl Account {
        fn opened(&mut self) {}
        fn withdrawn(&mut self, cents: &u64) {
            self.cents += cents;
        }
        fn frozen(&mut self) {}
    }

    #[command_handler]
    impl Account {
        fn open(cmd: Open) -> Result<AccountEvent, Infallible> {
            Ok(AccountEvent::Opened { owner: cmd.owner })
        }
    }

    #[derive(Deserialize, Schema)]
    pub(crate) struct WithdrawnV1 {
        cents: u64,
    }

    #[allow(deprecated, reason = "what is retired is still read, and so brought up")]
    impl From<WithdrawnV1> for AccountEvent {
        fn from(old: WithdrawnV1) -> Self {
            Self::Withdrawn { cents: old.cents, reason: "not recorded".into() }
        }
    }

    gesta::domain! { pub(crate) Bank { aggregates: [Account] } }

    impl Bank {
        #[allow(dead_code)]
        pub(crate) fn id() -> AccountId {
            AccountId("ann".into())
        }
    }
}

/// Another domain altogether.
pub(crate) mod shop {
    use std::convert::Infallible;

    use gesta::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    pub(crate) struct OrderId(pub(crate) u64);

    #[event]
    pub(crate) enum OrderEvent {
        Placed { total: u64 },
    }

    #[aggregate(id = OrderId, event = OrderEvent)]
    #[derive(Default)]
    pub(crate) struct Order {}

    #[apply(OrderEvent)]
    impl Order {
        fn placed(&mut self) {}
    }

    pub(crate) struct Place;

    #[command_handler]
    impl Order {
        fn place(_: Place) -> Result<OrderEvent, Infallible> {
            Ok(OrderEvent::Placed { total: 7 })
        }
    }

    gesta::domain! { pub(crate) Shop { aggregates: [Order] } }
}

/// Tables that are of no use.
pub(crate) struct Twice;

impl gesta::projection::SqlProjection for Twice {
    const NAME: &'static str = "twice";

    fn events(&self) -> gesta::log::Filter {
        gesta::log::Filter::new()
    }

    async fn project(
        &self,
        _: gesta::store::SqlConnection<'_>,
        _: &[std::sync::Arc<gesta::log::LogEntry>],
    ) -> Result<(), gesta::store::BoxError> {
        Ok(())
    }
}
