//! `gesta.golden`: the test that `#[event]` writes reads every sample, and tells the ones that are no longer read.

use gesta_tests::crates::Crates;

const SOURCE: &str = r#"
use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Schema)]
pub struct Money {
    cents: u64,
}

#[event]
pub enum AccountEvent {
    Opened { owner: String },
    #[event(version = 2, from(WithdrawnV1))]
    Withdrawn { money: Money },
    #[event(retired)]
    Closed,
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV1 {
    cents: u64,
}

impl From<WithdrawnV1> for AccountEvent {
    fn from(old: WithdrawnV1) -> Self {
        Self::Withdrawn { money: Money { cents: old.cents } }
    }
}

pub fn local() -> impl gesta::domain::Event {
    #[event]
    pub enum LocalEvent {
        Happened,
    }
    LocalEvent::Happened
}
"#;

/// `Money` is written by hand, otherwise than its shape says.
const BY_HAND: &str = r#"
#[derive(Deserialize, Schema)]
pub struct Money {
    cents: u64,
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("cents", self.cents), ("euros", self.cents / 100)])
    }
}
"#;

const SAMPLES: &str = "# samples
account.closed v1 {}
account.gone v1 {}
account.opened v1 {\"owner\": \"Ann\"}
account.opened v1 {\"owner\":\"\"}
account.withdrawn v1 {\"cents\":5}
account.withdrawn v2 {\"money\":{\"cents\":5}}
local.happened v1 {}
order.placed v1 {}
";

const LOCK: &str = "account.gone v1 {} retired\n";

#[test]
fn samples_are_read_in_a_test_that_the_macro_writes() {
    let crates = Crates::new(env!("CARGO_TARGET_TMPDIR"), "golden");
    crates.add("good", SOURCE);
    crates.write("good", "gesta.lock", LOCK);
    crates.write("good", "gesta.golden", SAMPLES);
    let derived = "#[derive(Serialize, Deserialize, Schema)]\npub struct Money {\n    cents: u64,\n}\n";
    crates.add("bad", &SOURCE.replace(derived, BY_HAND));
    let more = "account.opened v1 {\"name\":\"Ann\"}\naccount.withdrawn v3 {}\naccount.opened\n";
    crates.write("bad", "gesta.golden", &format!("{SAMPLES}{more}"));

    let output = crates.cargo(&["test", "--workspace", "--no-fail-fast", "--lib"]);
    let told = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("warning"), "{said}");
    assert_eq!(
        told.matches("test gesta_golden_AccountEvent::samples_are_read ... ok").count(),
        1,
        "{told}{said}"
    );
    assert_eq!(
        told.matches("test gesta_golden_AccountEvent::samples_are_read ... FAILED").count(),
        1,
        "{told}{said}"
    );
    // What is wrong, and nothing else.
    let lines = told.lines().filter(|line| line.starts_with("line ")).map(|line| line.to_owned());
    let lines: Vec<String> = lines.collect();
    let expected = [
        "line 3 of gesta.golden, `account.gone` v1 {}: no event has this name any more",
        "line 7 of gesta.golden, `account.withdrawn` v2 {\"money\":{\"cents\":5}}: read and written again it is \
         {\"money\":{\"cents\":5,\"euros\":0}}",
        "line 10 of gesta.golden, `account.opened` v1 {\"name\":\"Ann\"}: it cannot be read: ",
        "line 11 of gesta.golden, `account.withdrawn` v3 {}: it cannot be read: it was stored at version 3",
        "line 12 of gesta.golden is not one of a sample: `account.opened ..`",
    ];
    assert_eq!(lines.len(), expected.len(), "{told}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\nis not\n{expected}");
    }
}
