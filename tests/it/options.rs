//! The command line of the local gateway: what each option means, and how a wrong one is told.

use std::time::Duration;

use agentcore_gateway::agent::endpoint::Endpoint;
use agentcore_gateway::choices::OnStop;
use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::local::Config;
use agentcore_gateway::local::options::Options;
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::worker::pace::Pace;
use clap::Parser;
use tracing::Level;

#[cfg(feature = "aws")]
const ARN: &str = "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-AbCdEf1234";

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let arguments = std::iter::once("agentcore-gateway").chain(arguments.iter().copied());
    Options::try_parse_from(arguments).map_err(|error| error.to_string())
}

fn config(arguments: &[&str]) -> Config {
    parse(arguments).unwrap().config().unwrap()
}

fn agents(arguments: &[&str]) -> Vec<(String, String)> {
    let agents = config(arguments).agents;
    agents.iter().map(|(name, endpoint)| (name.to_string(), endpoint.to_string())).collect()
}

/// The arguments are refused at once, in words that hold all of `words`.
#[track_caller]
fn assert_refused(arguments: &[&str], words: &[&str]) {
    let error = parse(arguments).unwrap_err();
    for word in words {
        assert!(error.contains(word), "{error:?} does not say {word:?}");
    }
}

#[test]
fn without_options_it_is_a_gateway_for_this_machine() {
    let config = config(&[]);
    assert_eq!(config.listen.to_string(), "127.0.0.1:8787");
    assert!(config.agents.is_empty());
    assert_eq!(config.origins, AllowedOrigins::OneMachine(Vec::new()));
    assert_eq!(config.idle_timeout, Duration::from_secs(600));
    assert_eq!(config.max_connection_age, Duration::from_secs(7200));
    assert_eq!(config.worker.silence_limit, Duration::from_secs(300));
    assert_eq!(config.push_delay, Duration::ZERO);
}

#[test]
fn an_agent_without_a_name_is_the_default_one() {
    let expected = [("default".to_owned(), "http://127.0.0.1:8080/".to_owned())];
    assert_eq!(agents(&["--agent", "http://127.0.0.1:8080"]), expected);
}

#[test]
fn agents_are_named_and_listed() {
    let expected = [
        ("a-1".to_owned(), "http://one:1/base".to_owned()),
        ("b".to_owned(), "http://two/".to_owned()),
        ("default".to_owned(), "http://three/".to_owned()),
    ];
    assert_eq!(agents(&["--agent", "a-1=http://one:1/base,b=http://two", "--agent", "http://three"]), expected);
}

#[test]
fn a_wrong_url_is_told_with_its_value_and_the_rule() {
    for value in ["localhost:8080", "127.0.0.1:8080", "ftp://host", "http://", "hello", "http//host"] {
        assert_refused(&["--agent", value], &["--agent", value, "http(s):// URL", "ARN"]);
    }
    for value in ["http://host/?x=1", "http://host/#x", "http://user@host", "http://user:pass@host"] {
        assert_refused(&["--agent", value], &["--agent", value, "base address", "query"]);
    }
}

#[test]
fn a_wrong_name_is_told_with_its_value_and_the_rule() {
    for name in ["", "a b", "é", "a/b", "x.y"] {
        let value = format!("{name}=http://host");
        assert_refused(&["--agent", &value], &["--agent", &format!("{name:?}"), "A-Z a-z 0-9 _ -"]);
    }
}

