//! A loan in the states that it passes through: what may happen to it, and what may be asked of it, depends on where it
//! stands. The compiler checks that every event in every state has a meaning or is declared impossible.

use std::convert::Infallible;

use gesta::prelude::*;

/// Names a loan.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct LoanId(pub String);

/// What happens to a loan. Amounts are in hundredths, whole numbers.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum LoanEvent {
    /// Somebody has asked for money.
    Requested {
        /// Who.
        borrower: String,
        /// How much.
        cents: u64,
    },
    /// The bank has agreed.
    Approved {
        /// Who has signed it.
        by: String,
    },
    /// The bank has not agreed.
    Declined {
        /// Why not.
        reason: String,
    },
    /// The borrower has the money.
    PaidOut,
    /// The borrower has given some of it back.
    Repaid {
        /// How much.
        cents: u64,
    },
    /// Nothing is owed any more.
    Settled,
}

/// A request that nobody has decided about.
#[derive(Clone, Debug, PartialEq)]
pub struct Requested {
    /// Who wants it.
    pub borrower: String,
    /// How much.
    pub cents: u64,
}

/// A contract that is signed: the money is still in the bank.
#[derive(Clone, Debug, PartialEq)]
pub struct Approved {
    /// Who gets it.
    pub borrower: String,
    /// How much.
    pub cents: u64,
    /// Who has signed it.
    pub by: String,
}

/// Money that is owed to the bank.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// Who owes it.
    pub borrower: String,
    /// How much is left.
    pub owed: u64,
}

/// A loan: one of its states, each with what it needs and nothing else. There is no `Default`, because a loan that nobody
/// has asked for is no loan.
#[aggregate(id = LoanId, event = LoanEvent, states)]
#[derive(Clone, Debug, PartialEq)]
pub enum Loan {
    /// Waits for a decision.
    Requested(Requested),
    /// Waits to be paid out.
    Approved(Approved),
    /// Is paid back.
    Running(Running),
    /// Was never paid out.
    Declined,
    /// Is over.
    Settled,
}

/// Each method is a transition: from what it takes to what it returns. What has neither a method nor a place in
/// `impossible` does not compile, nor does what has both.
#[apply(
    LoanEvent,
    impossible(
        Requested => [PaidOut, Repaid, Settled],
        Approved => [Approved, Declined, Repaid, Settled],
        Running => [Approved, Declined, PaidOut],
        Declined => _,
        Settled => _,
    )
)]
impl Loan {
    fn requested(borrower: &String, cents: &u64) -> Requested {
        Requested { borrower: borrower.clone(), cents: *cents }
    }

    fn approved(request: Requested, by: &String) -> Approved {
        Approved { borrower: request.borrower, cents: request.cents, by: by.clone() }
    }

    #[to(Declined)]
    fn declined(_: Requested) {}

    fn paid_out(loan: Approved) -> Running {
        Running { borrower: loan.borrower, owed: loan.cents }
    }

    fn repaid(loan: &mut Running, cents: &u64) {
        loan.owed = loan.owed.saturating_sub(*cents);
    }

    #[to(Settled)]
    fn settled(_: Running) {}
}

/// Asks for a loan.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Who asks.
    pub borrower: String,
    /// How much.
    pub cents: u64,
}

/// Signs the contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Approve {
    /// Who signs.
    pub by: String,
}

/// Refuses it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decline {
    /// Why.
    pub reason: String,
}

/// Hands out the money.
#[derive(Clone, Debug, PartialEq)]
pub struct PayOut;

/// Gives some of it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Repay {
    /// How much.
    pub cents: u64,
}

/// Why a loan refuses, beside that it is in another state.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LoanError {
    /// Nothing is nothing.
    #[error("a loan of nothing")]
    OfNothing,
    /// Nobody decides about a loan of his own.
    #[error("{by} wants the money and cannot sign for it")]
    OwnLoan {
        /// Who.
        by: String,
    },
    /// It was too much.
    #[error("only {owed} is owed")]
    TooMuch {
        /// What is left.
        owed: u64,
    },
}

#[command_handler]
impl Loan {
    /// Asks for a loan.
    fn request(cmd: Request) -> Result<LoanEvent, LoanError> {
        if cmd.cents == 0 {
            return Err(LoanError::OfNothing);
        }
        Ok(LoanEvent::Requested { borrower: cmd.borrower, cents: cmd.cents })
    }

