//! `cargo gesta expand`: what the macros have written.

use std::{
    io::{self, Write},
    process::{Command, ExitCode, Stdio},
};

use serde::Serialize;

use super::Arguments;
use crate::shared::{Answer, Failure};

/// Arguments of `cargo gesta expand`.
///
/// The compiler itself prints what it has made of the source. That is a feature of nightly compilers, which
/// RUSTC_BOOTSTRAP=1 opens in a stable one; it is set for that one call of the compiler, which builds nothing.
#[derive(Debug, clap::Args)]
pub struct Expand {
    /// Only what is about this type: `AccountEvent`
    name: Option<String>,
    /// The program to expand instead of the library
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
    /// What other macros have written too: the derives of serde
    #[arg(long)]
    all: bool,
}

/// What the compiler is asked for.
const EXPANDED: &str = "-Zunpretty=expanded";

/// Set where cargo calls this program in place of the compiler.
const IN_PLACE_OF_RUSTC: &str = "GESTA_IN_PLACE_OF_RUSTC";

/// Where cargo calls this program in place of the compiler: calls it, and opens the feature only for the one call that
/// needs it. Set for all of cargo, the variable would make it build every dependency anew that asks for it.
pub(super) fn in_place_of_rustc() -> Option<ExitCode> {
    std::env::var_os(IN_PLACE_OF_RUSTC)?;
    let mut arguments = std::env::args_os().skip(1);
    let mut rustc = Command::new(arguments.next()?);
    let arguments: Vec<_> = arguments.collect();
    if arguments.iter().any(|argument| argument == EXPANDED) {
        rustc.env("RUSTC_BOOTSTRAP", "1");
    }
    let code =
        rustc.args(arguments).env_remove(IN_PLACE_OF_RUSTC).status().ok().and_then(|status| status.code());
    Some(ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(101)))
}

/// The source after the macros.
#[derive(Debug, Serialize)]
struct Expanded {
    source: String,
}

impl Answer for Expanded {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}", self.source)
    }
}

impl Expand {
    pub(super) fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        let own = std::env::current_exe().map_err(|error| Failure::other(&error))?;
        command.args(["rustc", "--quiet"]).env("RUSTC_WORKSPACE_WRAPPER", own).env(IN_PLACE_OF_RUSTC, "1");
        if let Some(path) = &arguments.manifest_path {
            command.args(["--manifest-path", path]);
        }
        if let Some(package) = &arguments.package {
            command.args(["--package", package]);
        }
        for features in &arguments.which.features {
            command.args(["--features", features]);
        }
        match (&self.bin, &arguments.which.example, &arguments.which.test) {
            (Some(bin), ..) => command.args(["--bin", bin]),
            (_, Some(example), _) => command.args(["--example", example]),
            (_, _, Some(test)) => command.args(["--test", test]),
            _ => command.arg("--lib"),
        };
        command.args(["--", EXPANDED]).stderr(Stdio::inherit());
        let output = command
            .output()
            .map_err(|error| Failure::Unavailable(format!("cargo cannot be started: {error}")))?;
        if !output.status.success() {
            return Err(Failure::Other("the source cannot be expanded; see above".into()));
        }
        let source = readable(&String::from_utf8_lossy(&output.stdout));
        let source = match &self.name {
            Some(name) => about(&source, name, self.all),
            None => source,
        };
        match (&self.name, source.is_empty()) {
            (Some(name), true) => Err(Failure::NotFound(format!("nothing is about `{name}`"))),
            _ => arguments.output().answer(&Expanded { source }).map_err(|error| Failure::other(&error)),
        }
    }
}

/// The names of the runtime as people know them. The door of generated code re-exports them under the same names.
fn readable(source: &str) -> String {
    [("::gesta::__private::core::", "::core::"), ("::gesta::__private::std::", "::std::")]
        .iter()
        .fold(source.to_owned(), |source, (from, to)| source.replace(from, to))
        .replace("::gesta::__private::", "gesta::")
}

/// The items whose head names a type, with what stands above them.
fn about(source: &str, name: &str, all: bool) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let (mut found, mut above, mut at) = (String::new(), Vec::new(), 0);
    while let Some(line) = lines.get(at) {
        let head = line.trim_start();
        let indent = line.len() - head.len();
        if head.starts_with("#[") || head.starts_with("///") {
            above.push(at);
            at += 1;
            continue;
        }
        let begins = ["impl", "pub ", "struct ", "enum ", "const ", "fn ", "type ", "unsafe impl"];
        let is_item = begins.iter().any(|begin| head.starts_with(begin)) && head != "pub mod";
        // A head may go on in the next lines.
        let mut end = at;
        while !lines[end].ends_with(['{', ';', '}', ',']) && end + 1 < lines.len() {
            end += 1;
        }
        let whole = lines[at..=end].join(" ");
        let of_others = !all && (whole.contains("_serde::") || whole.contains("serde::"));
        let container = head.contains("mod ") || whole.trim_start().starts_with("const _");
        if is_item && !container && !of_others && has_word(&whole, name) {
            if lines[end].ends_with('{') {
                let closes = |line: &&str| {
                    line.trim_start().starts_with('}') && line.len() - line.trim_start().len() == indent
                };
                while end + 1 < lines.len() && !closes(&lines[end]) {
                    end += 1;
                }
            }
            for line in above.drain(..).chain(at..=end) {
                found.push_str(lines[line].get(indent..).unwrap_or_else(|| lines[line].trim_start()));
                found.push('\n');
            }
            found.push('\n');
            at = end;
        }
        above.clear();
        at += 1;
    }
    found
}

/// Whether a name stands in a text as a word.
fn has_word(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(start, _)| {
        !text[..start].ends_with(is_word) && !text[start + name.len()..].starts_with(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_a_type_is_found_with_its_end() {
        let source = "mod bank {\n    /// It.\n    pub struct Account {\n        a: u8,\n    }\n    const _: () =\n        {\n            \
                      impl gesta::domain::Event for Account {\n                fn a() {}\n            }\n            impl _serde::Serialize for Account \
                      {\n            }\n        };\n    pub struct Accounts;\n}\n";
        let expected = "/// It.\npub struct Account {\n    a: u8,\n}\n\nimpl gesta::domain::Event for Account {\n    fn a() {}\n}\n\n";
        assert_eq!(about(source, "Account", false), expected);
        assert!(about(source, "Account", true).contains("_serde"));
        assert_eq!(
            readable("::gesta::__private::domain::Event, ::gesta::__private::core::fmt"),
            "gesta::domain::Event, ::core::fmt"
        );
    }
}
