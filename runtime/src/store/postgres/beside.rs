//! What is stored beside events, for a batch as a whole: documents, sagas, timers, and the appends that are stored
//! together. Usually all of it can be stored, and one call of the database does it.
//!
//! Where it cannot, the database says what was in the way. That is put aside, with everything behind it that might
//! depend on it; the rest is stored in one call again, and what was put aside is decided one after the other.

use std::collections::{HashMap, HashSet};

use sqlx::postgres::PgDatabaseError;
use uuid::Uuid;

use super::{
    call::count,
    process::Processes,
    round::{Progress, Round},
    writes::Written,
};
use crate::store::{Append, Outcome};

/// A batch taken apart: each append, and right behind it the one that is stored together with it.
pub(super) struct Parts<'b> {
    pub(super) appends: Vec<&'b Append>,
    /// The place in the batch that each belongs to.
    places: Vec<usize>,
}

/// What is written beside the events of a round.
pub(super) struct Beside<'b> {
    /// The groups that must be stored whole, counted from 1.
    pub(super) must: Vec<i32>,
    pub(super) documents: Vec<Written<'b>>,
    pub(super) processes: Processes<'b>,
}

/// What of a batch is put aside, by its place.
pub(super) type Aside = HashSet<usize>;

/// Whether something of a batch has more than events.
pub(super) fn has_more(batch: &[Append]) -> bool {
    batch.iter().any(|append| append.together.is_some() || has_rows(append))
}

fn has_rows(append: &Append) -> bool {
    !append.documents.is_empty() || append.process.is_some()
}

impl<'b> Parts<'b> {
    pub(super) fn of(batch: &'b [Append]) -> Self {
        let mut parts = Self { appends: Vec::new(), places: Vec::new() };
        for (place, append) in batch.iter().enumerate() {
            for part in append.parts() {
                parts.appends.push(part);
                parts.places.push(place);
            }
        }
        parts
    }

    /// One outcome for each append of the batch: that of the part that stands for it.
    pub(super) fn outcomes(&self, progress: Progress) -> Vec<Option<Outcome>> {
        let mut before = None;
        let firsts = self
            .places
            .iter()
            .zip(progress.outcomes)
            .filter(|(place, _)| before.replace(**place) != Some(**place));
        firsts.map(|(_, outcome)| outcome).collect()
    }

    /// What one call can store without those that are aside, or what it cannot.
    pub(super) fn plan(
        &'b self,
        progress: &mut Progress,
        aside: &Aside,
    ) -> Result<(Round<'b>, Beside<'b>), Aside> {
        for (index, place) in self.places.iter().enumerate() {
            progress.aside[index] = aside.contains(place);
        }
        let open = || (0..self.appends.len()).filter(|&index| !aside.contains(&self.places[index]));
        let Some(round) = progress.next(&self.appends) else {
            return Err(open().map(|index| self.places[index]).collect());
        };
        let taken: HashSet<usize> = round.in_order().into_iter().map(|(_, command)| command.index).collect();
        let mut left: Aside =
            open().filter(|index| !taken.contains(index)).map(|index| self.places[index]).collect();
        let documents = self.documents(open(), &mut left);
        if !left.is_empty() {
            return Err(left);
        }
        let groups = || round.groups.iter().enumerate();
        let must =
            groups().filter(|(_, group)| group.commands.iter().any(|command| self.must(command.index)));
        let beside = Beside {
            must: must.map(|(place, _)| count(place + 1)).collect(),
            documents,
            processes: Processes::of(open().map(|index| self.appends[index])),
        };
        Ok((round, beside))
    }

    /// Whether more depends on it than its own events.
    fn must(&self, index: usize) -> bool {
        let append = self.appends[index];
        let is_second = index > 0 && self.places[index - 1] == self.places[index];
        has_rows(append) || append.together.is_some() || is_second
    }

    /// The documents, each once: what the first write of it expects, and what the last one leaves. `left` are the
    /// appends where the later ones do not simply follow upon the earlier ones.
    fn documents(&self, open: impl Iterator<Item = usize>, left: &mut Aside) -> Vec<Written<'b>> {
        let (mut written, mut known): (Vec<Written<'b>>, HashMap<_, usize>) = (Vec::new(), HashMap::new());
        for (index, append) in open.map(|index| (index, self.appends[index])) {
            for document in &append.documents {
                let name = (&*document.collection, &*document.key);
                let Some(earlier) = known.get(&name).and_then(|&place| written.get_mut(place)) else {
                    known.insert(name, written.len());
                    written.push(Written::from(document));
                    continue;
                };
                let follows = match (earlier.expected, document.expected) {
                    (Some(_), Some(expected)) => expected == earlier.document.revision,
                    (None, None) => !earlier.document.is_removal(),
                    _ => false,
                };
                match follows {
                    true => earlier.document = document,
                    false => drop(left.insert(self.places[index])),
                }
            }
        }
        written
    }

