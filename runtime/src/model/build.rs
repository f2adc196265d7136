use std::any::type_name;

use serde_json::Value;

use super::{
    CommandModel, DeadlineModel, EventHandlerModel, FoldModel, Model, PolicyModel, ProcessManagerModel,
    ProjectionModel, QueryModel, ReactionModel, SagaModel, edges, facts,
    names::{dependencies, short},
};
use crate::{
    domain::{
        Aggregate, CommandHandlers, CommandOf, Commands, Domain, Event, EventHandler, EventOf, Evolve,
        FollowerInfo, FollowerKind, Projection, React, Reactions, Sending,
    },
    process_manager::{Inputs, Manage, ProcessManager},
    query::QueryHandlers,
    saga::{Saga, StartOn, Starts},
};

/// What the parts of a domain are described to, each by its type. Whatever it does not ask for says nothing to it.
pub trait Describe {
    /// An aggregate.
    fn aggregate<A: CommandHandlers>(&mut self) {}
    /// How the state of an aggregate can be shown. A domain that is written by hand need not say it.
    fn shows<A: CommandHandlers>(&mut self, shown: Shown<A>) {
        let _ = shown;
    }
    /// A projection.
    fn projection<P: Projection>(&mut self) {}
    /// That the documents of a projection are folded from these events.
    fn fold<P: Projection + Evolve<E>, E: Event + EventOf>(&mut self) {}
    /// What a projection is asked.
    fn queries<P: QueryHandlers>(&mut self) {}
    /// An event handler.
    fn event_handler<H: EventHandler>(&mut self) {}
    /// A saga.
    fn saga<S: Saga>(&mut self) {}
    /// A process manager.
    fn process_manager<P: ProcessManager>(&mut self) {}
}

/// What writes a state as JSON.
pub type ToJson<A> = fn(&A) -> Result<Value, serde_json::Error>;

/// How the state of an aggregate can be shown, as far as its type allows.
#[derive(Clone, Copy, Debug)]
pub struct Shown<A> {
    /// As JSON, where the type is `Serialize`. It fails where JSON has no form for a value.
    pub json: Option<ToJson<A>>,
    /// As text, where the type is `Debug`.
    pub text: Option<fn(&A) -> String>,
}

/// A model being built: what the domain lists, and then what the types of its parts add to that.
#[derive(Debug)]
pub(crate) struct Building(Model);

impl Building {
    /// What the domain lists.
    pub(crate) fn of<D: Domain>() -> Self {
        let mut model = Model {
            framework: env!("CARGO_PKG_VERSION").to_owned(),
            package: D::PACKAGE.to_owned(),
            domain: D::NAME.to_owned(),
            doc: D::DOC.to_owned(),
            aggregates: D::PARTS.iter().map(facts::aggregate).collect(),
            ..Model::default()
        };
        D::FOLLOWERS.iter().for_each(|info| follower(&mut model, info));
        Self(model)
    }

    pub(crate) fn finish(mut self) -> Model {
        self.0.edges = edges::edges(&self.0);
        self.0
    }
}

fn follower(model: &mut Model, info: &FollowerInfo) {
    let (name, source) = (info.name.to_owned(), info.source.to_owned());
    match info.kind {
        FollowerKind::Projection => {
            model.projections.push(ProjectionModel { name, source, ..ProjectionModel::default() });
        }
        FollowerKind::EventHandler => {
            model.event_handlers.push(EventHandlerModel { name, source, ..EventHandlerModel::default() });
        }
        FollowerKind::Saga => {
            model.sagas.push(SagaModel { name, source, version: info.version, ..SagaModel::default() });
        }
        FollowerKind::ProcessManager => {
            let process = ProcessManagerModel { name, source, ..ProcessManagerModel::default() };
            model.process_managers.push(process);
        }
    }
}

