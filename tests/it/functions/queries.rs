//! The queries of docs/operations.md, tried on lines that the functions really write.

use std::path::Path;

use agentcore_gateway::journal;
use serde_json::{Value, json};

use super::closer::prompts as given_up;
use super::worker::{busy, prompts};
use super::{CLOSER, CONNECTIONS, MESSAGE, WORKER, event, start, willing};
use crate::support::agent::{FakeAgent, Request, Script};
use crate::support::aws::failure;
use crate::support::lambda::Function;

/// A query: its filter, and the fields that it names behind that.
struct Query {
    filter: String,
    fields: Vec<String>,
}

fn queries() -> Vec<Query> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).unwrap();
    let mut queries: Vec<Query> = Vec::new();
    for line in page.lines() {
        if let Some(filter) = line.strip_prefix("    filter ") {
            queries.push(Query { filter: filter.to_owned(), fields: Vec::new() });
        } else if let Some(stage) = line.strip_prefix("    | ") {
            let names =
                stage.split([' ', ',', '(', ')']).filter(|word| word.starts_with("fields.") || *word == "level");
            queries.last_mut().unwrap().fields.extend(names.map(str::to_owned));
        }
    }
    queries
}

/// Whether a line passes a filter: comparisons with `=` and `like /…/`, joined by `or`.
fn passes(line: &Value, filter: &str) -> bool {
    filter.split(" or ").any(|comparison| {
        if let Some((field, pattern)) = comparison.split_once(" like ") {
            return field_of(line, field).as_str().is_some_and(|text| text.contains(pattern.trim_matches('/')));
        }
        let (field, value) = comparison.split_once(" = ").unwrap_or_else(|| panic!("unknown: {comparison}"));
        *field_of(line, field) == serde_json::from_str::<Value>(value).unwrap()
    })
}

fn field_of<'a>(line: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(line, |value, name| &value[name])
}

/// What `function` writes about `events`.
async fn lines_of(function: Function, events: &[Value]) -> Vec<Value> {
    let mut function = function;
    for event in events {
        let _ = function.invoke(event).await;
    }
    function.stop().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// A worker's lines where its agent answers so.
async fn of_a_worker(mut agent: impl FnMut() -> Script + Send + 'static) -> Vec<Value> {
    let mut aws = busy();
    let aws = FakeAgent::start(
        move |request: &Request| {
            if request.path.starts_with("/runtimes/") { agent() } else { aws(request) }
        },
    )
    .await;
    lines_of(start(WORKER, &aws).await, &[prompts()]).await
}

/// Lines of all that the page asks for.
async fn recorded() -> Vec<Value> {
    let mut lines = of_a_worker(|| Script::events(&["\"Grüße\""])).await;
    let mut refusals = [429, 404].into_iter();
    lines.extend(of_a_worker(move || Script::status(refusals.next().unwrap(), "")).await);
    let aws = FakeAgent::start(|_| failure(400, "AWS.SimpleQueueService.NonExistentQueue")).await;
    lines.extend(lines_of(start(MESSAGE, &aws).await, &[event!("message")]).await);
    let mut stranger = event!("connect_bearer");
    stranger["headers"]["Origin"] = json!("https://evil.example.com");
    let mut nobody = event!("connect_bearer");
    nobody["requestContext"]["authorizer"] = Value::Null;
    lines.extend(lines_of(start(CONNECTIONS, &FakeAgent::start(willing).await).await, &[stranger, nobody]).await);
    lines.extend(crate::authorizer::function::refused().await);
    let too_old = u64::try_from(journal::RETENTION.as_millis()).unwrap() + 1;
    let unbegun = [given_up(1000), given_up(too_old)];
    lines.extend(lines_of(start(CLOSER, &FakeAgent::start(super::closer::remembering()).await).await, &unbegun).await);
    lines
}

#[tokio::test]
async fn each_query_of_the_page_finds_what_it_is_for() {
    let lines = recorded().await;
    let queries = queries();
    assert!(queries.len() >= 8, "the page has queries");
    for Query { filter, fields } in queries {
        // These lines are Lambda's; and a worker writes this one after half a minute: `closer::trouble` has it.
        if filter.contains("platform.report") || filter.contains("has to come again") {
            continue;
        }
        let filter = filter.replace("REQUEST-ID", "r-1");
        let found: Vec<&Value> = lines.iter().filter(|line| passes(line, &filter)).collect();
        for comparison in filter.split(" or ") {
            assert!(lines.iter().any(|line| passes(line, comparison)), "nothing is found by: {comparison}");
        }
        for field in fields {
            assert!(found.iter().any(|line| !field_of(line, &field).is_null()), "{filter}: no line has {field}");
        }
    }
}

#[tokio::test]
async fn each_field_of_a_line_is_on_the_page() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).unwrap();
    for line in recorded().await {
        for name in line["fields"].as_object().into_iter().flat_map(serde_json::Map::keys) {
            assert!(page.contains(&format!("`fields.{name}`")), "{line}");
        }
    }
}