    /// What was in the way of a round.
    pub(super) fn in_the_way(&self, refusal: &Refusal, round: &Round<'_>, beside: &Beside<'_>) -> Aside {
        let numbers = || refusal.numbers.iter().filter_map(|number| number.checked_sub(1));
        let mut found = Aside::new();
        match refusal.code {
            Code::Groups => {
                let commands =
                    numbers().filter_map(|place| round.groups.get(place)).flat_map(|group| &group.commands);
                found.extend(commands.map(|command| self.places[command.index]));
            }
            Code::Fences => {
                let lost: Vec<_> = numbers().filter_map(|place| beside.processes.fences.get(place)).collect();
                let fence =
                    |append: &Append| append.process.as_ref().and_then(|process| process.fence.clone());
                found.extend(self.which(|append| {
                    fence(append).is_some_and(|fence| lost.iter().any(|lost| ***lost == fence))
                }));
            }
            Code::Document => {
                for stale in numbers().filter_map(|place| beside.documents.get(place)) {
                    let name = |document: &crate::store::DocumentWrite| {
                        (document.collection.clone(), document.key.clone())
                    };
                    let stale = name(stale.document);
                    found.extend(
                        self.which(|append| append.documents.iter().any(|document| name(document) == stale)),
                    );
                }
            }
        }
        found
    }

    /// The appends of a batch that a condition holds for.
    pub(super) fn which(&self, condition: impl Fn(&Append) -> bool) -> Vec<usize> {
        let which = self.appends.iter().zip(&self.places).filter(|(append, _)| condition(append));
        which.map(|(_, place)| *place).collect()
    }

    /// Whether nothing is left.
    pub(super) fn are_all(&self, aside: &Aside) -> bool {
        self.places.last().is_none_or(|last| aside.len() > *last)
    }

    /// Puts everything aside that might depend on what is aside already: it comes later, and has a stream, a key, a
    /// document or a saga with it in common.
    pub(super) fn close(&self, aside: &mut Aside) {
        let mut touched = HashSet::new();
        let mut first = 0;
        while let Some(&place) = self.places.get(first) {
            let next = first + self.places[first..].iter().take_while(|&&other| other == place).count();
            let touches: Vec<_> =
                self.appends[first..next].iter().flat_map(|append| touches(append)).collect();
            if aside.contains(&place) || touches.iter().any(|touch| touched.contains(touch)) {
                aside.insert(place);
                touched.extend(touches);
            }
            first = next;
        }
    }
}

/// What an append reads or writes.
#[derive(PartialEq, Eq, Hash)]
enum Touch<'b> {
    Stream(Uuid),
    Key(&'b str),
    Document(&'b str, &'b str),
    Saga(&'b str, &'b str),
}

fn touches(append: &Append) -> Vec<Touch<'_>> {
    let mut all = vec![Touch::Stream(append.stream.key())];
    all.extend(append.key.as_ref().map(|key| Touch::Key(key.as_str())));
    all.extend(append.documents.iter().map(|document| Touch::Document(&document.collection, &document.key)));
    if let Some(process) = &append.process {
        all.extend(process.saga.iter().map(|saga| Touch::Saga(&saga.saga, &saga.id)));
        all.extend(process.wakes.iter().map(|(saga, id)| Touch::Saga(saga, id)));
    }
    all
}

/// That the database will not store all of a batch, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    code: Code,
    /// Counted from 1.
    numbers: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Code {
    /// Groups cannot be stored.
    Groups,
    /// Leases are lost.
    Fences,
    /// A document has another revision.
    Document,
}

impl Refusal {
    /// Whether the database says no more than that.
    pub(super) fn of(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let Some(sqlx::Error::Database(said)) = error.downcast_ref() else { return None };
        let said = said.try_downcast_ref::<PgDatabaseError>()?;
        let code = match said.code() {
            "ZG001" => Code::Fences,
            "ZG002" => Code::Document,
            "ZG003" => Code::Groups,
            _ => return None,
        };
        let numbers =
            said.detail().unwrap_or_default().split(',').filter_map(|number| number.parse().ok()).collect();
        Some(Self { code, numbers })
    }
}
