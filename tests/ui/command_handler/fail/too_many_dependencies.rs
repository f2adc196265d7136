use gesta::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub String);

#[event]
pub enum AccountEvent {
    Deposited { cents: u64 },
}

#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Default)]
pub struct Account {
    balance: u64,
}

#[apply(AccountEvent)]
impl Account {
    fn deposited(&mut self, cents: &u64) {
        self.balance += cents;
    }
}

pub struct Deposit {
    pub cents: u64,
}

pub struct D1;
pub struct D2;
pub struct D3;
pub struct D4;
pub struct D5;
pub struct D6;
pub struct D7;
pub struct D8;
pub struct D9;
pub struct D10;
pub struct D11;
pub struct D12;
pub struct D13;
pub struct D14;
pub struct D15;
pub struct D16;
pub struct D17;

#[command_handler]
impl Account {
    fn deposit(
        &self,
        cmd: Deposit,
        _d1: &D1,
        _d2: &D2,
        _d3: &D3,
        _d4: &D4,
        _d5: &D5,
        _d6: &D6,
        _d7: &D7,
        _d8: &D8,
        _d9: &D9,
        _d10: &D10,
        _d11: &D11,
        _d12: &D12,
        _d13: &D13,
        _d14: &D14,
        _d15: &D15,
        _d16: &D16,
        _d17: &D17,
    ) -> Result<AccountEvent, std::convert::Infallible> {
        Ok(AccountEvent::Deposited { cents: cmd.cents })
    }
}

fn main() {}
