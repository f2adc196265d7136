//! The steps of a saga: what stands on its methods, and what each of them is given.

pub(crate) mod marks;
pub(crate) mod read;
pub(crate) mod starts;

use syn::{Ident, LitStr, Type};

use crate::{
    parameters::{Dependency, last_arguments},
    policy::Tries,
};

pub(crate) struct Step {
    pub(crate) name: Option<LitStr>,
    pub(crate) call: Call,
    /// None where a mistake was told.
    pub(crate) undo: Option<Undo>,
    pub(crate) probe: Option<Call>,
    pub(crate) tries: Tries,
    /// What is said of it.
    pub(crate) doc: String,
}

pub(crate) enum Undo {
    Compensation(Box<Call>, Tries),
    Nothing(LitStr),
    Pivot,
    Retriable,
}

/// A method, and what it is given.
pub(crate) struct Call {
    /// As it is named where it is used: in `compensate = refund`, or the method itself.
    pub(crate) name: Ident,
    pub(crate) is_async: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) result: Type,
}

pub(crate) enum Parameter {
    /// The output of a step, by its place, and the type behind the `&`.
    Output(usize, Type),
    /// `&IdempotencyKey`
    Key(Type),
    Dependency(Dependency),
}

impl Step {
    /// Its name in the store.
    pub(crate) fn stored_name(&self) -> String {
        self.name.as_ref().map_or_else(|| plain(&self.call.name), LitStr::value)
    }

    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        let undo = match &self.undo {
            Some(Undo::Compensation(call, _)) => Some(&**call),
            _ => None,
        };
        [Some(&self.call), undo, self.probe.as_ref()].into_iter().flatten()
    }
}

impl Call {
    /// Whether it takes the output of this step.
    pub(crate) fn takes(&self, step: usize) -> bool {
        self.parameters.iter().any(|parameter| matches!(parameter, Parameter::Output(of, _) if *of == step))
    }

    /// The output and the error of `Result<Output, Error>`, where it is written like that.
    pub(crate) fn output_and_error(&self) -> Option<(&Type, &Type)> {
        match &last_arguments(&self.result)[..] {
            [output, error] => Some((*output, *error)),
            _ => None,
        }
    }

    pub(crate) fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Dependency(dependency) => Some(dependency),
            _ => None,
        })
    }
}

/// A name without the `r#` of a keyword.
pub(crate) fn plain(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}
