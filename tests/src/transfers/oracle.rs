use std::{collections::BTreeMap, ops::ControlFlow};

use gesta::{
    domain::Position,
    log::LogEntry,
    store::{LogEventRef, ReadLog, Store},
};
use serde_json::Value;

use super::{
    Transfer,
    journal::{End, Journal},
    ledger::Ledger,
};
use crate::clearing::{self, Manners};

/// Follows the log from the first event on, and finds everything that must not be.
#[derive(Debug, Default)]
pub struct Oracle {
    after: Position,
    ledger: Ledger,
    journals: BTreeMap<String, Journal>,
    wrong: Vec<String>,
    /// What was found in passing, and is kept so that it is found once.
    seen: u64,
}

const PAGE: u64 = 1_000;

impl Oracle {
    /// Reads on to the end of the log. It must be all right there: that is what a query sees at this moment.
    ///
    /// # Panics
    /// When the log cannot be read.
    pub async fn follow(&mut self, store: &Store) {
        let mut patience = 200;
        loop {
            let mut page = Vec::new();
            let mut visit = |event: LogEventRef<'_>| {
                page.push(LogEntry::from(event));
                ControlFlow::Continue(())
            };
            let read = ReadLog { after: self.after, limit: PAGE };
            match store.port().read_log(&read, &mut visit).await {
                Ok(to) => self.after = to,
                // The database is just being maltreated.
                Err(error) if error.is_retryable() && patience > 0 => {
                    patience -= 1;
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
                Err(error) => panic!("the log cannot be read: {error}"),
            }
            page.iter().for_each(|entry| self.take(entry));
            if (page.len() as u64) < PAGE {
                let whole = self.ledger.is_whole();
                self.note("the end of the log", whole);
                return;
            }
        }
    }

    fn take(&mut self, entry: &LogEntry) {
        self.seen += 1;
        let place = format!("{}@{} at {}", entry.stream, entry.version, entry.position);
        match entry.stream.category() {
            "account" => {
                let taken = self.ledger.account(entry);
                self.note(&place, taken);
            }
            "saga.transfer" => {
                let event: Value = serde_json::from_slice(&entry.payload).unwrap_or_default();
                let kind = entry.name.trim_start_matches("saga.transfer.");
                let journal = self.journals.entry(entry.stream.id().into()).or_default();
                let taken = journal.take(kind, &event);
                self.note(&place, taken);
                let taken = self.ledger.transfer(entry.stream.id(), kind, &event);
                self.note(&place, taken);
            }
            _ => {}
        }
    }

    fn note(&mut self, place: &str, found: Result<(), String>) {
        if let Err(what) = found {
            self.wrong.push(format!("{place}: {what}"));
        }
    }

    /// How many events it has seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// What the stream of a transfer says.
    pub fn journal(&self, id: &str) -> Option<&Journal> {
        self.journals.get(id)
    }

    /// How many transfers have ended.
    pub fn ended(&self) -> usize {
        self.journals.values().filter(|journal| journal.end().is_some()).count()
    }

    /// What was wrong so far.
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// What is wrong in the end, when all of these transfers should have ended as they must.
    pub fn verdict(&self, transfers: &[(Transfer, End)], account: &clearing::Account) -> Vec<String> {
        let mut wrong = self.wrong.clone();
        wrong.extend(self.ledger.has_no_halves().err());
        wrong.extend(self.ledger.on_its_way().map(|id| format!("the money of {id} is on its way for ever")));
        for (transfer, end) in transfers {
            match self.journal(&transfer.name).and_then(Journal::end) {
                Some(found) if found == end => {}
                found => wrong.push(format!("{} has ended as {found:?}, and not as {end:?}", transfer.name)),
            }
        }
        wrong.extend(self.effects(account));
        wrong
    }

    /// What does not agree with what the clearing house has done.
    pub fn effects(&self, account: &clearing::Account) -> Vec<String> {
        let (mut wrong, mut done, mut keys) = (Vec::new(), BTreeMap::<_, Vec<&str>>::new(), BTreeMap::new());
        for effect in &account.effects {
            done.entry(effect.transfer.as_str()).or_default().push(effect.what.as_str());
            *keys.entry(effect.key.as_str()).or_insert(0) += 1;
        }
        wrong.extend(
            keys.iter().filter(|(_, effects)| **effects > 1).map(|(key, _)| format!("{key} was done twice")),
        );
        for (id, journal) in &self.journals {
            let done = done.remove(id.as_str()).unwrap_or_default();
            let fits = match journal.end() {
                Some(End::Completed) => done == ["reserve", "notify"],
                Some(End::Compensated(_)) => done.is_empty() || done == ["reserve", "release"],
                _ => true,
            };
            if !fits {
                wrong.push(format!("{id} has ended as {:?}, and {done:?} was done", journal.end()));
            }
        }
        wrong.extend(done.keys().map(|id| format!("{id} is unknown, and something was done for it")));
        wrong
    }
}

/// How a transfer must end, whatever happens: what was refused or cannot arrive is undone, everything else arrives.
pub fn must_end(transfer: &Transfer, manners: &Manners) -> End {
    match () {
        () if transfer.from.0.starts_with("poor") => End::Compensated("debit".into()),
        () if manners.refuses("reserve", &transfer.name) => End::Compensated("clear".into()),
        () if transfer.to.0.starts_with("closed") => End::Compensated("credit".into()),
        () => End::Completed,
    }
}
