//! Every macro writes what can be written by hand: the same bank with and without them.

#[path = "by_hand/with_macros.rs"]
mod with_macros;
#[path = "by_hand/without.rs"]
mod without;

use gesta::domain::{Aggregate, CommandOf, Domain, Event, EventHandler, Projection, React};

/// What is asked of either bank.
macro_rules! works {
    ($bank:ident) => {
        mod $bank {
            use gesta::{ExecuteError, store::Memory};

            use crate::$bank::*;

            #[tokio::test]
            async fn commands_are_decided_and_stored() {
                let app = Bank::app(Memory::new(), Deps::new(1_000)).start().await.unwrap();
                let ann = AccountId("ann".into());
                app.create(&ann, Open { owner: "Ann".into() }).await.unwrap();
                let receipt = app.execute(&ann, Deposit { cents: 500 }).await.unwrap();
                assert_eq!((receipt.version, receipt.events), (2, 1));
                assert_eq!(app.execute(&ann, Deposit { cents: 0 }).await.unwrap().events, 0);
                let rejected = app.execute(&ann, Withdraw { cents: 900, reason: "rent".into() }).await;
                let Err(ExecuteError::Rejected(AccountError::Overdrawn { balance: 500 })) = rejected else {
                    panic!("{rejected:?}")
                };
                app.execute(&ann, Withdraw { cents: 200, reason: "rent".into() }).await.unwrap();
                let account = app.load::<Account>(&ann).await.unwrap().unwrap();
                assert_eq!(*account, Account { owner: "Ann".into(), balance: 300 });
                app.shutdown().await.unwrap();
            }

            #[tokio::test]
            async fn dependencies_are_asked() {
                let app = Bank::app(Memory::new(), Deps::new(100)).start().await.unwrap();
                let bob = AccountId("bob".into());
                app.create(&bob, Open { owner: "Bob".into() }).await.unwrap();
                app.execute(&bob, Deposit { cents: 500 }).await.unwrap();
                let refused = app.execute(&bob, Withdraw { cents: 200, reason: "rent".into() }).await;
                assert!(matches!(refused, Err(ExecuteError::Rejected(AccountError::Refused))));
            }

            #[tokio::test]
            async fn documents_and_effects_follow() {
                let deps = Deps::new(1_000);
                let sent = deps.mailer.sent.clone();
                let app = Bank::app(Memory::new(), deps).start().await.unwrap();
                let (ann, nobody) = (AccountId("ann".into()), AccountId("nobody".into()));
                for id in [&ann, &nobody] {
                    app.create(id, Open { owner: "Ann".into() }).await.unwrap();
                    app.execute(id, Deposit { cents: 500 }).await.unwrap();
                }
                let rent = || Withdraw { cents: 200, reason: "rent".into() };
                app.execute(&nobody, rent()).await.unwrap();
                let receipt = app.execute(&ann, rent()).by("teller").await.unwrap();
                assert_eq!(app.query(BalanceOf(ann)).after(receipt.position).await.unwrap(), Some(300));
                app.caught_up(std::time::Duration::from_secs(30)).await.unwrap();
                let of_ann = app.reader().find::<Balance>().filter(Balance::OWNER.eq("Ann")).count().await;
                assert_eq!(of_ann.unwrap(), 2);
                assert_eq!(*sent.lock().unwrap(), ["ann: 200 withdrawn by teller"]);
                // A mailbox that does not exist is of no use to try again.
                assert_eq!(app.dead_letters().count().await.unwrap(), 1);
                app.shutdown().await.unwrap();
            }
        }
    };
}

mod works {
    works!(with_macros);
    works!(without);
}

#[test]
fn the_same_is_known_of_both() {
    use with_macros as a;
    use without as b;

    assert_eq!(<a::Account as Aggregate>::NAME, <b::Account as Aggregate>::NAME);
    assert_eq!(
        <a::Account as Aggregate>::SNAPSHOT.map(|policy| policy.every),
        <b::Account as Aggregate>::SNAPSHOT.map(|policy| policy.every)
    );
    let types = |types: &[gesta::domain::EventType]| format!("{types:#?}");
    assert_eq!(types(a::AccountEvent::TYPES), types(b::AccountEvent::TYPES));
    assert_eq!(<a::Bank as Domain>::NAME, <b::Bank as Domain>::NAME);
    assert_eq!(format!("{:#?}", a::Bank::PARTS), format!("{:#?}", b::Bank::PARTS));
    assert_eq!(format!("{:#?}", a::Bank::FOLLOWERS), format!("{:#?}", b::Bank::FOLLOWERS));
    assert_eq!(a::Balance::INDEXES, b::Balance::INDEXES);
    assert_eq!((a::Balance::VERSION, a::Balance::INLINE), (b::Balance::VERSION, b::Balance::INLINE));
    assert_eq!(a::Statements::policy(), b::Statements::policy());
    assert_eq!(
        <a::Statements as React<a::AccountEvent>>::VARIANTS,
        <b::Statements as React<b::AccountEvent>>::VARIANTS
    );
    assert_eq!(<a::Open as CommandOf<a::Account>>::TARGET, <b::Open as CommandOf<b::Account>>::TARGET);
    assert_eq!(<a::Deposit as CommandOf<a::Account>>::TARGET, <b::Deposit as CommandOf<b::Account>>::TARGET);
}

#[test]
fn both_read_what_the_other_has_written() {
    use with_macros::AccountEvent as A;
    use without::AccountEvent as B;

    let a = A::Withdrawn { cents: 7, reason: "rent".into() };
    let b = B::Withdrawn { cents: 7, reason: "rent".into() };
    let (mut by_a, mut by_b) = (Vec::new(), Vec::new());
    a.encode(&mut by_a).unwrap();
    b.encode(&mut by_b).unwrap();
    assert_eq!(String::from_utf8(by_a.clone()), String::from_utf8(by_b.clone()));
    assert_eq!(A::decode(a.index(), 2, &by_b).unwrap(), a);
    assert_eq!(B::decode(b.index(), 2, &by_a).unwrap(), b);
    let old = br#"{"cents":9}"#;
    let reason = "not recorded".to_owned();
    assert_eq!(A::decode(2, 1, old).unwrap(), A::Withdrawn { cents: 9, reason: reason.clone() });
    assert_eq!(B::decode(2, 1, old).unwrap(), B::Withdrawn { cents: 9, reason });
}

#[test]
fn snapshots_are_written_alike() {
    let a = with_macros::Account { owner: "Ann".into(), balance: 3 };
    let b = without::Account { owner: "Ann".into(), balance: 3 };
    let policy_a = with_macros::Account::SNAPSHOT.unwrap();
    let policy_b = without::Account::SNAPSHOT.unwrap();
    let kept = (policy_a.save)(&a).unwrap();
    assert_eq!(kept, (policy_b.save)(&b).unwrap());
    assert_eq!((policy_a.restore)(&kept).unwrap(), a);
    assert_ne!(policy_a.fingerprint, 0);
}

#[test]
fn documents_are_written_alike() {
    let a = with_macros::Balance { owner: "Ann".into(), cents: 3 };
    let b = without::Balance { owner: "Ann".into(), cents: 3 };
    let kept = a.encode().unwrap();
    assert_eq!(kept, b.encode().unwrap());
    assert_eq!((a.index_keys(), with_macros::Balance::decode(&kept).unwrap()), (b.index_keys(), a));
}
