//! Each rule finds what it is for, and nothing in a domain without it.

use gesta::{app::model_of, model::Model};
use gesta_cli::findings::{Level, RULES, Rule, findings};
use gesta_examples::bank::Bank;
use serde_json::json;

fn model(parts: serde_json::Value) -> Model {
    serde_json::from_value(parts).expect("a model")
}

/// The sentences of what is found under a name.
fn found(model: &Model, name: &str) -> Vec<String> {
    findings(model).into_iter().filter(|f| f.name == name).map(|f| f.sentence).collect()
}

/// An aggregate with one event and one command.
fn aggregate(name: &str, event: &str, command: &str) -> serde_json::Value {
    json!({
        "name": name,
        "doc": "said",
        "commands": [{ "name": command, "doc": "said" }],
        "events": [{ "name": format!("{name}.{event}"), "source": "E::V", "doc": "said" }],
    })
}

fn sends(aggregate: &str, command: &str) -> serde_json::Value {
    json!([{ "command": { "aggregate": aggregate, "command": command } }])
}

#[test]
fn a_loop_over_two_aggregates_is_told_once() {
    let model = model(json!({
        "aggregates": [aggregate("order", "paid", "Ship"), aggregate("stock", "reserved", "Reserve")],
        "process_managers": [{
            "name": "fulfilment",
            "reactions": [
                { "event": "order.paid", "sends": sends("stock", "Reserve") },
                { "event": "stock.reserved", "sends": sends("order", "Ship") },
            ],
        }],
    }));
    let found = found(&model, "G001-loop");
    let [sentence] = &found[..] else { panic!("{found:?}") };
    assert!(
        sentence.contains("order -[fulfilment.paid]-> stock -[fulfilment.reserved]-> order"),
        "{sentence}"
    );
}

#[test]
fn a_loop_by_a_saga_that_another_starts_and_by_a_deadline_is_found() {
    let saga = |name: &str, started_by: serde_json::Value, sends: serde_json::Value| json!({ "name": name, "started_by": started_by, "steps": [{ "name": "step", "sends": sends }] });
    let child = json!([{ "saga": { "name": "child" } }]);
    let by_saga = model(json!({
        "aggregates": [aggregate("order", "paid", "Ship")],
        "sagas": [
            saga("parent", json!([{ "event": "order.paid" }]), child),
            saga("child", json!([]), sends("order", "Ship")),
        ],
    }));
    assert_eq!(found(&by_saga, "G001-loop").len(), 1);
    let by_deadline = model(json!({
        "aggregates": [aggregate("order", "paid", "Ship")],
        "process_managers": [{
            "name": "late",
            "reactions": [{ "event": "order.paid", "sends": ["timer"] }],
            "deadlines": [{ "name": "too_late", "sends": sends("order", "Ship") }],
        }],
    }));
    assert!(found(&by_deadline, "G001-loop")[0].contains("order -[late.too_late]-> order"));
}

#[test]
fn a_chain_is_no_loop() {
    let model = model(json!({
        "aggregates": [aggregate("order", "paid", "Ship"), aggregate("stock", "reserved", "Reserve")],
        "process_managers": [{
            "name": "fulfilment",
            "reactions": [{ "event": "order.paid", "sends": sends("stock", "Reserve") }],
        }],
    }));
    assert_eq!(found(&model, "G001-loop"), Vec::<String>::new());
}

#[test]
fn an_event_without_a_consumer_is_found_unless_it_is_retired() {
    let mut parts = json!({
        "aggregates": [aggregate("order", "paid", "Ship")],
        "edges": [{ "from": "aggregate:order", "to": "event:order.paid", "kind": "records" }],
    });
    assert_eq!(found(&model(parts.clone()), "G002-unhandled-event").len(), 1);
    parts["aggregates"][0]["events"][0]["retired"] = true.into();
    assert_eq!(found(&model(parts), "G002-unhandled-event").len(), 0);
}

#[test]
fn what_is_undocumented_is_found_where_the_macros_see_it() {
    let model = model(json!({
        "aggregates": [{
            "name": "order",
            "commands": [{ "name": "Ship" }],
            "events": [{ "name": "order.paid", "source": "E::Paid" }],
        }],
        "projections": [{ "name": "orders" }],
        "queries": [{ "name": "OrdersOf", "projection": "orders" }],
        // Their structs may well have a comment.
        "sagas": [{ "name": "delivery" }],
        "process_managers": [{ "name": "fulfilment" }],
        "event_handlers": [{ "name": "letters" }],
    }));
    assert_eq!(
        found(&model, "G004-undocumented"),
        [
            "nothing is said of the aggregate `order`: write a doc comment on the type",
            "nothing is said of the event `order.paid`: write a doc comment on the variant",
            "nothing is said of the projection `orders`: write a doc comment on the type",
        ]
    );
}

#[test]
fn states_that_no_event_leads_to_are_found() {
    let lifecycle = |to: serde_json::Value| {
        let mut order = aggregate("order", "paid", "Ship");
        order["lifecycle"] = json!({
            "states": [{ "name": "Open" }, { "name": "Lost" }],
            "transitions": [{ "event": "order.paid", "begins": true, "to": to }],
        });
        model(json!({ "aggregates": [order] }))
    };
    assert!(found(&lifecycle(json!(["Open"])), "G006-unreachable-state")[0].contains("`Lost`"));
    assert!(found(&lifecycle(json!(["Open", "Lost"])), "G006-unreachable-state").is_empty());
    // A method that does not tell where it leads may lead anywhere.
    assert!(found(&lifecycle(json!([])), "G006-unreachable-state").is_empty());
}

#[test]
fn what_is_sent_to_nobody_is_an_error() {
    let model = model(json!({
        "edges": [{ "from": "saga:transfer", "to": "command:account/Deposit", "kind": "sends", "by": "credit" }],
    }));
    let found = findings(&model);
    assert_eq!((found[0].name, found[0].level), ("G007-missing-part", Level::Error));
    assert_eq!(
        found[0].sentence,
        "`transfer` needs `account/Deposit`, which is not part of the domain: list what has it in `domain!`"
    );
}

#[test]
fn the_bank_has_no_errors_and_its_loop_is_seen() {
    let model = model_of::<Bank>();
    assert!(findings(&model).iter().all(|finding| finding.level != Level::Error));
    assert!(found(&model, "G001-loop")[0].contains("account -[dormancy.withdrawn]-> account"));
    assert!(found(&model, "G003-command-from-outside").iter().any(|text| text.contains("`Open`")));
    assert!(found(&model, "G005-unasked-projection").is_empty());
}

#[test]
fn every_rule_has_a_page_and_is_found_by_its_number() {
    for rule in &RULES {
        assert!(rule.page.starts_with(&format!("# {}\n", rule.name)), "{}", rule.name);
        assert!(rule.page.contains(&format!("Level: {}.", rule.level.word())), "{}", rule.name);
        let number = rule.name.split('-').next().expect("a number");
        assert_eq!(Rule::named(number).map(|found| found.name), Some(rule.name));
    }
    assert!(Rule::named("G000").is_none());
}