    /// Signs the contract.
    #[state(Requested)]
    fn approve(request: &Requested, cmd: Approve) -> Result<LoanEvent, LoanError> {
        if cmd.by == request.borrower {
            return Err(LoanError::OwnLoan { by: cmd.by });
        }
        Ok(LoanEvent::Approved { by: cmd.by })
    }

    /// Refuses it.
    #[state(Requested)]
    fn decline(cmd: Decline) -> Result<LoanEvent, Infallible> {
        Ok(LoanEvent::Declined { reason: cmd.reason })
    }

    /// Hands out the money.
    #[state(Approved)]
    fn pay_out(_: PayOut) -> Result<LoanEvent, Infallible> {
        Ok(LoanEvent::PaidOut)
    }

    /// Gives some of it back; with the last of it the loan is over.
    #[state(Running)]
    fn repay(loan: &Running, cmd: Repay) -> Result<Vec<LoanEvent>, LoanError> {
        if cmd.cents > loan.owed {
            return Err(LoanError::TooMuch { owed: loan.owed });
        }
        let mut events = vec![LoanEvent::Repaid { cents: cmd.cents }];
        if cmd.cents == loan.owed {
            events.push(LoanEvent::Settled);
        }
        Ok(events)
    }
}

gesta::domain! {
    /// A bank that lends money.
    pub Lending {
        aggregates: [Loan],
    }
}

#[cfg(test)]
mod tests {
    use gesta::{
        domain::Misfit,
        test::{given, given_creating},
    };

    use super::*;

    fn requested() -> LoanEvent {
        LoanEvent::Requested { borrower: "ann".into(), cents: 500 }
    }

    fn approved() -> LoanEvent {
        LoanEvent::Approved { by: "bob".into() }
    }

    fn running() -> [LoanEvent; 3] {
        [requested(), approved(), LoanEvent::PaidOut]
    }

    #[test]
    fn a_request_makes_the_first_state() {
        given_creating::<Loan, _>(Request { borrower: "ann".into(), cents: 500 }).then([requested()]);
        given_creating::<Loan, _>(Request { borrower: "ann".into(), cents: 0 }).rejects(LoanError::OfNothing);
        given::<Loan>([]).when(PayOut).not_found();
    }

    #[test]
    fn a_request_is_decided_once() {
        let approve = || Approve { by: "bob".into() };
        given::<Loan>([requested()]).when(approve()).then([approved()]);
        given::<Loan>([requested()])
            .when(Decline { reason: "no".into() })
            .then_state(|loan| assert_eq!(*loan, Loan::Declined));
        given::<Loan>([requested(), approved()]).when(approve()).rejects_in_state("Approved");
        let own = Approve { by: "ann".into() };
        given::<Loan>([requested()]).when(own).rejects(LoanError::OwnLoan { by: "ann".into() });
    }

    #[test]
    fn money_is_paid_out_after_the_contract_is_signed() {
        given::<Loan>([requested()]).when(PayOut).rejects_in_state("Requested");
        let owed = Running { borrower: "ann".into(), owed: 500 };
        given::<Loan>([requested(), approved()])
            .when(PayOut)
            .then_state(|loan| assert_eq!(*loan, Loan::Running(owed)));
        given::<Loan>(running()).when(PayOut).rejects_in_state("Running");
    }

    #[test]
    fn a_loan_is_over_with_its_last_payment() {
        let repaid = |cents| LoanEvent::Repaid { cents };
        given::<Loan>(running()).when(Repay { cents: 100 }).then([repaid(100)]);
        given::<Loan>(running()).when(Repay { cents: 501 }).rejects(LoanError::TooMuch { owed: 500 });
        given::<Loan>(running().into_iter().chain([repaid(100)]))
            .when(Repay { cents: 400 })
            .then([repaid(400), LoanEvent::Settled]);
        let settled = running().into_iter().chain([repaid(500), LoanEvent::Settled]);
        given::<Loan>(settled).when(Repay { cents: 1 }).rejects_in_state("Settled");
    }

    #[test]
    fn an_impossible_event_is_no_history() {
        let mut loan = None;
        assert_eq!(Loan::fold(&mut loan, &LoanEvent::PaidOut), Err(Misfit::NotFirst));
        Loan::fold(&mut loan, &requested()).unwrap();
        let unsigned = Err(Misfit::Impossible { state: "Requested" });
        assert_eq!(Loan::fold(&mut loan, &LoanEvent::PaidOut), unsigned);
        Loan::fold(&mut loan, &LoanEvent::Declined { reason: "no".into() }).unwrap();
        assert_eq!(Loan::fold(&mut loan, &approved()), Err(Misfit::Impossible { state: "Declined" }));
    }
}
