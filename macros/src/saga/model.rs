//! What `#[saga]` is told.

use syn::{Ident, LitStr, Type};

use crate::{
    attribute::Options,
    driver::Input,
    errors::Errors,
    impl_block::{self, Access, ImplBlock, Item, Method},
    keywords::{CRATE, EACH, FROM, NAME, ON, VERSION},
    messages::saga as messages,
    naming::{snake_case, type_text},
    parameters::{self, Dependency},
    paths::Runtime,
    recorded::{self, Lock, Recorded},
    steps::{
        Call, Step,
        marks::{self, Marks},
        read::{Methods, read_steps},
        starts::{self, ShortMark, Start},
    },
};

const OWNER: &str = "saga";

pub(crate) struct Saga {
    /// The block without our attributes.
    pub(super) block: ImplBlock,
    pub(super) version: u64,
    /// `from`, as it is written, and the data of the versions before this one, the last of them last.
    pub(super) from: Option<(Ident, Vec<Type>)>,
    pub(super) name: Option<LitStr>,
    pub(super) steps: Vec<Step>,
    pub(super) starts: Vec<Start>,
    /// What all of them together need, each type once.
    pub(super) dependencies: Vec<Dependency>,
    /// `gesta.lock`
    pub(super) lock: Option<Recorded<Lock>>,
    pub(super) runtime: Runtime,
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

pub(super) fn read(input: &Input, errors: &mut Errors) -> Option<Saga> {
    let mut options =
        Options::read(input.args.clone(), OWNER, &[VERSION, FROM, NAME, ON, EACH, CRATE], errors);
    let runtime = Runtime::new(options.take_path(CRATE, errors).as_ref());
    let version = options.take_number(VERSION, 1..=u16::MAX.into(), errors).map_or(1, |(number, _)| number);
    let from = options.take_list::<Type>(FROM, "from(Old)", errors);
    let name = options.take_string(NAME, errors);
    let short = starts::read_short(&mut options, errors);
    let mut block = impl_block::read(input, messages::not_an_impl_block, messages::on_a_trait_impl, errors)?;
    let before = errors.count();
    let mut marks = Vec::new();
    for item in &mut block.items {
        let Item::Method(method) = item else { continue };
        marks.push(marks::read(&method.signature.ident, &mut method.attrs, errors));
    }
    let sound = errors.count() == before;
    let (started, starts) = read_starts(&block, &mut marks, short, errors);
    let steps = read_steps(&Methods::new(&block), marks, started, sound, errors);
    if steps.is_empty() && errors.count() == before {
        errors.push(&block.ty, messages::no_steps());
    }
    let calls = steps.iter().flat_map(Step::calls);
    let dependencies = parameters::union(calls.flat_map(Call::dependencies));
    let lock = recorded::lock();
    Some(Saga { block, version, from, name, steps, starts, dependencies, lock, runtime })
}

/// The functions that make the saga of an event, and their places: those that say so, or with `on` the one that is not
/// called on an instance.
fn read_starts(
    block: &ImplBlock,
    marks: &mut [Marks],
    short: Option<ShortMark>,
    errors: &mut Errors,
) -> (Vec<usize>, Vec<Start>) {
    let free = |method: &Method, marks: &Marks| method.access() == Access::None && marks.is_empty();
    let candidates: Vec<usize> = block
        .methods()
        .zip(marks.iter())
        .enumerate()
        .filter(|(_, (method, marks))| short.is_some() && free(method, marks))
        .map(|(place, _)| place)
        .collect();
    let names: Vec<&Ident> = block.methods().map(|method| &method.signature.ident).collect();
    if let Some(ShortMark { word, mark }) = short {
        match &candidates[..] {
            [] => errors.push(word, messages::no_start(&type_text(&block.ty))),
            [first, others @ ..] => {
                let name = |place: usize| names.get(place).map(|name| (*name).clone());
                for other in others.iter().filter_map(|other| name(*other)) {
                    let first = name(*first).map(|first| first.to_string()).unwrap_or_default();
                    errors.push(&other, messages::second_start(&other.to_string(), &first));
                }
                if let Some(marks) = marks.get_mut(*first) {
                    marks.start = mark;
                }
            }
        }
    }
    let mut places = candidates;
    let mut starts = Vec::new();
    for (place, (method, marks)) in block.methods().zip(marks).enumerate() {
        if let Some(mark) = marks.start.take() {
            places.push(place);
            starts.extend(starts::read(method, mark, &block.ty, errors));
        }
    }
    (places, starts)
}
