/// A command on its way to an aggregate: what [`AggregateId::send`](super::AggregateId::send) returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a dispatch does nothing until it is returned from a step or a reaction"]
pub struct Dispatch<Id, Command> {
    /// The aggregate that is to decide.
    pub to: Id,
    /// What it is to decide about.
    pub command: Command,
}
