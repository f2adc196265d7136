use serde::{Deserialize, Serialize};

use super::{Model, ReactionModel, SendModel};

/// That one element of a domain leads to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Edge {
    /// What leads, such as `event:account.opened`: the kind of an [`Element`](ElementKind), and its name.
    pub from: String,
    /// What it leads to.
    pub to: String,
    /// How.
    pub kind: EdgeKind,
    /// Where more is to be said: the step, event or deadline by which something is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// How one element of a domain leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EdgeKind {
    /// A command is decided by an aggregate.
    Decided,
    /// An aggregate records an event.
    Records,
    /// An event changes the documents of a projection.
    Changes,
    /// An event is handled, by an event handler or a process manager.
    Handled,
    /// An event, or another saga, starts a saga.
    Starts,
    /// A saga or a process manager may send a command.
    Sends,
    /// A projection answers a query.
    Answers,
}

/// What kind of element something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ElementKind {
    /// A command; its name is `account/Withdraw`.
    Command,
    /// An aggregate.
    Aggregate,
    /// A type of event.
    Event,
    /// A saga.
    Saga,
    /// A process manager.
    ProcessManager,
    /// A projection.
    Projection,
    /// A query.
    Query,
    /// An event handler.
    EventHandler,
}

impl ElementKind {
    const ALL: [Self; 8] = [
        Self::Command,
        Self::Aggregate,
        Self::Event,
        Self::Saga,
        Self::ProcessManager,
        Self::Projection,
        Self::Query,
        Self::EventHandler,
    ];

    /// What stands before the name of such an element.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Aggregate => "aggregate",
            Self::Event => "event",
            Self::Saga => "saga",
            Self::ProcessManager => "process_manager",
            Self::Projection => "projection",
            Self::Query => "query",
            Self::EventHandler => "event_handler",
        }
    }

    /// An element of this kind, as edges name it.
    pub fn element(self, name: &str) -> String {
        format!("{}:{name}", self.word())
    }

    /// The kind and the name of an element as edges name it.
    pub fn parse(element: &str) -> Option<(Self, &str)> {
        let (word, name) = element.split_once(':')?;
        Self::ALL.into_iter().find(|kind| kind.word() == word).map(|kind| (kind, name))
    }
}

/// A command as edges name it.
pub(super) fn command(aggregate: &str, command: &str) -> String {
    ElementKind::Command.element(&format!("{aggregate}/{command}"))
}

/// Who causes what, in the order of the elements, each once.
pub(super) fn edges(model: &Model) -> Vec<Edge> {
    use EdgeKind::{Answers, Changes, Decided, Records, Starts};
    use ElementKind::{Aggregate, Event, EventHandler, ProcessManager, Projection, Query, Saga};
    let mut edges = Edges(Vec::new());
    for aggregate in &model.aggregates {
        let own = Aggregate.element(&aggregate.name);
        for found in &aggregate.commands {
            edges.add(command(&aggregate.name, &found.name), own.clone(), Decided, None);
        }
        for event in &aggregate.events {
            edges.add(own.clone(), Event.element(&event.name), Records, None);
        }
    }
    for saga in &model.sagas {
        let own = Saga.element(&saga.name);
        for start in &saga.started_by {
            edges.add(Event.element(&start.event), own.clone(), Starts, None);
        }
        for step in &saga.steps {
            edges.sends(&own, &step.name, &step.sends);
            if let Some(undo) = &step.compensation {
                edges.sends(&own, &undo.name, &undo.sends);
            }
        }
    }
    for process in &model.process_managers {
        let own = ProcessManager.element(&process.name);
        edges.handled(&own, &process.reactions);
        for reaction in &process.reactions {
            edges.sends(&own, &reaction.event, &reaction.sends);
        }
        for deadline in &process.deadlines {
            edges.sends(&own, &deadline.name, &deadline.sends);
        }
    }
    for projection in &model.projections {
        let own = Projection.element(&projection.name);
        for fold in &projection.folds {
            for event in fold.applies.iter().chain(&fold.deletes) {
                edges.add(Event.element(event), own.clone(), Changes, None);
            }
        }
    }
    for query in &model.queries {
        edges.add(Projection.element(&query.projection), Query.element(&query.name), Answers, None);
    }
    for handler in &model.event_handlers {
        edges.handled(&EventHandler.element(&handler.name), &handler.reactions);
    }
    edges.0
}

struct Edges(Vec<Edge>);

impl Edges {
    fn add(&mut self, from: String, to: String, kind: EdgeKind, by: Option<&str>) {
        let edge = Edge { from, to, kind, by: by.map(str::to_owned) };
        if !self.0.contains(&edge) {
            self.0.push(edge);
        }
    }

    fn handled(&mut self, by: &str, reactions: &[ReactionModel]) {
        for reaction in reactions {
            self.add(ElementKind::Event.element(&reaction.event), by.to_owned(), EdgeKind::Handled, None);
        }
    }

    fn sends(&mut self, from: &str, by: &str, sent: &[SendModel]) {
        for sent in sent {
            match sent {
                SendModel::Command { aggregate, command: name } => {
                    self.add(from.to_owned(), command(aggregate, name), EdgeKind::Sends, Some(by));
                }
                SendModel::Saga { name } => {
                    let saga = ElementKind::Saga.element(name);
                    self.add(from.to_owned(), saga, EdgeKind::Starts, Some(by));
                }
                SendModel::Timer => {}
            }
        }
    }
}
