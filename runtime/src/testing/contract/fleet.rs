//! Which programs run on a store.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Fixture, Subject, follow::*, kit::*, records::*};
use crate::store::{Fleet, Member, Program, Running, ShapeKind, Store, StoreError, Survey};

const SHORT: Duration = Duration::from_millis(300);

/// The part of a store that these checks are about.
pub(super) fn fleet(store: &Store) -> &dyn Fleet {
    store.port().fleet().expect("the store keeps who runs on it")
}

/// A new member whose program writes one version of one event.
pub(super) fn member(version: u16) -> Member {
    let shapes = vec![event("contract.happened", version, u64::from(version), "{}")];
    Member {
        id: Uuid::now_v7(),
        release: format!("contract 0.{version}.0"),
        process: 4_711,
        program: Arc::new(Program { domain: "Contract".to_owned(), shapes }),
    }
}

pub(super) async fn survey(store: &Store) -> Survey {
    let owners = [(ShapeKind::Event, "contract")];
    fleet(store).survey(&owners).await.expect("a survey")
}

/// Joins whoever is there.
pub(super) async fn join(store: &Store, member: &Member, ttl: Duration) {
    assert!(fleet(store).join(member, None, ttl).await.expect("a member joins"));
}

async fn there(store: &Store) -> Vec<Uuid> {
    survey(store).await.running.iter().map(|running| running.member.id).collect()
}

/// In a new store there is nobody, and nothing is recorded.
pub async fn nobody_is_there_at_first<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    assert_eq!(survey(&store).await, Survey::default());
    assert!(!fleet(&store).beat(Uuid::now_v7(), LONG).await.expect("a beat"), "of nobody");
    fleet(&store).depart(Uuid::now_v7()).await.expect("one that never was there can leave");
}

/// Everybody sees who is there, with what it knows, until it leaves.
pub async fn who_joins_is_there_until_it_leaves<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (first, second) = (member(1), member(u16::MAX));
    let before = side(&store).now().await.expect("the time");
    join(&store, &first, LONG).await;
    join(&other, &second, LONG).await;
    let after = side(&store).now().await.expect("the time");
    let running = survey(&other).await.running;
    let mut members: Vec<&Member> = running.iter().map(|running| &running.member).collect();
    members.sort_by_key(|member| member.id);
    assert_eq!(members, [&first, &second]);
    for Running { joined_at, good_until, .. } in &running {
        assert!(before <= *joined_at && *joined_at <= after, "{before} <= {joined_at} <= {after}");
        let for_long = good_until.as_micros() - joined_at.as_micros();
        assert_eq!(u128::try_from(for_long).expect("it is later"), LONG.as_micros());
    }
    fleet(&store).depart(first.id).await.expect("a member can leave");
    assert_eq!(there(&other).await, [second.id]);
    fleet(&store).depart(second.id).await.expect("whoever says so");
    assert_eq!(there(&other).await, [] as [Uuid; 0]);
}

/// A member joins again under its id, with another program: it is there once.
pub async fn who_joins_again_is_there_once<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let first = member(1);
    join(&store, &first, LONG).await;
    let turn = survey(&store).await.turn;
    let again = Member { id: first.id, ..member(2) };
    join(&store, &again, LONG).await;
    let survey = survey(&store).await;
    assert_eq!(survey.running.iter().map(|it| &it.member).collect::<Vec<_>>(), [&again]);
    assert!(survey.turn > turn, "whoever joins takes a turn");
}

/// Who is not heard of any more is not there; who says that it is, is.
pub async fn who_is_silent_is_gone<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (silent, beating) = (member(1), member(1));
    join(&store, &silent, SHORT).await;
    join(&store, &beating, SHORT).await;
    let seen = until("one of them is gone", async || {
        assert!(fleet(&store).beat(beating.id, LONG).await.expect("a beat"));
        let there = there(&store).await;
        (there.len() == 1).then_some(there)
    });
    assert_eq!(seen.await, [beating.id]);
    assert!(fleet(&store).beat(silent.id, LONG).await.expect("a late beat"), "it is not forgotten so soon");
    assert_eq!(there(&store).await.len(), 2, "and is there again");
}

