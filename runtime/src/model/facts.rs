//! What stands in constants, as data that can be written.

use super::{
    AggregateModel, CommandModel, CompensationModel, EventModel, ImpossibleModel, LifecycleModel,
    PolicyModel, SendModel, StateModel, StepModel, TransitionModel, VersionModel, names::short,
};
use crate::{
    domain::{ActInfo, CommandInfo, EventType, Goal, Lifecycle, Origin, PartInfo, Sending},
    saga::{Saga, StepInfo, StepKind, Undo},
};

/// The variant of a type of event in the source, such as `Opened`.
pub(super) fn variant(event: &EventType) -> &'static str {
    event.source.rsplit("::").next().unwrap_or(event.source)
}

pub(super) fn aggregate(info: &PartInfo) -> AggregateModel {
    AggregateModel {
        name: info.name.to_owned(),
        source: info.source.to_owned(),
        commands: info.commands.iter().map(command).collect(),
        events: info.events.iter().map(event).collect(),
        lifecycle: info.lifecycle.map(|lifecycle| self::lifecycle(lifecycle, info.events)),
        ..AggregateModel::default()
    }
}

fn command(info: &CommandInfo) -> CommandModel {
    CommandModel {
        name: short(info.name),
        handler: info.handler.to_owned(),
        doc: info.doc.to_owned(),
        creates: info.creates,
        states: texts(info.states),
        ..CommandModel::default()
    }
}

fn event(event: &EventType) -> EventModel {
    let versions = event.older.iter().map(|old| (old.version, old.shape));
    EventModel {
        name: event.name.to_owned(),
        source: event.source.to_owned(),
        package: event.package.to_owned(),
        doc: event.doc.to_owned(),
        retired: event.retired,
        versions: versions
            .chain([(event.version, event.shape)])
            .map(|(version, shape)| VersionModel { version, shape: shape.to_string() })
            .collect(),
    }
}

fn lifecycle(lifecycle: &Lifecycle, events: &[EventType]) -> LifecycleModel {
    let stored = |wanted: &str| {
        let found = events.iter().find(|event| variant(event) == wanted);
        found.map_or(wanted, |event| event.name).to_owned()
    };
    let states =
        lifecycle.states.iter().map(|s| StateModel { name: s.name.to_owned(), doc: s.doc.to_owned() });
    let transitions = lifecycle.transitions.iter().map(|transition| TransitionModel {
        event: stored(transition.event),
        begins: transition.from == Origin::Nothing,
        from: match transition.from {
            Origin::Nothing => Vec::new(),
            Origin::States(states) => texts(states),
            Origin::Any => lifecycle.states.iter().map(|state| state.name.to_owned()).collect(),
        },
        to: match transition.to {
            Goal::States(states) => texts(states),
            Goal::Same | Goal::Unknown => Vec::new(),
        },
        stays: transition.to == Goal::Same,
        doc: transition.doc.to_owned(),
    });
    let impossible = lifecycle.impossible.iter().map(|impossible| ImpossibleModel {
        state: impossible.state.to_owned(),
        events: impossible.events.into_iter().flatten().map(|event| stored(event)).collect(),
    });
    LifecycleModel {
        states: states.collect(),
        transitions: transitions.collect(),
        impossible: impossible.collect(),
    }
}

pub(super) fn step<S: Saga>(at: usize, step: &StepInfo) -> StepModel {
    let sends = |undoes: bool| sends(S::ACTS, at, undoes);
    let (undo, reason, compensation) = match &step.undo {
        Undo::Compensation { name, kind, needs_output, policy } => {
            let compensation = CompensationModel {
                name: (*name).to_owned(),
                kind: self::kind(*kind),
                needs_output: *needs_output,
                policy: policy.into(),
                sends: sends(true),
            };
            ("compensation", None, Some(compensation))
        }
        Undo::Nothing { reason } => ("nothing", Some((*reason).to_owned()), None),
        Undo::Pivot => ("pivot", None, None),
        Undo::Retriable => ("retriable", None, None),
    };
    StepModel {
        name: step.name.to_owned(),
        doc: step.doc.to_owned(),
        kind: kind(step.kind),
        undo: undo.to_owned(),
        reason,
        compensation,
        policy: PolicyModel::from(&step.policy),
        output: step.output.to_string(),
        probe: step.probe,
        sends: sends(false),
    }
}

/// What the deadline or the step at a place may send, or what undoes that step.
pub(super) fn sends(acts: &[ActInfo], place: usize, undoes: bool) -> Vec<SendModel> {
    let act = acts.iter().find(|act| act.place == place && act.undoes == undoes);
    act.map(|act| sent(&act.sends)).unwrap_or_default()
}

/// What may be sent, each once.
pub(super) fn sent(sending: &Sending) -> Vec<SendModel> {
    let mut all = Vec::new();
    add_sent(sending, &mut all);
    all
}

fn add_sent(sending: &Sending, all: &mut Vec<SendModel>) {
    let sent = match *sending {
        Sending::Nothing => return,
        Sending::Several(several) => return several.iter().for_each(|sending| add_sent(sending, all)),
        Sending::Command { aggregate, command } => {
            SendModel::Command { aggregate: aggregate.to_owned(), command: short(command()) }
        }
        Sending::Saga { name } => SendModel::Saga { name: name.to_owned() },
        Sending::Timer => SendModel::Timer,
    };
    if !all.contains(&sent) {
        all.push(sent);
    }
}

fn kind(kind: StepKind) -> String {
    match kind {
        StepKind::Command => "command",
        StepKind::Foreign => "foreign",
    }
    .to_owned()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}
