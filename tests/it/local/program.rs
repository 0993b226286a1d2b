//! The program itself: what it prints, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

use serde_json::json;

use crate::support::agent::{FakeAgent, Script};
use crate::support::socket::Client;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agentcore-gateway"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// One line on standard error, no panic, and not success.
fn refusal(output: &Output) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success(), "{error}");
    assert!(!error.contains("panicked"), "{error}");
    error
}

/// Ends the program when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program, and returns it with the greeting up to the line about what to send.
fn start(command: &mut Command) -> (Running, String) {
    start_and_read(command, "prompt")
}

/// The same with the greeting up to the line that has `end` in it.
fn start_and_read(command: &mut Command, end: &str) -> (Running, String) {
    let mut child = command.spawn().unwrap();
    let mut greeting = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    while !greeting.contains(end) {
        assert!(lines.read_line(&mut greeting).unwrap() > 0, "it ended: {greeting}");
    }
    (Running(child), greeting)
}

/// The first address that a greeting names.
fn address_in(greeting: &str) -> &str {
    greeting.split("http://").nth(1).unwrap().split('/').next().unwrap()
}

/// Does what Ctrl-C does.
#[cfg(unix)]
fn interrupt(program: &Running) {
    let interrupted = Command::new("kill").args(["-INT", &program.0.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
}

#[test]
fn it_prints_addresses_to_click_and_lines_to_copy() {
    let (_program, greeting) = start(program().args(["--listen", "127.0.0.1:0"]));
    let address = address_in(&greeting);
    for line in [
        format!("Page       http://{address}/"),
        format!("WebSocket  ws://{address}/"),
        "default: built-in demo agent at http://127.0.0.1:".to_owned(),
        format!("npx wscat -c ws://{address}/"),
        format!("websocat ws://{address}/"),
    ] {
        assert!(greeting.contains(&line), "{line} is not in {greeting}");
    }
}

#[test]
fn each_option_is_an_environment_variable_too() {
    let mut command = program();
    command
        .env("GATEWAY_LISTEN", "127.0.0.1:0")
        .env("GATEWAY_AGENT", "http://127.0.0.1:1,second=http://127.0.0.1:2/base");
    let (_program, greeting) = start(&mut command);
    assert!(greeting.contains("default: http://127.0.0.1:1/"), "{greeting}");
    assert!(greeting.contains("second: http://127.0.0.1:2/base"), "{greeting}");
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for option in ["--listen", "--agent", "--allow-origin", "--log", "--idle-timeout", "--max-connection-age"] {
        assert!(help.contains(option), "{option}");
        let variable = format!("GATEWAY_{}", option.trim_start_matches("--").replace('-', "_").to_uppercase());
        assert!(help.contains(&variable), "{variable}");
    }
}

#[test]
fn a_switch_in_a_variable_is_on_or_off_and_nothing_else() {
    // Who takes a wrong value all the same ends here.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    for variable in ["GATEWAY_STOP_ABANDONED", "GATEWAY_NO_COALESCING", "GATEWAY_LONG_RUNS"] {
        for value in ["true", "false", "1", "0"] {
            start(program().env(variable, value).args(["--listen", "127.0.0.1:0"]));
        }
        for value in ["yes", "on", "TRUE", "False", "2", "", " true"] {
            let error = refusal(&program().env(variable, value).arg(&listen).output().unwrap());
            let option = variable.trim_start_matches("GATEWAY").replace('_', "-").to_lowercase();
            assert!(error.contains(&format!("'{value}' for '-{option}'")), "{error}");
            assert!(error.contains("must be true, false, 1 or 0"), "{error}");
        }
    }
}

#[test]
fn on_all_addresses_it_prints_those_to_use_and_what_a_page_needs() {
    let (_program, greeting) = start_and_read(program().args(["--listen", "0.0.0.0:0"]), "NAME");
    assert!(greeting.contains("Page       http://127.0.0.1:") && greeting.contains("WebSocket  ws://127.0.0.1:"));
    assert!(!greeting.contains("0.0.0.0"), "{greeting}");
    assert!(greeting.contains("no authentication") && greeting.contains("--allow-origin http://NAME:"), "{greeting}");
}

#[test]
fn a_busy_port_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = refusal(&run(&["--listen", &address]));
    assert_eq!(error, format!("error: cannot listen on {address}: the port is in use; choose another with --listen\n"));
}