/// Whoever holds leases of shards under its id is there, without another word.
pub async fn who_has_leases_is_there<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (worker, silent) = (member(1), member(2));
    declare(&store, "s", 4).await;
    join(&store, &worker, SHORT).await;
    join(&store, &silent, SHORT).await;
    claim(&store, worker.id, "s", LONG).await;
    let seen = until("the silent one is gone", async || {
        let there = there(&store).await;
        (there.len() == 1).then_some(there)
    });
    assert_eq!(seen.await, [worker.id]);
    side(&store).leave(worker.id).await.expect("it gives its leases back");
    assert_eq!(there(&store).await, [] as [Uuid; 0]);
}

/// Between a look and the joining nobody else may have come with another program, even if it has left since.
pub async fn who_has_not_seen_the_others_does_not_join<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let joins = async |member: &Member, seen: &Survey| {
        fleet(&store).join(member, Some(seen), LONG).await.expect("an answer")
    };
    let nobody = survey(&store).await;
    let (first, same) = (member(1), member(1));
    assert!(joins(&first, &nobody).await);
    assert!(joins(&same, &nobody).await, "two of one program need not know of each other");
    let stranger = member(2);
    assert!(!joins(&stranger, &nobody).await);
    assert!(!there(&store).await.contains(&stranger.id));
    assert_eq!(survey(&store).await.recorded.len(), 1, "who does not join records nothing");

    let seen = survey(&store).await;
    join(&other, &member(3), LONG).await;
    let gone = member(4);
    join(&other, &gone, LONG).await;
    fleet(&other).depart(gone.id).await.expect("a member can leave");
    assert!(!joins(&stranger, &seen).await);
    let seen = survey(&store).await;
    join(&other, &member(1), LONG).await;
    assert!(joins(&stranger, &seen).await, "it has seen the program, which has come once more");
}

/// Many start at once with programs that do not bear each other, and each looks before it joins: all that join have one
/// program.
pub async fn of_many_starters_all_that_join_agree<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    for round in 0..5 {
        let start = |n: u16| {
            let store = stores[usize::from(n % 2)].clone();
            tokio::spawn(async move {
                let member = member(round * 10 + 1 + n % 3);
                let mine = member.program.digest();
                loop {
                    let seen = survey(&store).await;
                    if seen.running.iter().any(|running| running.member.program.digest() != mine) {
                        return None;
                    }
                    if fleet(&store).join(&member, Some(&seen), LONG).await.expect("an answer") {
                        return Some(member);
                    }
                }
            })
        };
        let ended = join_all((0..12).map(start)).await;
        let joined: Vec<Member> = ended.into_iter().filter_map(|end| end.expect("a starter ends")).collect();
        let programs: BTreeSet<Uuid> = joined.iter().map(|member| member.program.digest()).collect();
        assert_eq!(programs.len(), 1, "round {round}: {joined:?}");
        assert_eq!(there(&stores[0]).await.len(), joined.len());
        for member in joined {
            fleet(&stores[1]).depart(member.id).await.expect("a member can leave");
        }
    }
}

/// Names with a NUL are refused, by all stores in the same way.
pub async fn nobody_joins_with_a_nul<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let good = member(1);
    let mut bad = vec![Member { release: "a\0b".to_owned(), ..good.clone() }];
    let shape = event("a", 1, 1, "{}");
    for shape in [
        crate::store::KnownShape { name: "a\0".to_owned(), ..shape.clone() },
        crate::store::KnownShape { owner: "\0a".to_owned(), ..shape.clone() },
        crate::store::KnownShape { shape: "\0".to_owned(), ..shape },
    ] {
        let program = Arc::new(Program { domain: "D".to_owned(), shapes: vec![shape] });
        bad.push(Member { program, ..good.clone() });
    }
    for member in bad {
        let refused = fleet(&store).join(&member, None, LONG).await.expect_err("it must be refused");
        assert!(matches!(refused, StoreError::InvalidName { .. }), "{refused:?}");
    }
    let owners = [(ShapeKind::Event, "a\0b"), (ShapeKind::Event, "contract")];
    assert_eq!(fleet(&store).survey(&owners).await.expect("a survey"), Survey::default());
}

/// An append is the concern of nobody here.
pub async fn who_appends_need_not_join<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    stored(&store, at(&stream("a"), 0, ["1"])).await;
    let survey = survey(&store).await;
    assert_eq!((survey.running.len(), survey.recorded.len(), survey.turn), (0, 0, 0));
    assert_eq!(survey.strangers, ["contract.happened"]);
}
