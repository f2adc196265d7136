use std::{fs, path::PathBuf};

use gesta::model::Model;

use super::Arguments;
use crate::{
    diagram::{self, Format},
    shared::Failure,
};

/// Arguments of `cargo gesta diagram`.
#[derive(Debug, clap::Args)]
pub struct Diagram {
    /// Of which aggregate or saga; needed where there are several
    name: Option<String>,
    /// What is drawn
    #[arg(long, value_enum, default_value = "flow")]
    of: Of,
    /// How it is written
    #[arg(long, value_enum, default_value = "mermaid")]
    format: Format,
    /// The file that it is written to; the standard output unless given
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Of {
    /// Who causes what, in the whole domain
    Flow,
    /// The states of an aggregate
    States,
    /// The steps of a saga, and the way back
    Saga,
}

impl Diagram {
    pub(super) fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let model = arguments.model()?;
        let text = self.drawn(&model)?.write(self.format);
        match &self.out {
            Some(path) => fs::write(path, text)
                .map_err(|error| Failure::Other(format!("{} cannot be written: {error}", path.display()))),
            None => {
                print!("{text}");
                Ok(())
            }
        }
    }

    fn drawn(&self, model: &Model) -> Result<diagram::Diagram, Failure> {
        match self.of {
            Of::Flow => Ok(diagram::flow(model)),
            Of::States => {
                let drawn = model
                    .aggregates
                    .iter()
                    .filter_map(|aggregate| Some((aggregate.name.as_str(), diagram::states(aggregate)?)));
                self.chosen("aggregate", "declares states", drawn.collect())
            }
            Of::Saga => {
                // Of several versions the last one.
                let mut sagas: Vec<_> = model.sagas.iter().collect();
                sagas.sort_by_key(|saga| std::cmp::Reverse(saga.version));
                sagas.sort_by(|a, b| a.name.cmp(&b.name));
                sagas.dedup_by(|a, b| a.name == b.name);
                let drawn = sagas.into_iter().map(|saga| (saga.name.as_str(), diagram::saga(saga)));
                self.chosen("saga", "is in the domain", drawn.collect())
            }
        }
    }

    fn chosen(
        &self,
        what: &str,
        has: &str,
        drawn: Vec<(&str, diagram::Diagram)>,
    ) -> Result<diagram::Diagram, Failure> {
        let names: Vec<String> = drawn.iter().map(|(name, _)| format!("`{name}`")).collect();
        let mut wanted: Vec<_> = drawn
            .into_iter()
            .filter(|(name, _)| self.name.as_deref().is_none_or(|wanted| wanted == *name))
            .map(|(_, diagram)| diagram)
            .collect();
        match (wanted.pop(), wanted.is_empty()) {
            (Some(diagram), true) => Ok(diagram),
            (Some(_), false) => Err(Failure::Usage(format!("say which {what}: one of {}", names.join(", ")))),
            (None, _) if names.is_empty() => Err(Failure::NotFound(format!("no {what} {has}"))),
            (None, _) => Err(Failure::NotFound(format!(
                "no {what} `{}` {has}; there is {}",
                self.name.as_deref().unwrap_or_default(),
                names.join(", ")
            ))),
        }
    }
}
