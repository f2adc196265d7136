use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::watch, time::Instant};

use super::{
    Driver, Plan, ProgressSender,
    progress::{Local, Wanted},
    status::Troubles,
};
use crate::{
    domain::Position,
    log::Filter,
    store::{Holding, Lease},
};

/// A durable subscription of this process.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Arc<str>,
    pub(super) filter: Arc<Filter>,
    pub(super) driver: Arc<dyn Driver>,
    pub(super) assigned: watch::Sender<Assignment>,
    pub(super) local: watch::Sender<Local>,
    pub(super) wanted: watch::Sender<Wanted>,
    pub(super) troubles: Arc<Troubles>,
    /// Since when each shard is held, in order of arrival, with the token of then.
    arrivals: Mutex<(u64, HashMap<u16, Arrival>)>,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    token: u64,
    number: u64,
}

/// The durable subscriptions of this process.
#[derive(Debug, Default)]
pub(super) struct Members(Mutex<Vec<Arc<Member>>>);

impl Members {
    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<Member>> {
        self.list().clone()
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<Member>> {
        self.list().iter().find(|member| &*member.name == name).cloned()
    }

    /// Adds one, unless there is one of its name.
    pub(super) fn add(&self, member: &Arc<Member>) -> bool {
        let mut list = self.list();
        let new = list.iter().all(|other| other.name != member.name);
        if new {
            list.push(Arc::clone(member));
        }
        new
    }

    pub(super) fn remove(&self, member: &Arc<Member>) {
        self.list().retain(|other| !Arc::ptr_eq(other, member));
    }

    /// A panic cannot leave it half changed: nothing in between panics.
    fn list(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the process has of a subscription, as the store said last.
#[derive(Clone, Debug, Default)]
pub(super) struct Assignment {
    /// When the store was asked; what has ended after that may have moved positions.
    pub(super) asked: Option<Instant>,
    pub(super) shards: u16,
    pub(super) share: u16,
    pub(super) leases: Vec<Lease>,
}

impl Assignment {
    pub(super) fn new(asked: Instant, holding: Holding) -> Self {
        let Holding { shards, share, leases, .. } = holding;
        Self { asked: Some(asked), shards, share, leases }
    }

    /// Up to where all of its shards are done; `None` without any.
    pub(super) fn position(&self) -> Option<Position> {
        self.leases.iter().map(|lease| lease.position).min()
    }

    /// How many shards are to be given back. Whoever has any keeps at least one.
    pub(super) fn surplus(&self) -> usize {
        self.leases.len().saturating_sub(usize::from(self.share.max(1)))
    }

    /// Whether somebody who works on these leases may go on with them: they are all there is, and not too many.
    pub(super) fn lets_go_on(&self, leases: &[Lease]) -> bool {
        let mut held: Vec<_> = self.leases.iter().map(|lease| (lease.shard, lease.token)).collect();
        let mut mine: Vec<_> = leases.iter().map(|lease| (lease.shard, lease.token)).collect();
        held.sort_unstable();
        mine.sort_unstable();
        held == mine && self.surplus() == 0
    }
}

impl Member {
    pub(super) fn new(plan: Plan, driver: Arc<dyn Driver>) -> Arc<Self> {
        let Plan { name, filter, .. } = plan;
        Arc::new(Self {
            troubles: Arc::new(Troubles::new(Arc::clone(&name))),
            name,
            filter: Arc::new(filter),
            driver,
            assigned: watch::Sender::default(),
            local: watch::Sender::default(),
            wanted: watch::Sender::default(),
            arrivals: Mutex::default(),
        })
    }

    /// Begins another run with these leases.
    pub(super) fn begin(&self, shards: u16, leases: &[Lease]) -> ProgressSender {
        self.troubles.work_on(leases.iter().map(|lease| lease.shard).collect());
        let whole = leases.len() == usize::from(shards);
        let position = leases.iter().map(|lease| lease.position).min();
        self.local.send_modify(|local| *local = Local { run: local.run + 1, whole, position });
        let run = self.local.borrow().run;
        ProgressSender { run, send: self.local.clone(), troubles: Arc::clone(&self.troubles) }
    }

    /// What the last run has told does not count any more: positions may be elsewhere by now.
    pub(super) fn forget(&self) {
        self.troubles.work_on(Vec::new());
        self.local.send_modify(|local| *local = Local { run: local.run + 1, ..Local::default() });
    }

    /// Asks for a position to be written as soon as it is reached.
    pub(super) fn want(&self, position: Position) {
        self.wanted.send_if_modified(|wanted| {
            let more = *wanted < Wanted(position);
            if more {
                *wanted = Wanted(position);
            }
            more
        });
    }

    /// Takes those leases out of an assignment that are to be given back: those that came last, so that what has been
    /// here for long stays.
    pub(super) fn part_with_surplus(&self, assignment: &mut Assignment) -> Vec<Lease> {
        // A panic cannot leave it half changed: nothing in between panics.
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, known) = &mut *arrivals;
        known.retain(|shard, arrival| {
            assignment.leases.iter().any(|lease| lease.shard == *shard && lease.token == arrival.token)
        });
        for lease in &assignment.leases {
            known.entry(lease.shard).or_insert_with(|| {
                *next += 1;
                Arrival { token: lease.token, number: *next }
            });
        }
        let surplus = assignment.surplus();
        let arrived = |lease: &Lease| known.get(&lease.shard).map(|arrival| arrival.number);
        assignment.leases.sort_by_key(|lease| (arrived(lease), lease.shard));
        let parted = assignment.leases.split_off(assignment.leases.len() - surplus);
        assignment.leases.sort_by_key(|lease| lease.shard);
        parted
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::{domain::Start, store::StoreError, subscription::Work};

    #[derive(Debug)]
    struct Idle;

    #[async_trait]
    impl Driver for Idle {
        fn plan(&self) -> Plan {
            Plan { name: "idle".into(), shards: 8, start: Start::Beginning, filter: Filter::new() }
        }

        async fn work(&self, _: Work) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn member() -> Arc<Member> {
        Member::new(Idle.plan(), Arc::new(Idle))
    }

    /// Leases as (shard, token, position), and a share.
    fn assignment(share: u16, leases: &[(u16, u64, u64)]) -> Assignment {
        let lease = |&(shard, token, position): &(u16, u64, u64)| Lease {
            subscription: "idle".into(),
            shard,
            token,
            position: Position::from_raw(position),
        };
        let leases = leases.iter().map(lease).collect();
        Assignment { asked: Some(Instant::now()), shards: 8, share, leases }
    }

    fn shards(leases: &[Lease]) -> Vec<u16> {
        leases.iter().map(|lease| lease.shard).collect()
    }

    #[test]
    fn what_has_come_last_is_given_back_first() {
        let member = member();
        let mut few = assignment(8, &[(5, 1, 0), (6, 1, 0)]);
        assert!(member.part_with_surplus(&mut few).is_empty());
        // Shard 5 was somebody else's in between, so it has come last, after 1 and 6.
        let mut more = assignment(8, &[(1, 1, 0), (6, 1, 0)]);
        assert!(member.part_with_surplus(&mut more).is_empty());
        let mut many = assignment(2, &[(1, 1, 0), (2, 1, 0), (5, 3, 0), (6, 1, 0)]);
        let parted = member.part_with_surplus(&mut many);
        assert_eq!(shards(&parted), [2, 5]);
        assert_eq!(shards(&many.leases), [1, 6]);
        assert!(member.part_with_surplus(&mut many).is_empty(), "once");
    }

    #[test]
    fn a_share_of_nothing_still_leaves_one() {
        let mut assignment = assignment(0, &[(3, 1, 0), (4, 1, 0)]);
        assert_eq!(shards(&member().part_with_surplus(&mut assignment)), [4]);
    }

    #[test]
    fn work_goes_on_while_the_leases_are_the_same_whatever_their_positions() {
        let leases = assignment(2, &[(1, 7, 10), (2, 7, 10)]).leases;
        assert!(assignment(2, &[(2, 7, 30), (1, 7, 20)]).lets_go_on(&leases));
        assert!(!assignment(2, &[(1, 7, 10)]).lets_go_on(&leases), "one was lost");
        assert!(!assignment(3, &[(1, 7, 10), (2, 7, 10), (3, 1, 0)]).lets_go_on(&leases), "one was gained");
        assert!(!assignment(2, &[(1, 8, 10), (2, 7, 10)]).lets_go_on(&leases), "one has changed hands twice");
        assert!(!assignment(1, &[(1, 7, 10), (2, 7, 10)]).lets_go_on(&leases), "one is too many");
    }

    #[test]
    fn what_an_older_run_says_does_not_count() {
        let member = member();
        let leases = assignment(8, &[(1, 1, 10), (2, 1, 20)]).leases;
        let first = member.begin(8, &leases);
        let position = || member.local.borrow().position.map(Position::raw);
        assert_eq!(position(), Some(10), "up to there all of them are done");
        first.committed(Position::from_raw(30));
        first.committed(Position::from_raw(25));
        assert_eq!(position(), Some(30), "it does not go back");
        member.forget();
        assert_eq!(position(), None);
        let second = member.begin(8, &assignment(8, &[(1, 1, 5)]).leases);
        first.committed(Position::from_raw(40));
        assert_eq!(position(), Some(5));
        second.committed(Position::from_raw(6));
        assert_eq!(position(), Some(6));
        assert!(!member.local.borrow().whole, "there are seven more somewhere");
    }
}
