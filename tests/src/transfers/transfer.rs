//! The saga, written against the traits.

use std::future::Future;

use gesta::{
    codec::{DecodeError, EncodeError},
    domain::{Backoff, Classify, FailureClass, HandlerFailure},
    prelude::*,
    saga::{Durable, IntoStep, Saga, StepCall, StepDone, StepInfo, StepKind, StepPolicy, Undo},
};
use serde::{Deserialize, Serialize};

use super::{AccountId, Credit, Debit, Refund};
use crate::clearing::{Cleared, ClearingError, ClearingHouse};

/// Moves money from one account to another by way of a clearing house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// What it is called everywhere: the id of the instance.
    pub name: String,
    /// From here.
    pub from: AccountId,
    /// To there.
    pub to: AccountId,
    /// So much.
    pub cents: u64,
}

/// Where the steps stand in the definition.
const DEBIT: usize = 0;
const CLEAR: usize = 1;
const CREDIT: usize = 2;
const NOTIFY: usize = 3;

/// In a test everything is tried again soon, and for long.
pub(super) const POLICY: StepPolicy = StepPolicy::forward()
    .attempts(60)
    .timeout(Duration::from_secs(3))
    .backoff(Backoff::exponential(Duration::from_millis(20)).cap(Duration::from_millis(200)));

impl Transfer {
    fn debit(&self) -> Dispatch<AccountId, Debit> {
        self.from.send(Debit { transfer: self.name.clone(), cents: self.cents })
    }

    fn refund(&self) -> Dispatch<AccountId, Refund> {
        self.from.send(Refund { transfer: self.name.clone(), cents: self.cents })
    }

    async fn clear(&self, key: &IdempotencyKey, house: &ClearingHouse) -> Result<Cleared, ClearingError> {
        house.order("reserve", key, &self.name).await
    }

    /// Also called where nobody knows whether anything was reserved.
    async fn release(&self, key: &IdempotencyKey, house: &ClearingHouse) -> Result<(), ClearingError> {
        house.order("release", key, &self.name).await.map(drop)
    }

    fn credit(&self, clear: &Cleared) -> Dispatch<AccountId, Credit> {
        assert!(clear.reference.starts_with("reserve-"), "the output of the right step");
        self.to.send(Credit { transfer: self.name.clone(), cents: self.cents })
    }

    /// The step of that name, alone.
    pub(super) fn credited(&self, clear: &Cleared) -> Result<StepDone, HandlerFailure> {
        Ok(self.credit(clear).into_step())
    }

    async fn notify(&self, key: &IdempotencyKey, house: &ClearingHouse) -> Result<(), ClearingError> {
        house.order("notify", key, &self.name).await.map(drop)
    }
}

impl Saga for Transfer {
    type Deps<'d> = (&'d ClearingHouse,);
    const NAME: &'static str = "transfer";
    const VERSION: u16 = 1;
    const STEPS: &'static [StepInfo] = &[
        StepInfo::new("debit", StepKind::Command, undone_by("refund", StepKind::Command), Receipt::SHAPE)
            .policy(POLICY),
        StepInfo::new("clear", StepKind::Foreign, undone_by("release", StepKind::Foreign), Cleared::SHAPE)
            .policy(POLICY),
        StepInfo::new("credit", StepKind::Command, Undo::Pivot, Receipt::SHAPE).policy(POLICY),
        StepInfo::new("notify", StepKind::Foreign, Undo::Retriable, <()>::SHAPE).policy(POLICY),
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
        (house,): Self::Deps<'a>,
    ) -> Result<StepDone, HandlerFailure> {
        match step {
            DEBIT => Ok(self.debit().into_step()),
            CLEAR => done(self.clear(call.key, house)).await,
            CREDIT => Ok(self.credit(&call.output(CLEAR)?).into_step()),
            NOTIFY => done(self.notify(call.key, house)).await,
            _ => Err(no_such(step)),
        }
    }

    async fn compensate<'a>(
        &'a self,
        step: usize,
        call: StepCall<'a>,
        (house,): Self::Deps<'a>,
    ) -> Result<StepDone, HandlerFailure> {
        match step {
            DEBIT => Ok(self.refund().into_step()),
            CLEAR => done(self.release(call.key, house)).await,
            _ => Err(no_such(step)),
        }
    }
}

pub(super) const fn undone_by(name: &'static str, kind: StepKind) -> Undo {
    Undo::Compensation { name, kind, needs_output: false, policy: POLICY }
}

async fn done<T: Durable>(
    calling: impl Future<Output = Result<T, ClearingError>> + Send,
) -> Result<StepDone, HandlerFailure> {
    let output = calling.await.map_err(|error| match error.class() {
        FailureClass::Permanent => HandlerFailure::permanent(error),
        FailureClass::Retryable => HandlerFailure::retryable(error),
    })?;
    StepDone::output(&output)
}

pub(super) fn no_such(step: usize) -> HandlerFailure {
    HandlerFailure::permanent(format!("there is no step number {step}"))
}
