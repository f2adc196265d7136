use std::io::{self, Write};

use gesta::model::Model as DomainModel;
use serde::Serialize;

use super::Arguments;
use crate::shared::{Answer, Failure, Table};

/// Arguments of `cargo gesta model`.
#[derive(Debug, clap::Args)]
pub struct Model {}

impl Model {
    pub(super) fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let model = arguments.probe().model()?;
        arguments.output().answer(&Shown(model)).map_err(|error| Failure::other(&error))
    }
}

#[derive(Serialize)]
struct Shown(DomainModel);

impl Answer for Shown {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self(model) = self;
        writeln!(out, "{} ({}, gesta {})", model.domain, model.package, model.framework)?;
        let mut table = Table::new(["event", "version", "shape"]);
        for event in model.aggregates.iter().flat_map(|aggregate| &aggregate.events) {
            for version in &event.versions {
                table.row([event.name.clone(), version.version.to_string(), version.shape.clone()]);
            }
        }
        table.write(out)
    }
}
