//! Aggregates that cause their own events by way of policies: `order -[fulfilment.paid]-> order`.
//!
//! `cargo gesta check` finds the same loops in the model of a domain, as G001. Both look at the parts in the order in
//! which the domain lists them.

use super::{
    EventType, FollowerInfo, FollowerKind, PartInfo, ReactionInfo, Sending, const_text, const_text::Text,
};

/// Refuses, at compile time when called in a `const`, a domain in which what happens to an aggregate leads back to it by
/// way of process managers and sagas. `domain! { .., acyclic }` calls it with the numbers of parts and of followers.
///
/// It goes by what a reaction may send. Whether the command that closes a loop does anything is known to its handler
/// alone.
///
/// # Panics
/// If there is a loop. The text says which: the shortest of the first aggregate that is in one.
pub const fn check_acyclic<const PARTS: usize, const FOLLOWERS: usize>(
    parts: &'static [PartInfo],
    followers: &'static [FollowerInfo],
) {
    let policies = Policies::<PARTS, FOLLOWERS>::of(parts, followers);
    let mut start = 0;
    while start < PARTS {
        policies.check(start);
        start += 1;
    }
}

/// Which aggregate sends to which, each once, in the order in which the domain has it.
struct Policies<const PARTS: usize, const FOLLOWERS: usize> {
    parts: &'static [PartInfo],
    followers: &'static [FollowerInfo],
    /// Of each aggregate, the first `count` are those that it leads to.
    next: [[Policy; PARTS]; PARTS],
    count: [usize; PARTS],
    /// The sagas that were followed for what is looked at now: one may start itself.
    followed: [bool; FOLLOWERS],
}

/// That something sends to an aggregate, such as `fulfilment.paid`.
#[derive(Clone, Copy)]
struct Policy {
    to: usize,
    who: &'static str,
    by: &'static str,
}

impl<const PARTS: usize, const FOLLOWERS: usize> Policies<PARTS, FOLLOWERS> {
    const fn of(parts: &'static [PartInfo], followers: &'static [FollowerInfo]) -> Self {
        let none = Policy { to: 0, who: "", by: "" };
        let (next, count, followed) = ([[none; PARTS]; PARTS], [0; PARTS], [false; FOLLOWERS]);
        let mut policies = Self { parts, followers, next, count, followed };
        policies.follow(FollowerKind::ProcessManager);
        policies.follow(FollowerKind::Saga);
        policies
    }

    const fn follow(&mut self, kind: FollowerKind) {
        let mut i = 0;
        while i < FOLLOWERS {
            let follower = &self.followers[i];
            let mut at = 0;
            while follower.kind as u8 == kind as u8 && at < follower.reactions.len() {
                let reaction = &follower.reactions[at];
                if let Some(from) = self.recorder(reaction.events) {
                    match kind {
                        FollowerKind::Saga => self.act(from, follower),
                        _ => self.react(from, follower, reaction),
                    }
                }
                at += 1;
            }
            i += 1;
        }
    }

    /// The aggregate that records these events: they are all that one enum can be.
    const fn recorder(&self, events: &[EventType]) -> Option<usize> {
        let mut part = 0;
        while part < PARTS && !events.is_empty() {
            let own = self.parts[part].events;
            if !own.is_empty() && const_text::equal(own[0].name, events[0].name) {
                return Some(part);
            }
            part += 1;
        }
        None
    }

    /// What a process manager sends for each event. Several methods may react to one, each to some values of it.
    const fn react(&mut self, from: usize, process: &FollowerInfo, reaction: &ReactionInfo) {
        let ReactionInfo { events, variants, sends } = *reaction;
        let mut at = 0;
        while at < variants.len() {
            if place(variants, variants[at]) == at {
                let (by, mut timer, mut other) = (stored(events, variants[at]), false, at);
                while other < variants.len() && other < sends.len() {
                    if const_text::equal(variants[other], variants[at]) {
                        self.send(from, process.name, by, &sends[other]);
                        timer = timer || sets_timer(&sends[other]);
                    }
                    other += 1;
                }
                // A deadline comes of whatever has set it.
                if timer {
                    self.act(from, process);
                }
            }
            at += 1;
        }
    }

    /// What the deadlines of a process manager send, or the steps of a saga and what undoes them.
    const fn act(&mut self, from: usize, follower: &FollowerInfo) {
        let mut at = 0;
        while at < follower.acts.len() {
            self.send(from, follower.name, follower.acts[at].name, &follower.acts[at].sends);
            at += 1;
        }
    }

