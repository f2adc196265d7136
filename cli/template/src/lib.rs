//! A list of tasks, to be replaced by a domain of your own.

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

/// Names a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct TaskId(pub String);

/// What happens to a task. Each variant is stored as `task.added` and so on: `cargo gesta lock` records them in
/// `gesta.lock`, and from then on the compiler refuses a change that stored events would not survive.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum TaskEvent {
    /// Somebody wants something done.
    Added {
        /// What.
        title: String,
    },
    /// It is done.
    Done,
}

/// What a task decides with.
#[aggregate(id = TaskId, event = TaskEvent)]
#[derive(Debug, Default)]
pub struct Task {
    done: bool,
}

#[apply(TaskEvent, ignore(Added))]
impl Task {
    fn done(&mut self) {
        self.done = true;
    }
}

/// Adds a task.
#[derive(Clone, Debug)]
pub struct Add {
    /// What is to be done.
    pub title: String,
}

/// Says that a task is done.
#[derive(Clone, Debug)]
pub struct Finish;

/// Why a command is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum TaskError {
    /// It would not say what to do.
    #[error("a task needs a title")]
    NoTitle,
    /// Once is enough.
    #[error("the task is done already")]
    AlreadyDone,
}

#[command_handler]
impl Task {
    /// Adds a task.
    fn add(command: Add) -> Result<TaskEvent, TaskError> {
        if command.title.is_empty() {
            return Err(TaskError::NoTitle);
        }
        Ok(TaskEvent::Added { title: command.title })
    }

    /// Says that a task is done.
    fn finish(&self, _: Finish) -> Result<TaskEvent, TaskError> {
        if self.done { Err(TaskError::AlreadyDone) } else { Ok(TaskEvent::Done) }
    }
}

/// A task as people look at it: one document for each.
#[projection(key = TaskId, version = 1)]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    title: String,
    #[index]
    done: bool,
}

#[apply(TaskEvent)]
impl Entry {
    fn added(&mut self, title: &str) {
        self.title = title.to_owned();
    }

    fn done(&mut self) {
        self.done = true;
    }
}

/// Asks for the titles of what is still to be done.
#[derive(Clone, Debug)]
pub struct ToDo;

#[query_handler]
impl Entry {
    /// The titles of what is still to be done.
    async fn to_do(_: ToDo, reader: &Reader) -> Result<Vec<String>, ReadError> {
        let open = reader.find::<Entry>().filter(Entry::DONE.eq(false)).limit(100).page().await?;
        Ok(open.documents.into_iter().map(|(_, entry)| entry.title).collect())
    }
}

gesta::domain! {
    /// Tasks and what is still to be done.
    pub Tasks {
        aggregates: [Task],
        projections: [Entry],
        lock: whole,
    }
}

#[cfg(test)]
mod tests {
    use gesta::test::{TestApp, given, given_creating};

    use super::*;

    fn added() -> TaskEvent {
        TaskEvent::Added { title: "write".into() }
    }

    #[test]
    fn a_task_has_a_title() {
        given_creating::<Task, _>(Add { title: "write".into() }).then([added()]);
        given_creating::<Task, _>(Add { title: String::new() }).rejects(TaskError::NoTitle);
    }

    #[test]
    fn a_task_is_done_once() {
        given::<Task>([added()]).when(Finish).then([TaskEvent::Done]);
        given::<Task>([added(), TaskEvent::Done]).when(Finish).rejects(TaskError::AlreadyDone);
    }

    #[tokio::test]
    async fn what_is_done_is_no_longer_to_be_done() {
        let app = TestApp::<Tasks>::start(()).await;
        let id = TaskId("1".into());
        let receipt = app.create(&id, Add { title: "write".into() }).await.expect("a new task");
        assert_eq!(app.query(ToDo).after(receipt.position).await.expect("an answer"), ["write"]);
        let receipt = app.execute(&id, Finish).await.expect("it is done");
        assert!(app.query(ToDo).after(receipt.position).await.expect("an answer").is_empty());
    }
}
