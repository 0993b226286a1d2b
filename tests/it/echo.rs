//! The agent for who has none yet: what it answers, and when.

use std::time::Duration;

use agentcore_gateway::agent::echo::EchoAgents;
use agentcore_gateway::agent::{Agents, Invocation, Progress};
use agentcore_gateway::protocol::ids::AgentName;
use agentcore_gateway::trace::TraceContext;
use serde_json::json;
use tokio::time::{Instant, timeout};

/// The words of a reply, and how long the first of them took.
async fn reply_to(prompt: &str) -> (String, Duration) {
    let invocation = Invocation {
        agent: AgentName::default_agent(),
        runtime_session: "s".repeat(33),
        body: json!({"prompt": prompt}).to_string().into(),
        trace: TraceContext::default(),
    };
    let asked = Instant::now();
    let mut reply = EchoAgents.invoke(&invocation).await.unwrap();
    let (mut words, mut first) = (String::new(), None);
    loop {
        // Whoever waits may give up and ask again, which must not make it wait anew.
        let Ok(next) = timeout(Duration::from_millis(700), reply.next()).await else { continue };
        let Progress::Events(events) = next.unwrap() else { return (words, first.unwrap()) };
        first.get_or_insert(asked.elapsed());
        words.extend(events.iter().map(|event| serde_json::from_str::<String>(event.as_json()).unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_echo_agent_is_silent_for_as_long_as_it_is_asked_to() {
    let pause = Duration::from_millis(30);
    for (prompt, silence, text) in [
        ("wait for 35 seconds", 35, "I have said nothing for 35 seconds."),
        (" Wait For 1 Seconds\n", 1, "I have said nothing for 1 seconds."),
        ("wait for 999999 seconds", 900, "I have said nothing for 900 seconds."),
        ("count to 3", 0, "1 2 3 "),
    ] {
        assert_eq!(reply_to(prompt).await, (text.to_owned(), Duration::from_secs(silence) + pause), "{prompt}");
    }
    for prompt in ["wait for seconds", "wait for -1 seconds", "wait for 3 hours", "do wait for 3 seconds"] {
        let (words, first) = reply_to(prompt).await;
        assert!(words.starts_with("You said: ") && first == pause, "{prompt}: {words}");
    }
}
