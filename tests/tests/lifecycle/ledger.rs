//! A ledger: a struct that is nothing before it is opened, so that it has no `Default`.

use std::{convert::Infallible, num::NonZeroU32};

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub(crate) struct LedgerId(pub(crate) u64);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LedgerEvent {
    Opened { pages: u32 },
    Bound { pages: u32 },
    Written { line: String },
}

/// There is none without pages.
#[aggregate(id = LedgerId, event = LedgerEvent, snapshot_every = 4)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) pages: NonZeroU32,
    pub(crate) lines: Vec<String>,
}

#[apply(LedgerEvent)]
impl Ledger {
    fn opened(pages: &u32) -> Self {
        Self { pages: NonZeroU32::new(*pages).unwrap_or(NonZeroU32::MIN), lines: vec![] }
    }

    /// The first event too, or pages that are added.
    #[on(Bound { pages })]
    fn bound_first(pages: &u32) -> Ledger {
        Self::opened(pages)
    }

    fn bound(&mut self, pages: &u32) {
        self.pages = self.pages.saturating_add(*pages);
    }

    fn written(&mut self, line: &str) {
        self.lines.push(line.into());
    }
}

#[derive(Clone, Debug)]
pub(crate) struct OpenLedger {
    pub(crate) pages: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) line: &'static str,
}

/// Opens it a second time.
#[derive(Clone, Debug)]
pub(crate) struct Reopen;

#[command_handler]
impl Ledger {
    fn open(cmd: OpenLedger) -> Result<[LedgerEvent; 2], Infallible> {
        Ok([LedgerEvent::Opened { pages: cmd.pages }, LedgerEvent::Written { line: "begun".into() }])
    }

    fn write(&self, cmd: Write) -> Result<LedgerEvent, Infallible> {
        Ok(LedgerEvent::Written { line: cmd.line.into() })
    }

    fn reopen(&self, _: Reopen) -> Result<LedgerEvent, Infallible> {
        Ok(LedgerEvent::Opened { pages: 1 })
    }
}
