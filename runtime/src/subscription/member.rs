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
