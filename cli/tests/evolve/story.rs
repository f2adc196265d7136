use std::{
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use gesta::store::{Append, Expected, NewEvent, Outcome, Store, StreamId};
use gesta_tests::{Database, Kind};

use super::project::{Ended, Project, ended};

const ADDED: &str = "    Added {\n        /// What.\n        title: String,\n    },\n";
const ADDED_2: &str = "    #[event(version = 2, from(AddedV1))]\n    Added {\n        /// What.\n        title: String,\n        \
                       /// Whether it cannot wait.\n        urgent: bool,\n    },\n";
const UPCASTER: &str = r"
/// As it was stored at first.
#[derive(Deserialize, Schema)]
pub struct AddedV1 {
    title: String,
}

impl From<AddedV1> for TaskEvent {
    fn from(old: AddedV1) -> Self {
        Self::Added { title: old.title, urgent: false }
    }
}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_is_released_changed_and_looked_at() {
    let project = Project::new("tasks");
    project.change("Cargo.toml", "runtime\" }", "runtime\", features = [\"postgres\"] }");
    project.change("src/main.rs", "connect(\"sqlite:tasks.db\")", "connect(&std::env::var(\"STORE\")?)");
    let stores = [
        (Kind::Sqlite, Database::new(Kind::Sqlite).await),
        (Kind::Postgres, Database::new(Kind::Postgres).await),
    ];

    // It runs and tests at once, and the first release is recorded.
    project.cargo(&["test"], "memory:").with(0);
    let open = project.cargo_gesta(&["lock", "--check"]).with(1);
    assert!(open.out.contains("to be recorded: task.added v1"), "{open:?}");
    project.cargo_gesta(&["lock"]).with(0);
    project.cargo_gesta(&["lock", "--check"]).with(0);
    assert!(project.read("gesta.lock").ends_with("\ntask.added v1 {title:string}\ntask.done v1 {}\n"));
    assert_eq!(project.read("gesta.golden"), "task.added v1 {\"title\":\"title\"}\ntask.done v1 {}\n");
    let written = project.cargo_gesta(&["expand", "TaskEvent"]).with(0);
    assert!(written.out.contains("Event for TaskEvent") && !written.out.contains("__private"), "{written:?}");
    for (_, store) in &stores {
        let run = project.cargo(&["run", "--quiet", "--", "call the dentist"], store.url()).with(0);
        assert_eq!(run.out, "call the dentist\n");
    }
    let before = ["gesta.lock", "gesta.golden", "src/lib.rs"].map(|file| (file, project.read(file)));

    // The second release adds a field, and changes the documents.
    project.change("src/lib.rs", ADDED, ADDED_2);
    project.change("src/lib.rs", "title: command.title }", "title: command.title, urgent: true }");
    project.change(
        "src/lib.rs",
        "title: \"write\".into() }\n    }",
        "title: \"write\".into(), urgent: true }\n    }",
    );
    project.change("src/lib.rs", "key = TaskId, version = 1", "key = TaskId, version = 2");
    let source = project.read("src/lib.rs");
    project.write(
        "src/lib.rs",
        &source.replacen(
            "\n/// What a task decides with.",
            &format!("{UPCASTER}\n/// What a task decides with."),
            1,
        ),
    );
    let recorded = project.cargo_gesta(&["lock"]).with(0);
    assert!(recorded.out.contains("recorded: task.added v2"), "{recorded:?}");
    project.write("old.lock", &before[0].1);
    let report = project.cargo_gesta(&["compat", "old.lock", "--json"]).with(0).json();
    assert_eq!(
        (&report["events"][0]["backward"], &report["events"][0]["forward"]),
        (&true.into(), &false.into())
    );
    let told = project.cargo_gesta(&["compat", "old.lock", "--require", "full"]).with(1);
    assert!(told.out.contains("the new code writes v2"), "{told:?}");
    for (kind, store) in &stores {
        new_code_on(&project, *kind, store).await;
    }

    let missing = project.cargo_gesta(&["plan", "--store", "sqlite:nowhere.db"]).with(3);
    assert!(missing.err.contains("nowhere.db") && !missing.err.contains("Compiling"), "{missing:?}");
    // The first release against the stores of the second.
    for (file, text) in &before {
        project.write(file, text);
    }
    for (_, store) in &stores {
        let plan = project.cargo_gesta(&["plan", "--store", store.url(), "--json"]).with(1).json();
        let refusal = &plan["refusals"][0];
        assert_eq!((&refusal["kind"], &refusal["rows"]), (&"unreadable".into(), &1.into()), "{plan}");
        let refused = project.cargo(&["run", "--quiet"], store.url());
        assert!(refused.code != Some(0) && refused.err.contains("task.added"), "{refused:?}");
    }
    for (_, store) in stores {
        store.remove().await;
    }
}

/// What the second release meets, and does.
async fn new_code_on(project: &Project, kind: Kind, store: &Database) {
    let plan = project.cargo_gesta(&["plan", "--store", store.url(), "--json"]).with(0).json();
    let projection = &plan["projections"][0];
    assert_eq!((&projection["live"], &projection["version"]), (&1.into(), &2.into()), "{plan}");
    assert_eq!(projection["state"], "rebuilt", "{plan}");
    // Positions are counted, and a database may leave some out.
    assert!(projection["events"].as_u64().is_some_and(|events| (1..10).contains(&events)), "{plan}");
    assert!(plan["events_per_second"].is_number(), "{plan}");

    cut_off_and_gone_on_with(project, kind).await;

    // The documents are made anew while it runs. On a machine that is busy the query may wait for that in vain; the event
    // is stored by then.
    let run = project.cargo(&["run", "--quiet", "--", "water the plants"], store.url());
    assert!(run.out.contains("water the plants\n") || run.err.contains("Timeout"), "{run:?}");
}

/// A copy whose process is killed in the middle, and one after it.
async fn cut_off_and_gone_on_with(project: &Project, kind: Kind) {
    const TASKS: u64 = 12_000;
    let large = Database::new(kind).await;
    let source = gesta::connect(large.url()).await.unwrap();
    fill(&source, TASKS).await;
    for _ in 0..10 {
        let copy = Database::new(kind).await;
        let target = gesta::connect(copy.url()).await.unwrap();
        let arguments = ["migrate-events", "--yes", "--json", "--from", large.url(), "--to", copy.url()];
        let mut running = project.gesta(&arguments);
        let mut running = running
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while count(&target).await == 0 && begin.elapsed() < Duration::from_secs(300) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // With the program of the domain, which it has started.
        let group = format!("-{}", running.id());
        Command::new("kill").args(["-9", "--", &group]).status().unwrap();
        running.wait().unwrap();
        let cut = count(&target).await;
        let done: Ended = ended(&mut project.gesta(&arguments));
        let done = done.with(0).json();
        assert_eq!((&done["events"], &done["streams"]), (&TASKS.into(), &TASKS.into()), "{done}");
        assert_eq!(done["upcast"][0].to_string(), format!(r#"["task.added",1,2,{TASKS}]"#));
        target.port().close().await;
        copy.remove().await;
        if 0 < cut && cut < TASKS {
            // Positions begin later than with 1 on PostgreSQL, so there are somewhat fewer events than the last one says.
            assert!(done["found"].as_u64().unwrap() + 10 >= cut, "{done}");
            source.port().close().await;
            return large.remove().await;
        }
    }
    panic!("no copy was killed in the middle");
}

async fn count(store: &Store) -> u64 {
    store.port().last_position().await.unwrap().raw()
}

/// Tasks as the first release has stored them.
async fn fill(store: &Store, tasks: u64) {
    let event = |task| NewEvent {
        name: "task.added",
        version: 1,
        payload: format!(r#"{{"title":"task {task} {}"}}"#, "x".repeat(200)).into_bytes(),
    };
    let append = |task: u64| {
        Append::new(StreamId::new("task", &task.to_string()), Expected::Version(0), vec![event(task)])
    };
    for first in (0..tasks).step_by(500) {
        let batch: Vec<Append> = (first..first + 500).map(append).collect();
        let outcomes = store.port().append(&batch).await.unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_))));
    }
}
