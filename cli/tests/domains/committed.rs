//! The models of known domains and what is drawn of them, as they are committed in `expected/`. After a change that is
//! meant, delete the file and run the test: it writes the file anew and fails once, so that somebody reads it.

use std::{fs, path::Path};

use gesta::{app::model_of, model::Model};
use gesta_cli::{
    diagram::{self, Format},
    pages::pages,
};
use gesta_examples::{bank::Bank, forms::Forms, installer::Installer, loans::Lending};
use gesta_tests::library::Library;

fn is_as_committed(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/domains/expected").join(file);
    is_committed_at(&path, text);
}

fn is_committed_at(path: &Path, text: &str) {
    let Ok(committed) = fs::read_to_string(path) else {
        fs::write(path, text).expect("the folder of what is expected");
        panic!("{} was not there and is written: read it, and run the test again", path.display());
    };
    for (number, (expected, found)) in committed.lines().zip(text.lines()).enumerate() {
        let line = number + 1;
        assert_eq!(expected, found, "{}:{line}; delete the file if that is meant", path.display());
    }
    assert_eq!(committed.len(), text.len(), "{}: one is longer; delete it if that is meant", path.display());
}

fn json(mut model: Model) -> String {
    // Each version of the framework has another.
    model.framework = "0".to_owned();
    let mut json = serde_json::to_string_pretty(&model).expect("a model is JSON");
    json.push('\n');
    json
}

#[test]
fn the_models_of_the_examples() {
    is_as_committed("bank.json", &json(model_of::<Bank>()));
    is_as_committed("forms.json", &json(model_of::<Forms>()));
    is_as_committed("installer.json", &json(model_of::<Installer>()));
}

#[test]
fn the_model_of_a_domain_that_is_written_by_hand() {
    is_as_committed("library.json", &json(model_of::<Library>()));
}

#[test]
fn a_model_is_the_same_when_it_was_written_and_read() {
    let model = model_of::<Bank>();
    let text = serde_json::to_string(&model).expect("a model is JSON");
    assert_eq!(serde_json::from_str::<Model>(&text).expect("it is read"), model);
}

#[test]
fn the_flow_of_the_bank() {
    let flow = diagram::flow(&model_of::<Bank>());
    is_as_committed("bank.mmd", &flow.write(Format::Mermaid));
    is_as_committed("bank.dot", &flow.write(Format::Dot));
    is_as_committed("bank.svg", &flow.write(Format::Svg));
}

#[test]
fn the_ways_of_a_transfer() {
    let model = model_of::<Bank>();
    let transfer = model.sagas.iter().find(|saga| saga.name == "transfer").expect("the saga");
    is_as_committed("transfer.mmd", &diagram::saga(transfer).write(Format::Mermaid));
    is_as_committed("transfer.svg", &diagram::saga(transfer).write(Format::Svg));
}

/// The pictures that lie beside the example, and the one in the README.
#[test]
fn the_states_of_a_loan() {
    let model = model_of::<Lending>();
    let states = diagram::states(&model.aggregates[0]).expect("a loan has states");
    let (mermaid, svg) = (states.write(Format::Mermaid), states.write(Format::Svg));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    is_committed_at(&root.join("examples/loans/states.svg"), &svg);
    is_committed_at(&root.join("examples/loans/states.mmd"), &mermaid);
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    assert!(
        readme.contains(&format!("```mermaid\n{mermaid}```")),
        "the README shows another picture:\n{mermaid}"
    );
}

#[test]
fn the_pages_of_the_bank() {
    let mut model = model_of::<Bank>();
    model.framework = "0".to_owned();
    let pages = pages(&model);
    let mut all = String::new();
    for page in &pages {
        all.push_str(&format!("<!-- {} -->\n{}\n", page.file, page.text));
    }
    is_as_committed("bank_pages.md", &all);
    // Every link leads to a page.
    for link in all.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(pages.iter().any(|page| page.file == link), "{link} is linked and not there");
    }
}