    const fn send(&mut self, from: usize, who: &'static str, by: &'static str, sending: &Sending) {
        self.followed = [false; FOLLOWERS];
        self.send_on(from, who, by, sending);
    }

    /// Down to the aggregates that get something; a saga that is started sends what its steps send.
    const fn send_on(&mut self, from: usize, who: &'static str, by: &'static str, sending: &Sending) {
        match *sending {
            Sending::Nothing | Sending::Timer => {}
            Sending::Command { aggregate, .. } => self.add(from, who, by, aggregate),
            Sending::Several(all) => {
                let mut at = 0;
                while at < all.len() {
                    self.send_on(from, who, by, &all[at]);
                    at += 1;
                }
            }
            Sending::Saga { name } => {
                let mut saga = 0;
                while saga < FOLLOWERS {
                    let follower = &self.followers[saga];
                    let is_saga = follower.kind as u8 == FollowerKind::Saga as u8;
                    if is_saga && !self.followed[saga] && const_text::equal(follower.name, name) {
                        self.followed[saga] = true;
                        let mut at = 0;
                        while at < follower.acts.len() {
                            self.send_on(from, who, by, &follower.acts[at].sends);
                            at += 1;
                        }
                    }
                    saga += 1;
                }
            }
        }
    }

    const fn add(&mut self, from: usize, who: &'static str, by: &'static str, aggregate: &str) {
        let mut to = 0;
        while to < PARTS && !const_text::equal(self.parts[to].name, aggregate) {
            to += 1;
        }
        let mut at = 0;
        while at < self.count[from] && self.next[from][at].to != to {
            at += 1;
        }
        // What is not part of the domain leads nowhere, and is said elsewhere.
        if to < PARTS && at == self.count[from] {
            self.next[from][at] = Policy { to, who, by };
            self.count[from] += 1;
        }
    }

    /// Looks for the shortest way from an aggregate back to itself.
    const fn check(&self, start: usize) {
        // From which aggregate one was reached, and by which of its policies.
        let mut reached: [Option<(usize, usize)>; PARTS] = [None; PARTS];
        let mut open = [start; PARTS];
        let (mut first, mut last) = (0, 1);
        while first < last {
            let from = open[first];
            first += 1;
            let mut at = 0;
            while at < self.count[from] {
                let to = self.next[from][at].to;
                if reached[to].is_none() {
                    reached[to] = Some((from, at));
                    if to == start {
                        self.refuse(start, &reached);
                    }
                    open[last] = to;
                    last += 1;
                }
                at += 1;
            }
        }
    }

    // A panic is how a constant is refused.
    #[allow(clippy::panic)]
    const fn refuse(&self, start: usize, reached: &[Option<(usize, usize)>; PARTS]) -> ! {
        // Found from its end; told from its beginning.
        let mut way = [(start, 0); PARTS];
        let (mut length, mut at) = (0, start);
        while let Some((from, policy)) = reached[at] {
            way[length] = (from, policy);
            length += 1;
            at = from;
            if from == start {
                break;
            }
        }
        let mut text = Text::<4096>::new().push("policies form a loop: ").push(self.parts[start].name);
        while length > 0 {
            length -= 1;
            let (from, at) = way[length];
            let Policy { to, who, by } = self.next[from][at];
            text = text.push(" -[").push(who).push(".").push(by).push("]-> ").push(self.parts[to].name);
        }
        let text = text.push(
            "; take one of them away, or leave `acyclic` out of the domain if the loop comes to an end by itself",
        );
        panic!("{}", text.as_str())
    }
}

/// The first place of a name.
const fn place(names: &[&str], name: &str) -> usize {
    let mut at = 0;
    while at < names.len() && !const_text::equal(names[at], name) {
        at += 1;
    }
    at
}

