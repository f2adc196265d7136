//! The lines of `gesta.golden`: `account.withdrawn v1 {"cents":1}`.

use super::lock::number;

/// Samples of what was stored.
#[derive(Default)]
pub(crate) struct Golden {
    pub(crate) samples: Vec<Sample>,
}

/// One payload of a version of a type of event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    /// The number of its line, from 1 on.
    pub(crate) line: usize,
    pub(crate) name: String,
    /// None where the line is not one of a sample.
    pub(crate) version: Option<u64>,
    pub(crate) json: String,
}

impl Golden {
    pub(super) fn parse(text: &str) -> Self {
        let lines = text.lines().zip(1..).map(|(line, number)| (line.trim(), number));
        let lines = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
        Self { samples: lines.map(|(line, number)| sample(line, number)).collect() }
    }
}

fn sample(text: &str, line: usize) -> Sample {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (version, json) = rest.split_once(' ').unwrap_or((rest, ""));
    Sample { line, name: name.to_owned(), version: number(version), json: json.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_sample() {
        let golden = Golden::parse("# samples\naccount.withdrawn v1 {\"cents\": 1}\n\naccount.closed\n");
        let sample = |line, name: &str, version, json: &str| Sample {
            line,
            name: name.into(),
            version,
            json: json.into(),
        };
        assert_eq!(
            golden.samples,
            [
                sample(2, "account.withdrawn", Some(1), "{\"cents\": 1}"),
                sample(4, "account.closed", None, "")
            ]
        );
    }
}
