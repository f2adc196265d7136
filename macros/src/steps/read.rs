//! Reading the methods of a saga: its steps, their compensations and probes.

use syn::{FnArg, Ident, ReturnType, Type};

use super::{
    Call, Parameter, Step, Undo,
    marks::{Marks, StepMark, UndoMark},
    plain,
};
use crate::{
    errors::Errors,
    impl_block::{self, Access, ImplBlock, Method, without_self},
    messages::saga as messages,
    naming::type_text,
    parameters::{Borrowed, Dependency, is_called, last_arguments, read_borrowed, sends},
    policy::Tries,
    source::documentation,
};

/// The methods of the block, in their order.
pub(crate) struct Methods<'a> {
    ty: &'a Type,
    all: Vec<&'a Method>,
}

impl<'a> Methods<'a> {
    pub(crate) fn new(block: &'a ImplBlock) -> Self {
        Self { ty: &block.ty, all: block.methods().collect() }
    }

    fn place(&self, name: &Ident) -> Option<usize> {
        self.all.iter().position(|method| method.signature.ident == *name)
    }
}

/// A step as far as its signature tells.
struct Head {
    name: String,
    /// What later steps get of it, as people write it.
    output: Option<String>,
}

/// `started`: the places of the functions that start the saga. `sound`: whether what stands on the methods has no mistake, so that what is missing is missing indeed.
pub(crate) fn read_steps(
    methods: &Methods<'_>,
    marks: Vec<Marks>,
    started: Vec<usize>,
    sound: bool,
    errors: &mut Errors,
) -> Vec<Step> {
    let is_step: Vec<bool> = marks.iter().map(|marks| marks.step.is_some()).collect();
    let marked = methods.all.iter().zip(&is_step).filter(|(_, is_step)| **is_step);
    let heads: Vec<Head> = marked.map(|(method, _)| read_head(method)).collect();
    let (step_marks, undo_marks): (Vec<_>, Vec<_>) =
        marks.into_iter().map(|marks| (marks.step, marks.compensation)).unzip();
    let before = errors.count();
    let mut reader = Reader { methods, heads: &heads, is_step: &is_step, undo_marks, used: started };
    let mut steps = Vec::new();
    for (method, mark) in methods.all.iter().zip(step_marks) {
        if let Some(mark) = mark {
            steps.push(reader.read_step(method, mark, steps.len(), errors));
        }
    }
    // Where a name was not found, it may be the one that is missing here.
    if sound && errors.count() == before {
        reader.check_all_used(errors);
    }
    steps.into_iter().flatten().collect()
}

fn read_head(method: &Method) -> Head {
    let signature = &method.signature;
    let result = match &signature.output {
        ReturnType::Type(_, ty) => Some(&**ty),
        ReturnType::Default => None,
    };
    let output = result.and_then(|ty| match last_arguments(ty)[..] {
        [output, _] if signature.asyncness.is_some() => Some(type_text(output)),
        _ if signature.asyncness.is_some() => None,
        _ if is_called(ty, "Option") => Some("Option<Receipt>".into()),
        _ if is_called(ty, "Vec") => Some("Vec<Receipt>".into()),
        _ => Some("Receipt".into()),
    });
    Head { name: plain(&signature.ident), output }
}

struct Reader<'a> {
    methods: &'a Methods<'a>,
    heads: &'a [Head],
    is_step: &'a [bool],
    /// What stands on each method of how it is tried as a compensation.
    undo_marks: Vec<Option<Tries>>,
    /// The methods that a step has named.
    used: Vec<usize>,
}

/// For whom a method is called.
#[derive(Clone, Copy)]
struct Scope {
    /// The step's place.
    step: usize,
    role: Role,
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Step,
    Compensation,
    Probe,
}

