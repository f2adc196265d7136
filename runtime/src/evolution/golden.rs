use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use serde_json::value::RawValue;

/// A `gesta.golden`: for every version of every event one payload as it was stored, which must be readable for ever.
///
/// Each is generated once and never overwritten: people may put payloads of their own in their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Golden {
    payloads: BTreeMap<(String, u16), String>,
}

/// A text that is no `gesta.golden`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
#[non_exhaustive]
pub struct GoldenError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Golden {
    /// The payload of a version.
    pub fn get(&self, name: &str, version: u16) -> Option<&str> {
        self.payloads.get(&(name.to_owned(), version)).map(String::as_str)
    }

    /// Puts a payload, which is JSON on one line, in the place of what was there.
    pub fn set(&mut self, name: &str, version: u16, json: String) {
        self.payloads.insert((name.to_owned(), version), json);
    }

    /// Every payload, sorted: the event's name, the version, the JSON.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u16, &str)> {
        self.payloads.iter().map(|((name, version), json)| (name.as_str(), *version, json.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }
}

impl Display for Golden {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for ((name, version), json) in &self.payloads {
            writeln!(f, "{name} v{version} {json}")?;
        }
        Ok(())
    }
}

impl FromStr for Golden {
    type Err = GoldenError;

    fn from_str(text: &str) -> Result<Self, GoldenError> {
        let mut golden = Self::default();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |message: String| GoldenError { line: number + 1, message };
            let mut words = line.splitn(3, ' ');
            let (name, version, json) = (words.next(), words.next(), words.next());
            let version = version.and_then(|word| word.strip_prefix('v')?.parse::<u16>().ok());
            let (Some(name), Some(version), Some(json)) = (name, version, json) else {
                return Err(wrong("a line is a name, a version such as `v1`, and a payload in JSON".into()));
            };
            if let Err(error) = serde_json::from_str::<&RawValue>(json) {
                return Err(wrong(format!("the payload of `{name}` v{version} is no JSON: {error}")));
            }
            if golden.payloads.insert((name.to_owned(), version), json.trim_end().to_owned()).is_some() {
                return Err(wrong(format!("`{name}` v{version} stands in the file twice")));
            }
        }
        Ok(golden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evolution::{Lock, LockKey};

    #[test]
    fn payloads_are_read_and_written_as_they_are() {
        let text = "a.b v1 {\"z\": 1, \"a\":  2.50}\na.b v2 {}\na.b v10 null\n";
        let golden: Golden = text.parse().unwrap();
        assert_eq!(golden.to_string(), text);
        assert_eq!(golden.get("a.b", 1), Some("{\"z\": 1, \"a\":  2.50}"));
        for (text, part) in
            [("a.b {}", "a line is"), ("a v1 {", "no JSON"), ("a v1 1\n\na v1 2", "line 3: `a` v1")]
        {
            let error = text.parse::<Golden>().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn samples_are_added_and_never_overwritten() {
        let lock: Lock = "a v1 {x:u8}\na v2 {x:u8,y:bool}\nsaga s v1 {}\n".parse().unwrap();
        let mut golden: Golden = "a v1 {\"x\":7}\n".parse().unwrap();
        assert_eq!(lock.add_samples_to(&mut golden), [LockKey::event("a", 2)]);
        assert_eq!(golden.to_string(), "a v1 {\"x\":7}\na v2 {\"x\":1,\"y\":true}\n");
    }
}