impl Describe for Building {
    fn aggregate<A: CommandHandlers>(&mut self) {
        let Some(found) = self.0.aggregates.iter_mut().find(|found| found.name == A::NAME) else { return };
        A::PACKAGE.clone_into(&mut found.package);
        A::DOC.clone_into(&mut found.doc);
        found.id = short(type_name::<A::Id>());
        found.snapshot_every = A::SNAPSHOT.map(|policy| policy.every);
        found.snapshot_shape = A::SNAPSHOT_SHAPE.map(|shape| shape.to_string());
        let mut types = CommandTypes(Vec::new());
        A::commands(&mut types);
        for (command, of_type) in found.commands.iter_mut().zip(types.0) {
            // The source may call it by another name.
            command.name = of_type.name;
            command.error = of_type.error;
            command.dependencies = of_type.dependencies;
        }
    }

    fn projection<P: Projection>(&mut self) {
        let of_name = |found: &ProjectionModel| found.name == P::NAME;
        let found = listed(&mut self.0.projections, of_name, || {
            let (name, source) = (P::NAME.to_owned(), short(type_name::<P>()));
            ProjectionModel { name, source, ..ProjectionModel::default() }
        });
        if let Some(found) = found {
            P::DOC.clone_into(&mut found.doc);
            found.version = P::VERSION;
            found.key = short(type_name::<P::Key>());
            found.inline = P::INLINE;
            found.indexes = P::INDEXES.iter().map(|&name| name.to_owned()).collect();
        }
    }

    fn fold<P: Projection + Evolve<E>, E: Event + EventOf>(&mut self) {
        let Some(found) = self.0.projections.iter_mut().find(|found| found.name == P::NAME) else { return };
        let named = |wanted: fn(&str) -> bool| -> Vec<String> {
            E::TYPES
                .iter()
                .filter(|event| wanted(facts::variant(event)))
                .map(|event| event.name.to_owned())
                .collect()
        };
        found.folds.push(FoldModel {
            aggregate: E::Aggregate::NAME.to_owned(),
            by: P::BY.map(str::to_owned),
            applies: named(|variant| !P::IGNORES.contains(&variant)),
            ignores: named(|variant| P::IGNORES.contains(&variant)),
            deletes: named(|variant| P::DELETES.contains(&variant)),
        });
    }

    fn queries<P: QueryHandlers>(&mut self) {
        self.0.queries.extend(P::QUERIES.iter().map(|query| QueryModel {
            name: short(query.name),
            projection: P::NAME.to_owned(),
            handler: query.handler.to_owned(),
            returns: query.returns.to_owned(),
            doc: query.doc.to_owned(),
        }));
    }

