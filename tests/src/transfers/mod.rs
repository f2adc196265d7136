//! A bank whose transfers can be checked to the cent, whatever happens to those who carry them out.

mod account;
mod journal;
mod ledger;
mod lost;
mod oracle;
mod scene;
mod town;
mod transfer;
mod versions;
mod worker;

use gesta::{
    app::{Register, Registry},
    domain::{Domain, PartInfo, PartOf},
    prelude::*,
};

pub use account::{Account, AccountError, AccountEvent, AccountId, Credit, Debit, Open, Refund};
pub use journal::{End, Journal};
pub use ledger::Ledger;
pub use lost::Lost;
pub use oracle::{Oracle, must_end};
pub use scene::{Scene, arriving, returning};
pub use town::Town;
pub use transfer::Transfer;
pub use versions::{Program, SecondBank, SecondTransfer, ThirdBank, ThirdTransfer};
pub use worker::{Worker, Workers};

use crate::clearing::ClearingHouse;

/// All of it.
#[derive(Clone, Copy, Debug)]
pub enum Bank {}

/// What it needs.
#[derive(Debug, Provide)]
pub struct Deps {
    /// The service that clears transfers.
    pub house: ClearingHouse,
}

impl Domain for Bank {
    type Deps = Deps;
    const NAME: &'static str = "Bank";
    const PARTS: &'static [PartInfo] = &[];
}

impl PartOf<Bank> for Account {
    fn supply(_: &Deps) {}
}

impl Register for Bank {
    fn register(registry: &mut Registry<Self>) {
        registry.aggregate::<Account>();
        registry.saga::<Transfer>();
    }
}

impl gesta::saga::RunsIn<Bank> for Transfer {}
