//! What `#[saga]` is told.

use syn::{FnArg, Ident, LitStr, ReturnType, Type};

use super::check;
use crate::{
    attribute::Options,
    driver::Input,
    errors::Errors,
    impl_block::{self, ImplBlock, Item, Method, without_self},
    keywords::{CRATE, NAME, VERSION},
    messages::saga as messages,
    naming::{snake_case, type_text},
    parameters::{self, Borrowed, Dependency, is_called, last_arguments, read_borrowed},
    paths::Runtime,
    policy::Tries,
    steps::{self, Marks, StepMark, UndoMark},
};

const OWNER: &str = "saga";

pub(crate) struct Saga {
    /// The block without our attributes.
    pub(super) block: ImplBlock,
    pub(super) version: u64,
    pub(super) name: Option<LitStr>,
    pub(super) steps: Vec<Step>,
    /// What all of them together need, each type once.
    pub(super) dependencies: Vec<Dependency>,
    pub(super) runtime: Runtime,
}

pub(crate) struct Step {
    pub(super) name: Option<LitStr>,
    pub(super) call: Call,
    /// None where a mistake was told.
    pub(super) undo: Option<Undo>,
    pub(super) probe: Option<Call>,
    pub(super) tries: Tries,
}

pub(crate) enum Undo {
    Compensation(Call, Tries),
    Nothing(LitStr),
    Pivot,
    Retriable,
}

/// A method, and what it is given.
pub(crate) struct Call {
    /// As it is named where it is used: in `compensate = refund`, or the method itself.
    pub(super) name: Ident,
    pub(super) is_async: bool,
    pub(super) parameters: Vec<Parameter>,
    pub(super) result: Type,
}

pub(crate) enum Parameter {
    /// The output of a step, by its place, and the type behind the `&`.
    Output(usize, Type),
    /// `&IdempotencyKey`
    Key(Type),
    Dependency(Dependency),
}

impl Saga {
    /// Its name in the store.
    pub(super) fn stored_name(&self) -> String {
        let of_type = || match &self.block.ty {
            Type::Path(path) => path.path.segments.last().map(|last| snake_case(&last.ident.to_string())),
            _ => None,
        };
        self.name.as_ref().map(LitStr::value).or_else(of_type).unwrap_or_default()
    }
}

impl Step {
    /// Its name in the store.
    pub(super) fn stored_name(&self) -> String {
        self.name.as_ref().map_or_else(|| plain(&self.call.name), LitStr::value)
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        let undo = match &self.undo {
            Some(Undo::Compensation(call, _)) => Some(call),
            _ => None,
        };
        [Some(&self.call), undo, self.probe.as_ref()].into_iter().flatten()
    }
}

impl Call {
    /// Whether it takes the output of this step.
    pub(super) fn takes(&self, step: usize) -> bool {
        self.parameters.iter().any(|parameter| matches!(parameter, Parameter::Output(of, _) if *of == step))
    }

    /// The output and the error of `Result<Output, Error>`, where it is written like that.
    pub(super) fn output_and_error(&self) -> Option<(&Type, &Type)> {
        match &last_arguments(&self.result)[..] {
            [output, error] => Some((*output, *error)),
            _ => None,
        }
    }

    fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Dependency(dependency) => Some(dependency),
            _ => None,
        })
    }
}

/// A name without the `r#` of a keyword.
pub(super) fn plain(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Saga> {
    let mut options = Options::read(input.args.clone(), OWNER, &[VERSION, NAME, CRATE], errors);
    let runtime = Runtime::new(options.take_path(CRATE, errors).as_ref());
    let version = options.take_number(VERSION, 1..=u16::MAX.into(), errors).map_or(1, |(number, _)| number);
    let name = options.take_string(NAME, errors);
    let mut block = impl_block::read(input, messages::not_an_impl_block, messages::on_a_trait_impl, errors)?;
    let before = errors.count();
    let mut marks = Vec::new();
    for item in &mut block.items {
        let Item::Method(method) = item else { continue };
        marks.push(steps::read(&method.signature.ident, &mut method.attrs, errors));
    }
    let sound = errors.count() == before;
    let steps = read_steps(&Methods::new(&block), marks, sound, errors);
    if steps.is_empty() && errors.count() == before {
        errors.push(&block.ty, messages::no_steps());
    }
    let calls = steps.iter().flat_map(Step::calls);
    let dependencies = parameters::union(calls.flat_map(Call::dependencies));
    Some(Saga { block, version, name, steps, dependencies, runtime })
}

/// The methods of the block, in their order.
struct Methods<'a> {
    ty: &'a Type,
    all: Vec<&'a Method>,
}

impl<'a> Methods<'a> {
    fn new(block: &'a ImplBlock) -> Self {
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

/// `sound`: whether what stands on the methods has no mistake, so that what is missing is missing indeed.
fn read_steps(methods: &Methods<'_>, marks: Vec<Marks>, sound: bool, errors: &mut Errors) -> Vec<Step> {
    let is_step: Vec<bool> = marks.iter().map(|marks| marks.step.is_some()).collect();
    let marked = methods.all.iter().zip(&is_step).filter(|(_, is_step)| **is_step);
    let heads: Vec<Head> = marked.map(|(method, _)| read_head(method)).collect();
    let (step_marks, undo_marks): (Vec<_>, Vec<_>) =
        marks.into_iter().map(|marks| (marks.step, marks.compensation)).unzip();
    let before = errors.count();
    let mut reader = Reader { methods, heads: &heads, is_step: &is_step, undo_marks, used: Vec::new() };
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
        Some(Step { name, call: call?, undo, probe, tries })
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
                Undo::Compensation(call, tries)
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
        check::check_method(method, errors);
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
        ReturnType::Type(_, ty) => return Some((**ty).clone()),
    }
    None
}

/// Whether a `Dispatch` is in it.
fn sends(ty: &Type) -> bool {
    is_called(ty, "Dispatch") || last_arguments(ty).into_iter().any(sends)
}