impl Reader<'_> {
    fn read_step(
        &mut self,
        method: &Method,
        mark: StepMark,
        step: usize,
        errors: &mut Errors,
    ) -> Option<Step> {
        let StepMark { name, undo, probe, tries } = mark;
        let call = self.read_call(method, &method.signature.ident, Scope { step, role: Role::Step }, errors);
        let undo = undo.and_then(|undo| self.read_undo(undo, step, errors));
        let probe = probe.and_then(|probe| {
            if method.signature.asyncness.is_none() {
                errors.push(&probe, messages::probe_of_a_command(&method.signature.ident.to_string()));
                self.used.extend(self.methods.place(&probe));
                return None;
            }
            self.read_named(&probe, Scope { step, role: Role::Probe }, errors).map(|(_, call)| call)
        });
        let doc = documentation(&method.attrs);
        Some(Step { name, call: call?, undo, probe, tries, doc })
    }

    fn read_undo(&mut self, undo: UndoMark, step: usize, errors: &mut Errors) -> Option<Undo> {
        Some(match undo {
            UndoMark::Nothing(reason) => Undo::Nothing(reason),
            UndoMark::Pivot => Undo::Pivot,
            UndoMark::Retriable => Undo::Retriable,
            UndoMark::Compensate(name) => {
                let (place, call) =
                    self.read_named(&name, Scope { step, role: Role::Compensation }, errors)?;
                let tries = self.undo_marks.get(place).cloned().flatten().unwrap_or_default();
                Undo::Compensation(Box::new(call), tries)
            }
        })
    }

    /// A method that a step has named.
    fn read_named(&mut self, name: &Ident, scope: Scope, errors: &mut Errors) -> Option<(usize, Call)> {
        let word = name.to_string();
        let probe = scope.role == Role::Probe;
        let Some((place, method)) =
            self.methods.place(name).and_then(|place| Some((place, *self.methods.all.get(place)?)))
        else {
            let others = self.methods.all.iter().zip(self.is_step).filter(|(_, is_step)| !**is_step);
            let names: Vec<String> = others.map(|(method, _)| method.signature.ident.to_string()).collect();
            let names = names.iter().map(String::as_str);
            errors.push(
                name,
                if probe {
                    messages::unknown_probe(&word, names)
                } else {
                    messages::unknown_compensation(&word, names)
                },
            );
            return None;
        };
        if self.is_step.get(place) == Some(&true) {
            let message = if probe {
                messages::probed_by_a_step(&word)
            } else {
                messages::compensated_by_a_step(&word)
            };
            errors.push(name, message);
            return None;
        }
        self.used.push(place);
        if probe && method.signature.asyncness.is_none() {
            errors.push(&method.signature.ident, messages::probe_is_not_async(&word));
            return None;
        }
        Some((place, self.read_call(method, name, scope, errors)?))
    }

    fn read_call(&self, method: &Method, name: &Ident, scope: Scope, errors: &mut Errors) -> Option<Call> {
        let before = errors.count();
        check_method(method, errors);
        let result = read_result(method, errors);
        // Which parameters it may have follows from what it is.
        let parameters = match result {
            Some(_) => method
                .parameters()
                .filter_map(|input| self.read_parameter(input, method, scope, errors))
                .collect(),
            None => Vec::new(),
        };
        let result = result.filter(|_| errors.count() == before)?;
        Some(Call {
            name: name.clone(),
            is_async: method.signature.asyncness.is_some(),
            parameters,
            result: syn::parse2(without_self(&result, self.methods.ty)).unwrap_or(result),
        })
    }

    fn read_parameter(
        &self,
        input: Result<impl_block::Parameter<'_>, &FnArg>,
        method: &Method,
        scope: Scope,
        errors: &mut Errors,
    ) -> Option<Parameter> {
        let caller = method.signature.ident.to_string();
        if let Ok(parameter) = &input
            && let Some(of) = self.heads.iter().position(|head| head.name == plain(parameter.name))
        {
            let message = self.out_of_reach(of, scope, &caller);
            match (message, parameter.ty) {
                (Some(message), _) => errors.push(parameter.name, message),
                (None, Type::Reference(reference)) if reference.mutability.is_none() => {
                    return Some(Parameter::Output(of, (*reference.elem).clone()));
                }
                (None, Type::Reference(other)) => {
                    let ty = type_text(&other.elem);
                    errors.push(parameter.ty, messages::output_by_value(&plain(parameter.name), &ty));
                }
                (None, other) => {
                    let message = messages::output_by_value(&plain(parameter.name), &type_text(other));
                    errors.push(other, message);
                }
            }
            return None;
        }
        let Borrowed { name, inner, outside } = read_borrowed(input, self.methods.ty, errors)?;
        if is_called(inner, "IdempotencyKey") {
            return Some(Parameter::Key(outside));
        }
        let ty = type_text(inner);
        let meant = self.steps_with(&ty, scope);
        if !meant.is_empty() {
            errors.push(name, messages::not_a_step(&name.to_string(), &ty, &meant));
            return None;
        }
        if method.signature.asyncness.is_none() {
            let steps = self.heads.iter().map(|head| head.name.as_str());
            let hint = crate::messages::did_you_mean(&name.to_string(), steps);
            errors.push(name, messages::command_with_dependency(&caller, &name.to_string(), &hint));
            return None;
        }
        Dependency::read(&name.to_string(), inner, outside, errors).map(Parameter::Dependency)
    }

    /// Why the output of a step cannot be had, if it cannot.
    fn out_of_reach(&self, of: usize, scope: Scope, caller: &str) -> Option<String> {
        let name = |step: usize| self.heads.get(step).map_or("", |head| head.name.as_str());
        match scope.role {
            _ if of < scope.step => None,
            Role::Compensation if of == scope.step => None,
            Role::Compensation => Some(messages::undoes_without(caller, name(scope.step), name(of))),
            Role::Step if of == scope.step => Some(messages::uses_itself(caller)),
            _ => Some(messages::uses_later(caller, name(of))),
        }
    }

    /// The steps whose output has this type: those that can be had, or if there are none, all.
    fn steps_with(&self, ty: &str, scope: Scope) -> Vec<&str> {
        let with = |reach: &dyn Fn(usize) -> bool| -> Vec<&str> {
            let found = self
                .heads
                .iter()
                .enumerate()
                .filter(|(at, head)| reach(*at) && head.output.as_deref() == Some(ty));
            found.map(|(_, head)| head.name.as_str()).collect()
        };
        let own = usize::from(scope.role == Role::Compensation);
        let in_reach = with(&|at| at < scope.step + own);
        if in_reach.is_empty() { with(&|_| true) } else { in_reach }
    }

    /// A method that no step names was meant to be something.
    fn check_all_used(&self, errors: &mut Errors) {
        for (place, method) in self.methods.all.iter().enumerate() {
            if self.is_step.get(place) == Some(&true) || self.used.contains(&place) {
                continue;
            }
            let name = &method.signature.ident;
            let marked = self.undo_marks.get(place).is_some_and(Option::is_some);
            let text = name.to_string();
            errors.push(
                name,
                if marked { messages::compensates_nothing(&text) } else { messages::neither(&text) },
            );
        }
    }
}