/// The last part of an event's name in the store: `paid` of `order.paid`.
const fn stored(events: &[EventType], variant: &'static str) -> &'static str {
    let mut at = 0;
    while at < events.len() {
        if const_text::equal(after(events[at].source, b':'), variant) {
            return after(events[at].name, b'.');
        }
        at += 1;
    }
    variant
}

/// What stands behind the last of these characters.
const fn after(text: &'static str, character: u8) -> &'static str {
    let bytes = text.as_bytes();
    let mut at = bytes.len();
    while at > 0 && bytes[at - 1] != character {
        at -= 1;
    }
    text.split_at(at).1
}

const fn sets_timer(sending: &Sending) -> bool {
    match *sending {
        Sending::Timer => true,
        Sending::Several(all) => {
            let mut at = 0;
            while at < all.len() {
                if sets_timer(&all[at]) {
                    return true;
                }
                at += 1;
            }
            false
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::domain::{ActInfo, Shape};

    const NONE: &Shape = &Shape::Struct(&[]);
    const PAID: &[EventType] = &[
        EventType::new("order.placed", "OrderEvent::Placed", 1, NONE),
        EventType::new("order.paid", "OrderEvent::Paid", 1, NONE),
    ];
    const RESERVED: &[EventType] = &[EventType::new("stock.reserved", "StockEvent::Reserved", 1, NONE)];
    const PARTS: &[PartInfo] =
        &[PartInfo::new("order", "Order", PAID), PartInfo::new("stock", "Stock", RESERVED)];
    const SHIP: Sending = Sending::Command { aggregate: "order", command: || "Ship" };
    const RESERVE: Sending = Sending::Command { aggregate: "stock", command: || "Reserve" };

    fn refusal<const FOLLOWERS: usize>(followers: &'static [FollowerInfo]) -> Option<String> {
        let panic = catch_unwind(|| check_acyclic::<2, FOLLOWERS>(PARTS, followers)).err()?;
        let text = panic.downcast_ref::<String>().unwrap();
        let (loops, remedy) = text.split_once("; ").unwrap();
        assert!(remedy.starts_with("take one of them away"), "{text}");
        loops.strip_prefix("policies form a loop: ").map(str::to_owned)
    }

    const fn process(reactions: &'static [ReactionInfo], acts: &'static [ActInfo]) -> FollowerInfo {
        FollowerInfo::process_manager("fulfilment", "Fulfilment").with_reactions(reactions).with_acts(acts)
    }

    #[test]
    fn a_chain_is_accepted() {
        const CHAIN: &[FollowerInfo] = &[process(&[ReactionInfo::new(PAID, &["Paid"], &[RESERVE])], &[])];
        const { check_acyclic::<2, 1>(PARTS, CHAIN) }
        const { check_acyclic::<2, 0>(PARTS, &[]) }
    }

    #[test]
    fn the_shortest_loop_is_told() {
        const LONG: &[FollowerInfo] = &[process(
            &[
                ReactionInfo::new(PAID, &["Placed", "Paid"], &[Sending::Nothing, RESERVE]),
                ReactionInfo::new(RESERVED, &["Reserved"], &[Sending::Several(&[RESERVE, SHIP])]),
            ],
            &[],
        )];
        let long = "order -[fulfilment.paid]-> stock -[fulfilment.reserved]-> order";
        assert_eq!(refusal::<1>(LONG).as_deref(), Some(long));
        const SHORT: &[FollowerInfo] =
            &[LONG[0], process(&[ReactionInfo::new(PAID, &["Placed"], &[SHIP])], &[])];
        assert_eq!(refusal::<2>(SHORT).as_deref(), Some("order -[fulfilment.placed]-> order"));
    }

    #[test]
    fn deadlines_and_sagas_close_loops() {
        const LATE: &[ActInfo] = &[ActInfo::new("too_late", 0, SHIP)];
        const TIMER: &[FollowerInfo] =
            &[process(&[ReactionInfo::new(PAID, &["Paid"], &[Sending::Several(&[Sending::Timer])])], LATE)];
        assert_eq!(refusal::<1>(TIMER).as_deref(), Some("order -[fulfilment.too_late]-> order"));
        const UNSET: &[FollowerInfo] = &[process(&[ReactionInfo::new(PAID, &["Paid"], &[RESERVE])], LATE)];
        assert_eq!(refusal::<1>(UNSET), None);

        const AGAIN: Sending = Sending::Saga { name: "delivery" };
        const SAGA: FollowerInfo = FollowerInfo::saga("delivery", "Delivery")
            .with_acts(&[ActInfo::new("again", 0, AGAIN), ActInfo::new("undo", 0, SHIP).undoing()]);
        const CHILD: &[FollowerInfo] = &[process(&[ReactionInfo::new(PAID, &["Paid"], &[AGAIN])], &[]), SAGA];
        assert_eq!(refusal::<2>(CHILD).as_deref(), Some("order -[fulfilment.paid]-> order"));
        const STARTED: &[FollowerInfo] = &[SAGA.with_reactions(&[ReactionInfo::new(PAID, &["Paid"], &[])])];
        assert_eq!(refusal::<1>(STARTED).as_deref(), Some("order -[delivery.again]-> order"));
    }
}