#[test]
fn a_wrong_value_is_named_with_its_rule() {
    for (arguments, says) in [
        (["--agent", "localhost:8080"], "neither an http(s):// URL nor the ARN"),
        (["--agent", "arn:aws:s3:::bucket"], "must have the form arn:aws:bedrock-agentcore:"),
        (["--agent", "a b=http://127.0.0.1:1"], "must be 1 to 64 characters"),
        (["--agent", "http://127.0.0.1:1,http://127.0.0.1:2"], "two agents are called \"default\""),
        (["--allow-origin", "example.com"], "is no origin"),
        (["--listen", "here"], "'here' for '--listen"),
        (["--idle-timeout", "0"], "a number of seconds above 0"),
        (["--max-runs", "0"], "1 to 1000000"),
        (["--log", "loud=extremely"], "invalid"),
    ] {
        let error = refusal(&run(&arguments));
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
}

#[cfg(not(feature = "aws"))]
#[test]
fn an_agent_that_this_build_cannot_call_names_the_feature() {
    let arn = "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-AbCdEf1234";
    assert!(refusal(&run(&["--agent", arn])).contains("cargo run --features aws"));
}

#[test]
fn a_page_that_is_refused_is_a_warning_with_the_option_to_copy() {
    let (mut program, greeting) = start(program().args(["--listen", "127.0.0.1:0", "--log", "warn"]));
    let address = address_in(&greeting);
    let origins = ["https://app.example.com:8443", "capacitor://localhost"];
    for origin in origins {
        let mut socket = TcpStream::connect(address).unwrap();
        let handshake = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        socket.write_all(handshake.as_bytes()).unwrap();
        let mut status = String::new();
        BufReader::new(socket).read_line(&mut status).unwrap();
        assert!(status.starts_with("HTTP/1.1 403 "), "{status}");
    }
    program.0.kill().unwrap();
    let mut log = String::new();
    program.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(log.lines().count(), origins.len(), "{log}");
    for (line, origin) in log.lines().zip(origins) {
        let advice = format!("start the gateway with --allow-origin {origin})");
        assert!(line.contains("WARN") && line.contains(&advice), "{line}");
    }
}

#[cfg(not(feature = "jwt"))]
#[test]
fn tokens_that_this_build_cannot_check_name_the_feature() {
    let arguments = ["--auth", "jwt", "--jwt-issuer", "https://issuer.example", "--jwt-audience", "gateway"];
    assert!(refusal(&run(&arguments)).contains("cargo run --features jwt"));
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    assert!(help.contains("--auth") && help.contains("--features jwt"), "{help}");
}

#[cfg(feature = "jwt")]
#[test]
fn with_tokens_it_says_how_to_send_one() {
    let mut command = program();
    command.args(["--listen", "127.0.0.1:0", "--auth", "jwt", "--jwt-audience", "gateway"]);
    let (_program, greeting) = start(command.env("GATEWAY_JWT_ISSUER", "https://issuer.example"));
    assert!(greeting.contains("only with a token") && greeting.contains("-s bearer -s \"$TOKEN\""), "{greeting}");
    let error = refusal(&run(&["--auth", "jwt", "--jwt-issuer", "https://issuer.example"]));
    assert!(error.contains("--jwt-audience NAME or --jwt-client NAME"), "{error}");
}

#[cfg(unix)]
#[test]
fn an_agent_that_is_not_there_yet_is_a_warning_and_ctrl_c_ends_it_cleanly() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (mut program, _) = start(program().args(["--listen", "127.0.0.1:0", "--agent", &format!("http://{free}")]));
    let mut log = BufReader::new(program.0.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    assert!(line.contains("WARN") && line.contains("the agent cannot be reached"), "{line}");
    interrupt(&program);
    assert!(program.0.wait().unwrap().success());
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("stopped; nothing was under way"), "{rest}");
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_in_mid_reply_tells_the_client_that_the_gateway_was_stopped() {
    let (mut program, greeting) = start(program().args(["--listen", "127.0.0.1:0", "--grace", "0.1"]));
    let mut client = Client::at(address_in(&greeting).parse().unwrap(), "/", &[]).await.unwrap();
    client.send(&json!({"prompt": "count to 1000", "requestId": "r"})).await;
    while client.next().await.unwrap()["type"] != "output" {}
    interrupt(&program);
    let ending = client.run("r").await.pop().unwrap();
    assert_eq!((&ending["code"], &ending["retryable"]), (&json!("interrupted"), &json!(true)));
    assert!(ending["message"].as_str().unwrap().contains("gateway was stopped"), "{ending}");
    assert_eq!(client.close_code().await, 1001);
    assert!(program.0.wait().unwrap().success());
    let mut log = String::new();
    program.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("ended=1 requests=\"r\" waiting=0"), "{log}");
}

/// The most memory that the program has had, in bytes.
#[cfg(target_os = "linux")]
fn most_memory(program: &Running) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.0.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_upload_of_twenty_megabytes_is_held_twice_at_most() {
    const BYTES: usize = 20_000_000;
    for frame in [[r#"{"input":{"data":""#, r#""}}"#], [r#"{"prompt":""#, r#""}"#]] {
        let agent = FakeAgent::start(|_| Script::json("{}")).await;
        let (program, greeting) = start(program().args(["--listen", "127.0.0.1:0", "--agent", &agent.url()]));
        let mut client = Client::at(address_in(&greeting).parse().unwrap(), "/", &[]).await.unwrap();
        client.ask("small", "r1").await;
        let before = most_memory(&program);
        let text = [frame[0], &"x".repeat(BYTES - frame.concat().len()), frame[1]].concat();
        let wish = json!({"action": "upload", "bytes": BYTES}).to_string();
        let offer = client.answer_to(&wish).await;
        let put = reqwest::Client::new().put(offer["url"].as_str().unwrap()).body(text);
        let put = put.header("content-type", "application/json").header("if-none-match", "*");
        assert_eq!(put.send().await.unwrap().status(), 200);
        client.send(&json!({"upload": offer["uploadId"], "sessionId": "s", "requestId": "r2"})).await;
        assert_eq!(client.run("r2").await.pop().unwrap()["type"], "completed");
        assert!(agent.requests()[1].body.len() >= BYTES - frame.concat().len());
        let taken = most_memory(&program) - before;
        assert!(taken < 2 * BYTES + 4_000_000, "{taken} bytes for an upload of {BYTES}");
    }
}