/// What a method returns: something to be sent, or where it is async a result.
fn read_result(method: &Method, errors: &mut Errors) -> Option<Type> {
    let name = &method.signature.ident;
    let is_async = method.signature.asyncness.is_some();
    match &method.signature.output {
        ReturnType::Default => errors.push(name, messages::no_result(&name.to_string())),
        ReturnType::Type(_, ty) if !matches!(&**ty, Type::Path(_)) => {
            errors.push(ty, messages::not_a_type(&name.to_string()));
        }
        ReturnType::Type(_, ty) if is_async && sends(ty) => {
            errors.push(method.signature.asyncness, messages::async_command(&name.to_string()));
        }
        ReturnType::Type(_, ty) if !is_async && is_called(ty, "Result") => {
            errors.push(ty, messages::sync_result(&name.to_string()));
        }
        // An alias such as `io::Result<..>` may hide a result; what it is in truth is asked of the compiler.
        ReturnType::Type(_, ty) if is_async && (is_called(ty, "Option") || is_called(ty, "Vec")) => {
            errors.push(ty, messages::not_a_result(&name.to_string()));
        }
        ReturnType::Type(_, ty) => return Some((**ty).clone()),
    }
    None
}

/// A method of the block reads the data and changes nothing.
fn check_method(method: &Method, errors: &mut Errors) {
    let signature = &method.signature;
    let name = signature.ident.to_string();
    match method.access() {
        Access::Shared => {}
        Access::None => errors.push(&signature.ident, messages::no_self(&name)),
        Access::Mutable | Access::Owned => {
            errors.push(signature.receiver(), messages::changes_data(&name));
        }
    }
    if !signature.generics.params.is_empty() {
        errors.push(&signature.generics, messages::generic(&name));
    }
}