#[test]
fn a_wrong_arn_is_told_with_its_value_and_the_form() {
    let wrong = [
        "arn:",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-AbCdEf123",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/1agent-AbCdEf1234",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:memory/my_agent-AbCdEf1234",
        "arn:aws:bedrock-agentcore:us-west-2:12345678901:runtime/my_agent-AbCdEf1234",
        "arn:aws:bedrock-agentcore::123456789012:runtime/my_agent-AbCdEf1234",
        "arn:aws:bedrock-agentcore:evil.example/:123456789012:runtime/my_agent-AbCdEf1234",
        "arn:aws:lambda:us-west-2:123456789012:runtime/my_agent-AbCdEf1234",
        "arn:gcp:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-AbCdEf1234",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-AbCdEf1234/runtime-endpoint/",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-AbCdEf1234/runtime-endpoint/a&b",
        "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-AbCdEf1234/more",
    ];
    let long_name = format!("arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/{}-AbCdEf1234", "a".repeat(49));
    for value in wrong.into_iter().chain([long_name.as_str()]) {
        assert_refused(&["--agent", value], &["--agent", value, "arn:aws:bedrock-agentcore:REGION:ACCOUNT:runtime"]);
    }
}

#[test]
fn two_default_agents_are_refused() {
    let options = parse(&["--agent", "http://one", "--agent", "http://two"]).unwrap();
    let error = options.config().unwrap_err().to_string();
    assert!(error.contains("two agents are called \"default\"") && error.contains("--agent"), "{error}");
    let options = parse(&["--agent", "a=http://one,b=http://two,a=http://three"]).unwrap();
    assert!(options.config().unwrap_err().to_string().contains("\"a\""));
}

