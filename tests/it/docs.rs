//! The documentation says what the code does.

use std::path::Path;

use agentcore_gateway::local::options::Options;
use clap::CommandFactory;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the document is there")
}

#[test]
fn the_readme_has_every_option_with_its_variable() {
    let readme = read("README.md");
    for option in Options::command().get_arguments() {
        let Some(name) = option.get_long().filter(|name| !matches!(*name, "help" | "version")) else { continue };
        let variable = option.get_env().and_then(|name| name.to_str()).unwrap_or_else(|| panic!("--{name} has one"));
        let is_row = |line: &&str| {
            let rest = line.strip_prefix(&format!("| `--{name}"));
            rest.is_some_and(|rest| rest.starts_with([' ', '`']))
        };
        let row = readme.lines().find(is_row);
        assert!(row.is_some_and(|row| row.contains(&format!("`{variable}`"))), "--{name} with {variable}");
    }
}

#[test]
fn each_identity_provider_that_is_tested_has_its_row_and_each_row_is_tested() {
    let made: serde_json::Value = serde_json::from_str(&read("tests/fixtures/jwt/tokens.json")).expect("JSON");
    let providers: Vec<_> = made["providers"].as_object().expect("providers").keys().cloned().collect();
    let document = read("docs/identity.md");
    let rows = document.lines().skip_while(|line| !line.starts_with("| provider ")).skip(2);
    let names = rows.map_while(|line| line.strip_prefix("| ")?.split(" |").next());
    let mut named: Vec<_> = names.map(str::to_owned).collect();
    named.sort();
    assert_eq!(named, providers);
}

#[test]
fn each_alarm_is_on_the_page_of_who_operates() {
    let page = read("docs/operations.md");
    let folder = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform")).expect("a folder");
    let files =
        folder.map(|file| file.expect("a file").path()).filter(|path| path.extension().is_some_and(|end| end == "tf"));
    let mut alarms = 0;
    for file in files {
        let text = std::fs::read_to_string(file).expect("text");
        // An entry of a map of alarms: its name, and below it what the alarm says.
        for (name, below) in text.lines().zip(text.lines().skip(1)) {
            let Some(name) = name.trim().strip_suffix(" = {").filter(|_| below.contains("description = \"")) else {
                continue;
            };
            let name = name.trim_matches('"').replace("${key}", "FUNCTION");
            assert!(page.contains(&format!("| `{name}` |")), "the page does not say what to do about {name}");
            alarms += 1;
        }
    }
    assert!(alarms >= 5, "alarms are found");
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in [
        "README.md",
        "docs/protocol.md",
        "docs/architecture.md",
        "docs/identity.md",
        "docs/metrics.md",
        "docs/run-ended.md",
        "docs/long-runs.md",
        "docs/operations.md",
        "terraform/README.md",
        "agentcore_example/README.md",
    ] {
        let text = read(document);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        let folder = folder.parent().expect("a document is in a folder");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                assert!(folder.join(file).exists(), "{document} links to {target}");
            }
        }
    }
}
