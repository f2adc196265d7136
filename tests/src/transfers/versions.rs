//! The same saga in later programs.

use gesta::{
    app::{Register, Registry},
    codec::{DecodeError, EncodeError},
    domain::{Domain, HandlerFailure, PartInfo, PartOf},
    prelude::*,
    saga::{RunsIn, Saga, StepCall, StepDone, StepInfo, StepKind, Undo},
};
use serde::{Deserialize, Serialize};

use super::{
    Account, Bank, Deps, Transfer,
    transfer::{POLICY, no_such, undone_by},
};
use crate::clearing::{Cleared, ClearingHouse};

/// A program that carries out transfers.
pub trait Program: Domain<Deps = Deps> + Register {
    /// Its saga.
    type Saga: Saga + RunsIn<Self>;

    /// A transfer as its saga has it.
    fn saga(transfer: Transfer) -> Self::Saga;
}

impl Program for Bank {
    type Saga = Transfer;

    fn saga(transfer: Transfer) -> Transfer {
        transfer
    }
}

/// The second version, with data that the first cannot read and one step more. It takes over what the first has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondTransfer {
    /// The transfer.
    pub transfer: Transfer,
    /// Where it is archived.
    pub shelf: String,
}

impl From<Transfer> for SecondTransfer {
    fn from(transfer: Transfer) -> Self {
        let shelf = format!("shelf of {}", transfer.from);
        Self { transfer, shelf }
    }
}

/// The place of the step that is new.
const ARCHIVE: usize = 4;

impl Saga for SecondTransfer {
    type Deps<'d> = (&'d ClearingHouse,);
    const NAME: &'static str = "transfer";
    const VERSION: u16 = 2;
    const STEPS: &'static [StepInfo] = &[
        Transfer::STEPS[0],
        Transfer::STEPS[1],
        Transfer::STEPS[2],
        Transfer::STEPS[3],
        StepInfo::new("archive", StepKind::Command, Undo::Retriable, <Vec<Receipt>>::SHAPE).policy(POLICY),
    ];

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(serde_json::to_vec(self)?)
    }

    fn decode(json: &[u8]) -> Result<Self, DecodeError> {
        Ok(serde_json::from_slice(json)?)
    }

    fn migrate(version: u16, data: &[u8]) -> Option<Result<Self, DecodeError>> {
        (version == 1).then(|| Transfer::decode(data).map(Self::from))
    }

    async fn step<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        deps: Self::Deps<'a>,
    ) -> Result<StepDone, HandlerFailure> {
        assert!(self.shelf.starts_with("shelf of "), "data of the second version");
        match step {
            ARCHIVE => Ok(StepDone::SendAll(Vec::new())),
            _ => self.transfer.step(step, call, deps).await,
        }
    }

    async fn compensate<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        deps: Self::Deps<'a>,
    ) -> Result<StepDone, HandlerFailure> {
        self.transfer.compensate(step, call, deps).await
    }
}

/// The third version, which clears nothing any more and says nothing about instances of before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThirdTransfer(pub Transfer);

impl Saga for ThirdTransfer {
    type Deps<'d> = (&'d ClearingHouse,);
    const NAME: &'static str = "transfer";
    const VERSION: u16 = 3;
    const STEPS: &'static [StepInfo] = &[
        StepInfo::new("debit", StepKind::Command, undone_by("refund", StepKind::Command), Receipt::SHAPE)
            .policy(POLICY),
        StepInfo::new("credit", StepKind::Command, Undo::Pivot, Receipt::SHAPE).policy(POLICY),
    ];

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(serde_json::to_vec(self)?)
    }

    fn decode(json: &[u8]) -> Result<Self, DecodeError> {
        Ok(serde_json::from_slice(json)?)
    }

    async fn step<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        deps: Self::Deps<'a>,
    ) -> Result<StepDone, HandlerFailure> {
        match step {
            0 => self.0.step(0, call, deps).await,
            1 => {
                let reference = Cleared { reference: "reserve-nothing".into() };
                self.0.credited(&reference)
            }
            _ => Err(no_such(step)),
        }
    }

    async fn compensate<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        deps: Self::Deps<'a>,
    ) -> Result<StepDone, HandlerFailure> {
        self.0.compensate(step, call, deps).await
    }
}

macro_rules! bank {
    ($(#[$doc:meta])* $bank:ident with $saga:ty, $made:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $bank {}

        impl Domain for $bank {
            type Deps = Deps;
            const NAME: &'static str = "Bank";
            const PARTS: &'static [PartInfo] = &[];
        }

        impl PartOf<$bank> for Account {
            fn supply(_: &Deps) {}
        }

        impl Register for $bank {
            fn register(registry: &mut Registry<Self>) {
                registry.aggregate::<Account>();
                registry.saga::<$saga>();
            }
        }

        impl RunsIn<$bank> for $saga {}

        impl Program for $bank {
            type Saga = $saga;

            fn saga(transfer: Transfer) -> $saga {
                $made(transfer)
            }
        }
    };
}

bank! {
    /// The program with the second version.
    SecondBank with SecondTransfer, SecondTransfer::from
}

bank! {
    /// The program with the third version.
    ThirdBank with ThirdTransfer, ThirdTransfer
}