#[cfg(not(feature = "aws"))]
#[test]
fn an_arn_needs_the_feature_aws() {
    let arn = "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/my_agent-AbCdEf1234";
    let error = parse(&["--agent", arn]).unwrap().config().unwrap_err().to_string();
    assert!(error.contains(arn) && error.contains("\"aws\"") && error.contains("--features aws"), "{error}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn an_https_url_needs_the_feature_tls() {
    let error = parse(&["--agent", "https://host"]).unwrap().config().unwrap_err().to_string();
    assert!(error.contains("https://host") && error.contains("--features tls"), "{error}");
}

#[test]
fn whoever_is_told_of_ended_runs_is_a_url() {
    assert_eq!(config(&[]).on_run_ended, None);
    let url = config(&["--on-run-ended", "http://127.0.0.1:9000/told?key=k"]).on_run_ended.unwrap();
    assert_eq!(url.as_str(), "http://127.0.0.1:9000/told?key=k");
    for value in ["", "localhost:9000", "ftp://host", "http://", "arn:aws:events:us-west-2:123456789012:event-bus/b"] {
        let argument = format!("--on-run-ended={value}");
        assert_refused(&[&argument], &["--on-run-ended", value, "must be an http(s):// URL"]);
    }
}

#[cfg(not(feature = "tls"))]
#[test]
fn whoever_is_told_by_https_needs_the_feature_tls() {
    let error = parse(&["--on-run-ended", "https://host/told"]).unwrap().config().unwrap_err().to_string();
    assert!(error.contains("https://host/told") && error.contains("--features tls"), "{error}");
}

#[cfg(feature = "aws")]
#[test]
fn an_arn_is_an_agent() {
    assert_eq!(agents(&["--agent", ARN]), [("default".to_owned(), format!("{ARN} (DEFAULT)"))]);
}

#[test]
fn origins_are_listed_or_all() {
    let origins = |arguments: &[&str]| config(arguments).origins;
    let both = origins(&["--allow-origin", "https://a.example,https://b.example"]);
    assert_eq!(both, origins(&["--allow-origin", "https://a.example", "--allow-origin", "https://b.example"]));
    assert!(both.allows(Some("https://b.example"), None) && !both.allows(Some("http://localhost"), None));
    assert_eq!(origins(&["--allow-origin", "*"]), AllowedOrigins::Any);
    assert_refused(&["--allow-origin", "a.example"], &["--allow-origin", "a.example", "scheme://host"]);
}

#[test]
fn seconds_are_numbers_above_zero() {
    assert_eq!(config(&["--idle-timeout", "0.25"]).idle_timeout, Duration::from_millis(250));
    assert_eq!(config(&["--max-connection-age", "60"]).max_connection_age, Duration::from_secs(60));
    assert_eq!(config(&["--silence-limit", "1"]).worker.silence_limit, Duration::from_secs(1));
    for option in ["--idle-timeout", "--max-connection-age", "--silence-limit", "--grace"] {
        // A hundred years are the most: what lies behind might be no moment at all.
        assert_eq!(config(&[option, "3153600000"]).listen, config(&[]).listen);
        for value in ["0", "-1", "x", "NaN", "inf", "1e300", "1e19", "3153600001", "5s"] {
            let argument = format!("{option}={value}");
            assert_refused(&[&argument], &[option, value, "a number of seconds above 0 and at most 3153600000"]);
        }
    }
}

#[test]
fn other_values_are_checked_too() {
    for value in ["0", "-1", "1000001", "many"] {
        assert_refused(&[&format!("--max-runs={value}")], &["--max-runs", value, "1 to 1000000"]);
    }
    assert_refused(&["--push-delay", "x"], &["--push-delay", "x"]);
    assert_refused(&["--agnet", "x"], &["--agnet", "--agent"]);
    assert_eq!(config(&["--max-runs", "7", "--push-delay", "20"]).max_runs, 7);
    assert_eq!(config(&["--push-delay", "20"]).push_delay, Duration::from_millis(20));
}

#[test]
fn an_address_to_listen_on_may_leave_out_what_is_usual() {
    for (value, address) in [
        ("8788", "127.0.0.1:8788"),
        (":8788", "127.0.0.1:8788"),
        ("localhost:8788", "127.0.0.1:8788"),
        ("LocalHost", "127.0.0.1:8787"),
        ("0.0.0.0", "0.0.0.0:8787"),
        ("0.0.0.0:8788", "0.0.0.0:8788"),
        ("192.0.2.7:0", "192.0.2.7:0"),
        ("::", "[::]:8787"),
        ("::1", "[::1]:8787"),
        ("[::1]", "[::1]:8787"),
        ("[::]:8788", "[::]:8788"),
        ("65535", "127.0.0.1:65535"),
    ] {
        assert_eq!(config(&["--listen", value]).listen.to_string(), address, "{value}");
    }
    let wrong = ["", ":", "here", "here:8787", "65536", "localhost:65536", "localhost:", "127.0.0.1:+80", "-1"];
    for value in
        wrong.into_iter().chain(["127.0.0.1:x", "1.2.3", "[::1", "[::1]8787", "*:8787", "http://127.0.0.1:8787"])
    {
        let argument = format!("--listen={value}");
        assert_refused(&[&argument], &["--listen", value, "must be PORT, ADDRESS or ADDRESS:PORT", "0.0.0.0"]);
    }
}

#[test]
fn a_log_filter_is_levels_alone_or_by_target() {
    let log = |filter: &str| parse(&["--log", filter]).unwrap().log;
    let (worker, other) = ("agentcore_gateway::worker", "agentcore_gateway::queue");
    let filter = log("warn, agentcore_gateway::worker=DEBUG");
    assert!(filter.would_enable(worker, &Level::DEBUG) && !filter.would_enable(worker, &Level::TRACE));
    assert!(filter.would_enable(other, &Level::WARN) && !filter.would_enable(other, &Level::INFO));
    assert!(!log("off").would_enable(other, &Level::ERROR));
    for value in
        ["inof", "", "info,", "warn,agentcore_gateway", "agentcore_gateway=inof", "a=b=c", "=info", "3", "info debug"]
    {
        let argument = format!("--log={value}");
        assert_refused(&[&argument], &["--log", value, "error, warn, info, debug, trace and off"]);
    }
}

#[test]
fn a_prompt_waits_no_longer_than_a_journal_is_kept() {
    assert_eq!(config(&["--max-wait", "90"]).worker.max_wait, Duration::from_secs(90));
    assert_refused(&["--max-wait", "86401"], &["--max-wait", "at most 86400"]);
}

#[test]
fn an_upload_is_no_larger_than_the_room_for_all() {
    assert_eq!(config(&[]).max_upload_bytes, 20_000_000);
    assert_eq!(config(&["--max-upload-bytes", "0"]).max_upload_bytes, 0);
    assert_eq!(config(&["--max-upload-bytes", "67108864"]).max_upload_bytes, 64 << 20);
    for value in ["67108865", "-1", "20MB"] {
        assert_refused(&[&format!("--max-upload-bytes={value}")], &["--max-upload-bytes", value, "0 to 67108864"]);
    }
}

#[test]
fn what_a_stop_does_is_one_of_two_words() {
    for (word, on_stop) in [("stop-session", OnStop::StopSession), ("detach", OnStop::Detach)] {
        assert_eq!(config(&["--on-stop", word]).worker.on_stop, on_stop);
    }
    assert_refused(&["--on-stop", "kill"], &["--on-stop", "must be stop-session or detach"]);
}

#[test]
fn agents_go_on_by_themselves_only_where_that_is_asked_for() {
    assert!(!config(&[]).long_runs && config(&["--long-runs"]).long_runs);
}

#[test]
fn without_coalescing_every_event_leaves_at_once() {
    let worker = config(&["--no-coalescing"]).worker;
    assert_eq!((worker.pace, worker.coalesce_bytes), (Pace::UNBOUNDED, 1));
}

#[test]
fn metrics_are_shown_unless_they_are_not_wanted() {
    assert!(!parse(&[]).unwrap().no_metrics && parse(&["--no-metrics"]).unwrap().no_metrics);
}

#[test]
fn the_pace_of_frames_has_two_bounds() {
    let milliseconds = Duration::from_millis;
    let pace = |arguments: &[&str]| config(arguments).worker.pace;
    assert_eq!(pace(&[]), Pace::default());
    assert_eq!(Pace::new(milliseconds(100), Some(milliseconds(1000))), Ok(Pace::default()));
    let constant = pace(&["--push-interval", "250", "--max-push-interval", "250"]);
    assert_eq!(Ok(constant), Pace::new(milliseconds(250), Some(milliseconds(250))));
    for value in ["19", "5001", "1s", "0.5"] {
        for option in ["--push-interval", "--max-push-interval"] {
            assert_refused(&[option, value], &[option, value, "a whole number of milliseconds from 20 to 5000"]);
        }
    }
    assert_eq!(Ok(pace(&["--push-interval", "2000"])), Pace::new(milliseconds(2000), Some(milliseconds(2000))));
    assert_eq!(
        parse(&["--push-interval", "200", "--max-push-interval", "100"]).unwrap().config().unwrap_err().to_string(),
        "--max-push-interval must be no less than --push-interval: the longest time between two frames, 100 ms, is shorter \
         than the shortest one, 200 ms"
    );
}

#[test]
fn the_endpoint_of_an_arn_is_its_qualifier() {
    let arn = "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/A-0123456789";
    let parsed = |text: &str| match text.parse() {
        Ok(Endpoint::Runtime(runtime)) => runtime,
        other => panic!("no runtime: {other:?}"),
    };
    let runtime = parsed(&format!("{arn}/runtime-endpoint/prod_1"));
    assert_eq!(
        (runtime.arn.as_str(), runtime.region.as_str(), runtime.qualifier.as_str()),
        (arn, "eu-central-1", "prod_1")
    );
    assert_eq!(runtime.service.as_str(), "https://bedrock-agentcore.eu-central-1.amazonaws.com/");
    assert_eq!(parsed(arn).qualifier, "DEFAULT");
    parsed(&arn.replace("/A-", &format!("/{}-", "a".repeat(48))));
    assert!(parsed(&arn.replace("arn:aws:", "arn:aws-us-gov:")).service.as_str().ends_with(".amazonaws.com/"));
    assert!(parsed(&arn.replace("arn:aws:", "arn:aws-cn:")).service.as_str().ends_with(".amazonaws.com.cn/"));
    assert_eq!(AgentName::default_agent().as_str(), "default");
}
