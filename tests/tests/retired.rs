//! An event that is retired: what was stored is read, and nothing is added.

use std::convert::Infallible;

use futures_util::StreamExt as _;
use gesta::{
    Builder, ExecuteError, codec::EncodeError, domain::Event, prelude::*, store::StoreError, test,
    test::TestApp,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
struct AccountId(String);

/// As it was released first.
mod before {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    pub(crate) struct AccountId(pub(crate) String);

    #[event]
    pub(crate) enum AccountEvent {
        Opened,
        Frozen { by: String },
    }

    #[aggregate(id = AccountId, event = AccountEvent)]
    #[derive(Default)]
    pub(crate) struct Account;

    #[apply(AccountEvent, ignore(Opened, Frozen))]
    impl Account {}

    pub(crate) struct Open;

    #[command_handler]
    impl Account {
        fn open(_: Open) -> Result<[AccountEvent; 2], Infallible> {
            Ok([AccountEvent::Opened, AccountEvent::Frozen { by: "the bank".into() }])
        }
    }

    gesta::domain! {
        pub(crate) Bank { aggregates: [Account] }
    }
}

#[event]
#[derive(Clone, Debug, PartialEq)]
enum AccountEvent {
    Opened,
    #[event(retired)]
    Frozen {
        by: String,
    },
}

#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Default)]
struct Account {
    frozen_by: Option<String>,
}

#[apply(AccountEvent, ignore(Opened))]
impl Account {
    fn frozen(&mut self, by: &String) {
        self.frozen_by = Some(by.clone());
    }
}

struct Freeze;

#[command_handler]
impl Account {
    #[allow(deprecated)]
    fn freeze(&self, _: Freeze) -> Result<[AccountEvent; 2], Infallible> {
        Ok([AccountEvent::Opened, AccountEvent::Frozen { by: "nobody".into() }])
    }
}

gesta::domain! {
    Bank { aggregates: [Account] }
}

#[tokio::test]
async fn a_retired_event_is_read_and_not_written() {
    let first = TestApp::<before::Bank>::start(()).await;
    first.create(&before::AccountId("a".into()), before::Open).await.unwrap();
    let app = Builder::<Bank>::new(first.store(), ()).start().await.unwrap();
    let id = AccountId("a".into());
    let frozen_by = || async { app.load::<Account>(&id).await.unwrap().unwrap().frozen_by.clone() };
    assert_eq!(frozen_by().await.as_deref(), Some("the bank"));

    let refused = app.execute(&id, Freeze).await.unwrap_err();
    assert!(
        matches!(&refused, ExecuteError::Store(StoreError::Retired { name: "account.frozen", .. })),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("`account.frozen`"), "{refused}");
    // Nothing of the command is stored, and nothing of it is remembered.
    assert_eq!(app.history::<Account>(&id).count().await, 2);
    assert_eq!(frozen_by().await.as_deref(), Some("the bank"));
}

#[test]
#[allow(deprecated)]
fn it_cannot_be_encoded() {
    let mut out = b"before".to_vec();
    let refused = AccountEvent::Frozen { by: "nobody".into() }.encode(&mut out).unwrap_err();
    assert!(matches!(refused, EncodeError::Retired { name: "account.frozen" }), "{refused:?}");
    assert_eq!(out, b"before");
}

#[test]
#[allow(deprecated)]
#[should_panic(expected = "`Freeze` has recorded `AccountEvent::Frozen`, which is retired")]
fn the_test_kit_refuses_it_as_well() {
    test::given::<Account>([AccountEvent::Opened, AccountEvent::Frozen { by: "the bank".into() }])
        .when(Freeze)
        .then([AccountEvent::Opened]);
}
