//! Whose messages are taken: the token is what counts, and nothing of it is told or logged.

use std::sync::atomic::Ordering;

use agentcore_gateway::local::replies::admits;
use agentcore_gateway::session::{Active, Session};
use serde_json::json;

use super::{Answer, Door, active, run, said, said_by, sent, token};
use crate::support::log::Log;

const DENIED: (u16, &str, Option<&str>) = (403, "AccessDeniedException", Some("AccessDenied;Sender"));

fn assert_denied(door: &Door, answer: &Answer) {
    assert_eq!(answer.error(), DENIED);
    assert!(door.queue.is_empty(), "nothing is queued");
}

#[tokio::test]
async fn a_run_that_nobody_knows_is_refused() {
    let door = Door::open().await;
    assert_denied(&door, &door.send(&sent(&said_by(&run(2), &token(1), 0))).await);
}

#[tokio::test]
async fn a_wrong_token_is_refused_in_the_same_words() {
    let door = Door::open().await;
    let wrong = door.send(&sent(&said_by(&run(1), &token(2), 0))).await;
    assert_denied(&door, &wrong);
    let unknown = door.send(&sent(&said_by(&run(2), &token(2), 0))).await;
    assert_eq!(wrong.body, unknown.body, "who has no token learns nothing of runs");
}

#[tokio::test]
async fn a_run_that_has_ended_is_refused_for_good() {
    let door = Door::open().await;
    assert_eq!(door.send(&sent(&said(0))).await.status.as_u16(), 200);
    door.drain().await;
    door.sessions.session.lock().unwrap().active = None;
    assert_denied(&door, &door.send(&sent(&said(1))).await);
    door.name(&run(2)).await;
    door.give_session_to(&run(2), &token(2));
    assert_denied(&door, &door.send(&sent(&said(1))).await);
    assert_eq!(door.send(&sent(&said_by(&run(2), &token(2), 0))).await.status.as_u16(), 200, "the session's next run");
}

#[tokio::test]
async fn a_store_that_is_out_is_worth_another_try() {
    let door = Door::open().await;
    door.sessions.is_out.store(true, Ordering::Relaxed);
    let answer = door.send(&sent(&said(0))).await;
    assert_eq!(answer.error(), (503, "ServiceUnavailable", None));
    let batch = door.send_batch(&json!([super::entry("a", &said(0))])).await;
    assert_eq!(batch.body["Failed"][0]["Code"], "ServiceUnavailable");
    assert_eq!(batch.body["Failed"][0]["SenderFault"], false);
    door.sessions.is_out.store(false, Ordering::Relaxed);
    assert_eq!(door.send(&sent(&said(0))).await.status.as_u16(), 200);
}

#[tokio::test]
async fn what_is_no_message_of_an_agent_is_refused_and_the_reason_told() {
    let door = Door::open().await;
    for (message, words) in [
        ("hello".to_owned(), "cannot be read"),
        (said(0).replace("reply", "prompt"), "\"prompt\""),
        (said(0).replace("\"version\":1", "\"version\":2"), "version 2"),
        (said(0).replace("run-", "run_"), "must be"),
        (said(0).replace("\"index\"", "\"place\""), "index"),
    ] {
        let answer = door.send(&sent(&message)).await;
        assert_eq!(answer.error(), (400, "InvalidMessageContents", None), "{message}");
        assert!(answer.message().contains(words), "{}", answer.message());
    }
    assert!(door.queue.is_empty());
}

#[tokio::test]
async fn neither_the_token_nor_what_was_said_is_logged_or_sent_back() {
    let log = Log::capture();
    let door = Door::open().await;
    let secret = token(7);
    let mut answers = Vec::new();
    for message in [said_by(&run(1), &secret, 0), said_by(&run(2), &secret, 0), said(0), "word token".to_owned()] {
        let answer = door.send(&sent(&message)).await;
        answers.push(answer.body.to_string());
    }
    let text = log.text();
    assert!(text.contains("refused a message of an agent") && text.contains(run(2).as_str()), "{text}");
    for text in answers.iter().chain([&text]) {
        for word in [secret.expose(), token(1).expose(), "word"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[test]
fn a_run_is_admitted_by_its_own_token_alone() {
    let session = |active: Option<Active>| Session { active, ..Session::default() };
    let grant = agentcore_gateway::session::ReplyGrant { run: run(1), token: token(1).hash() };
    let granted = session(Some(Active { reply: Some(grant), ..active() }));
    assert!(admits(&granted, &run(1), &token(1)));
    assert!(!admits(&granted, &run(2), &token(1)) && !admits(&granted, &run(1), &token(2)));
    assert!(!admits(&session(Some(active())), &run(1), &token(1)), "its agent may not go on by itself");
    assert!(!admits(&session(None), &run(1), &token(1)));
}