    fn event_handler<H: EventHandler>(&mut self) {
        let of_name = |found: &EventHandlerModel| found.name == H::NAME;
        let found = listed(&mut self.0.event_handlers, of_name, || {
            let (name, source) = (H::NAME.to_owned(), short(type_name::<H>()));
            EventHandlerModel { name, source, ..EventHandlerModel::default() }
        });
        if let Some(found) = found {
            H::DOC.clone_into(&mut found.doc);
            H::reactions(&mut Handled(&mut found.reactions));
            found.policy = Some(PolicyModel::from(&H::policy()));
            found.dependencies = dependencies(type_name::<H::Deps<'static>>());
        }
    }

    fn saga<S: Saga>(&mut self) {
        // A domain that is written by hand need not tell the versions.
        let is_this =
            |found: &SagaModel| found.name == S::NAME && (found.version == S::VERSION || found.version == 0);
        let found = listed(&mut self.0.sagas, is_this, || {
            let (name, source) = (S::NAME.to_owned(), short(type_name::<S>()));
            SagaModel { name, source, ..SagaModel::default() }
        });
        if let Some(found) = found {
            found.version = S::VERSION;
            S::PACKAGE.clone_into(&mut found.package);
            S::DOC.clone_into(&mut found.doc);
            found.data_shape = S::DATA_SHAPE.map(|shape| shape.to_string());
            S::starts(&mut StartedBy(&mut found.started_by));
            found.steps = S::STEPS.iter().enumerate().map(|(at, step)| facts::step::<S>(at, step)).collect();
            found.dependencies = dependencies(type_name::<S::Deps<'static>>());
        }
    }

    fn process_manager<P: ProcessManager>(&mut self) {
        let of_name = |found: &ProcessManagerModel| found.name == P::NAME;
        let found = listed(&mut self.0.process_managers, of_name, || {
            let (name, source) = (P::NAME.to_owned(), short(type_name::<P>()));
            ProcessManagerModel { name, source, ..ProcessManagerModel::default() }
        });
        let Some(found) = found else { return };
        P::DOC.clone_into(&mut found.doc);
        found.key = short(type_name::<P::Key>());
        P::inputs(&mut Managed(&mut found.reactions));
        found.policy = Some(PolicyModel::from(&P::policy()));
        let deadline = |(at, name): (usize, &&str)| DeadlineModel {
            name: (*name).to_owned(),
            doc: doc_at(P::DEADLINE_DOCS, at),
            sends: facts::sends(P::ACTS, at, false),
        };
        found.deadlines = P::DEADLINES.iter().enumerate().map(deadline).collect();
    }
}

/// The part that the domain lists, or a new one: a domain that is written by hand may only describe it.
fn listed<T>(parts: &mut Vec<T>, is_this: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> Option<&mut T> {
    if !parts.iter().any(&is_this) {
        parts.push(new());
    }
    parts.iter_mut().find(|part| is_this(part))
}

/// The commands of an aggregate, as their types tell.
struct CommandTypes(Vec<CommandModel>);

impl<A: CommandHandlers> Commands<A> for CommandTypes {
    fn command<C: CommandOf<A>>(&mut self) {
        self.0.push(CommandModel {
            name: short(type_name::<C>()),
            error: short(type_name::<C::Error>()),
            dependencies: dependencies(type_name::<C::Deps<'static>>()),
            ..CommandModel::default()
        });
    }
}

struct Handled<'a>(&'a mut Vec<ReactionModel>);

impl<H: EventHandler> Reactions<H> for Handled<'_> {
    fn on<E: Event>(&mut self)
    where
        H: React<E>,
    {
        add::<E>(self.0, H::VARIANTS, H::DOCS, &[]);
    }
}

struct StartedBy<'a>(&'a mut Vec<ReactionModel>);

impl<S: Saga> Starts<S> for StartedBy<'_> {
    fn on<E: Event>(&mut self)
    where
        S: StartOn<E>,
    {
        add::<E>(self.0, S::VARIANTS, S::DOCS, &[]);
    }
}

struct Managed<'a>(&'a mut Vec<ReactionModel>);

impl<P: ProcessManager> Inputs<P> for Managed<'_> {
    fn on<E: Event>(&mut self)
    where
        P: Manage<E>,
    {
        add::<E>(self.0, P::VARIANTS, P::DOCS, P::SENDS);
    }
}

/// Adds a reaction for each variant. Two methods may react to one, each to some values of it: they are put together.
fn add<E: Event>(to: &mut Vec<ReactionModel>, variants: &[&str], docs: &[&str], sends: &[Sending]) {
    for (at, &variant) in variants.iter().enumerate() {
        let known = E::TYPES.iter().find(|event| facts::variant(event) == variant);
        let event = known.map_or(variant, |event| event.name);
        let (list, doc) = (sends.get(at).map(facts::sent).unwrap_or_default(), doc_at(docs, at));
        match to.iter_mut().find(|reaction| reaction.event == event) {
            Some(reaction) => {
                if !doc.is_empty() && !reaction.doc.contains(&doc) {
                    reaction.doc = format!("{}\n\n{doc}", reaction.doc).trim().to_owned();
                }
                let more: Vec<_> = list.into_iter().filter(|sent| !reaction.sends.contains(sent)).collect();
                reaction.sends.extend(more);
            }
            None => to.push(ReactionModel { event: event.to_owned(), doc, sends: list }),
        }
    }
}

fn doc_at(docs: &[&str], at: usize) -> String {
    docs.get(at).copied().unwrap_or_default().to_owned()
}
