//! What is told to scripts and people when something cannot be done, and what is left of it.

use clap::CommandFactory;
use gesta_tests::{Folder, Kind};
use serde_json::Value;

use crate::{
    kit::{Running, gesta, program, read_a_little, run},
    town::{CODE, Scene, on_both},
};

on_both!(
    failures_are_json_for_programs,
    what_is_done_of_several_stays_told,
    the_end_of_a_stream_is_known_without_its_code,
    a_generation_is_dropped_by_somebody,
    ctrl_c_ends_what_goes_on_for_ever,
);

/// The failure as a program reads it.
fn told(ran: &crate::kit::Ran) -> (String, u64, String) {
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!((lines.len(), &*ran.out), (1, ""), "{ran:?}");
    let told: Value = serde_json::from_str(lines[0]).unwrap();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    assert_eq!(told["code"].as_i64(), ran.code.map(i64::from));
    (text("error"), told["code"].as_u64().unwrap(), text("message"))
}

async fn failures_are_json_for_programs(scene: &Scene) {
    let (kind, code, message) = told(&gesta(scene.url(), &["--json", "stream", "account/no\u{9b}body"]));
    assert_eq!((&*kind, code), ("not-found", 3));
    assert!(message.starts_with("there is no stream account/no"), "{message}");
    let (kind, code, _) = told(&gesta(scene.url(), &["log", "-f", "cat=x", "--json"]));
    assert_eq!((&*kind, code), ("usage", 2));
    let (kind, code, message) = told(&run(&["dance", "--json"]));
    assert_eq!((&*kind, code), ("usage", 2));
    assert!(message.contains("unrecognized subcommand"), "{message}");
    let (kind, code, _) = told(&gesta(scene.url(), &["subscriptions", "pause", "statements", "--json"]));
    assert_eq!((&*kind, code), ("not-confirmed", 5));
    let (kind, code, _) = told(&gesta("postgres://nobody@127.0.0.1:1/none", &["streams", "--json"]));
    assert_eq!((&*kind, code), ("unavailable", 4));
}

async fn what_is_done_of_several_stays_told(scene: &Scene) {
    let ran = gesta(scene.url(), &["sagas", "retry", "payment/none", "payment/p-1", "--yes"]);
    let ran = ran.fails(3, "1 of 2 are as they were: payment/none: ");
    assert_eq!(ran.out, "payment/p-1 is retried\n");
    let events = gesta(scene.url(), &["log", "-f", "event=saga.payment.retried", "--json"]).well().lines();
    assert_eq!(events.len(), 1);
}

async fn the_end_of_a_stream_is_known_without_its_code(scene: &Scene) {
    let state =
        |name: &str, at: &str| gesta(scene.url(), &[&["state", name, "--at", at], &CODE[..]].concat());
    state("account/ann", "0").fails(2, "--at");
    state("account/ann", "5").fails(3, "account/ann has only 4 events");
    state("account/no body/\u{1f980}", "5").fails(3, "there is no stream account/no body/\u{1f980}");
}

async fn a_generation_is_dropped_by_somebody(scene: &Scene) {
    let store = gesta::connect(scene.url()).await.unwrap();
    let side = store.port().read_side().unwrap();
    side.declare_generation("balance", 7).await.unwrap();
    side.declare("balance@7", 4, gesta::domain::Position::START).await.unwrap();
    store.port().close().await;
    let drop = ["projections", "drop", "balance@7", "--actor", "olga", "--reason", "too many"];
    gesta(scene.url(), &drop).fails(5, "nobody to ask");
    gesta(scene.url(), &[&drop[..], &["--yes"]].concat()).well();
    gesta(scene.url(), &[&drop[..], &["--yes"]].concat()).fails(3, "no projection `balance@7`");
    let told = gesta(scene.url(), &["log", "-f", "event=gesta.subscription_changed", "--json"]).well().json();
    assert_eq!(
        (&told["stream"], &told["payload"]["change"], &told["payload"]["actor"]),
        (&"gesta/balance@7".into(), &"dropped".into(), &"olga".into())
    );
}

async fn ctrl_c_ends_what_goes_on_for_ever(scene: &Scene) {
    let following = Running::start(&["--store", scene.url(), "log", "--follow", "--json"]);
    following.line();
    assert_eq!(following.interrupt(), Some(130));
}

/// An export that cannot be written to its end leaves nothing that looks like one.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_without_room_leaves_nothing() {
    let scene = Scene::new(Kind::Postgres).await;
    let folder = Folder::new();
    let file = folder.path("all.ndjson");
    gesta(scene.url(), &["export", "/nowhere/at.all"]).fails(2, "cannot be made");
    // No file may be longer than a block or two.
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let ran = std::process::Command::new("sh")
        .args(["-c", limited])
        .arg(program(&[]).get_program())
        .args(["--store", scene.url(), "export", file.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.code() == Some(6) && said.contains("is taken away"), "{said}");
    assert!(!file.exists());
    gesta(scene.url(), &["export", file.to_str().unwrap()]).well();
    scene.remove().await;
}

#[test]
fn a_reader_of_a_completion_may_stop() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = read_a_little(&["completion", shell]);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{shell}");
    }
}

/// The help of every command has an example.
#[test]
fn every_command_has_an_example() {
    fn look(command: &clap::Command, path: &str, without: &mut Vec<String>) {
        for part in command.get_subcommands().filter(|part| part.get_name() != "help") {
            let path = format!("{path} {}", part.get_name());
            let help = part.get_after_help().map(ToString::to_string).unwrap_or_default();
            if !help.contains("Example") || !help.contains("  gesta ") {
                without.push(path.clone());
            }
            look(part, &path, without);
        }
    }
    let mut without = Vec::new();
    look(&gesta_cli::operate::Arguments::command(), "gesta", &mut without);
    assert_eq!(without, [] as [String; 0]);
}
