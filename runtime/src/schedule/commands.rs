use std::{any::type_name, collections::HashMap, fmt, str::FromStr};

use serde::de::DeserializeOwned;

use super::error::SendError;
use crate::{
    domain::{CommandHandlers, CommandOf, Dispatch, StoredCommands},
    execute::Outgoing,
};

/// The commands that this program can read, by aggregate and type.
#[derive(Default)]
pub struct Commands(HashMap<&'static str, Vec<Known>>);

struct Known {
    full: &'static str,
    decode: Decode,
}

type Decode = fn(&str, &[u8]) -> Result<Outgoing, String>;

/// Collects the commands of one aggregate.
struct Collects<'c>(&'c mut Vec<Known>);

impl Commands {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of an aggregate that serde can read.
    pub(crate) fn add<A: CommandHandlers>(&mut self) {
        let mut known = Vec::new();
        A::stored(&mut Collects(&mut known));
        if !known.is_empty() {
            self.0.insert(A::NAME, known);
        }
    }

    /// Reads a command, found by its whole path, or by its name where only one has it.
    pub(super) fn read(
        &self,
        aggregate: &str,
        id: &str,
        command: &str,
        full: &str,
        json: &[u8],
    ) -> Result<Outgoing, SendError> {
        let known = self.0.get(aggregate).map_or(&[][..], Vec::as_slice);
        let mut named = known.iter().filter(|known| short(known.full) == command);
        let same = known.iter().find(|known| known.full == full);
        let found = same.or_else(|| named.next().filter(|_| named.next().is_none()));
        let (aggregate, command) = (aggregate.to_owned(), command.to_owned());
        let Some(known) = found else { return Err(SendError::UnknownCommand { aggregate, command }) };
        (known.decode)(id, json).map_err(|reason| {
            let id = id.to_owned();
            SendError::Unreadable { aggregate, id, command, reason }
        })
    }
}

impl<A: CommandHandlers> StoredCommands<A> for Collects<'_> {
    fn command<C: CommandOf<A> + DeserializeOwned>(&mut self) {
        self.0.push(Known { full: type_name::<C>(), decode: decode::<A, C> });
    }
}

fn decode<A: CommandHandlers, C: CommandOf<A> + DeserializeOwned>(
    id: &str,
    json: &[u8],
) -> Result<Outgoing, String> {
    let to = A::Id::from_str(id).map_err(|_| format!("`{id}` is not an id of `{}`", A::NAME))?;
    let command = serde_json::from_slice::<C>(json).map_err(|error| error.to_string())?;
    Ok(Outgoing::new(Dispatch { to, command }))
}

/// The name of a type without its path.
pub(super) fn short(full: &str) -> &str {
    let end = full.find('<').unwrap_or(full.len());
    full[..end].rfind("::").map_or(full, |at| &full[at + 2..])
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |known: &Vec<Known>| known.iter().map(|known| short(known.full)).collect::<Vec<_>>();
        f.debug_map().entries(self.0.iter().map(|(aggregate, known)| (aggregate, names(known)))).finish()
    }
}
