//! Who may send at all, and where.

use std::net::SocketAddr;

use agentcore_gateway::connections::origins::AllowedOrigins;
use agentcore_gateway::local::replies::reply_queue;
use http::{Method, StatusCode};

use super::{Door, SEND, URL, answer_to, run, said, sent, token};
use crate::support::socket::gateway;

#[tokio::test]
async fn without_long_runs_there_is_no_queue() {
    let gateway = gateway(None, |_| {}).await;
    for path in ["/replies", "/replies/", "/replies/replies.fifo"] {
        let request = reqwest::Client::new().post(format!("http://{}{path}", gateway.address())).send();
        assert_eq!(request.await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_gateway_with_long_runs_takes_messages_where_it_says() {
    let gateway = gateway(None, |config| config.long_runs = true).await;
    let queue = reply_queue(gateway.address());
    let endpoint = queue.endpoint_url.unwrap();
    for url in [endpoint.clone(), format!("{endpoint}/"), queue.queue_url.clone()] {
        let request = reqwest::Client::new().post(&url).header("content-type", "application/x-amz-json-1.0");
        let mut body = sent(&super::said_by(&run(9), &token(9), 0));
        body["QueueUrl"] = queue.queue_url.clone().into();
        let answer = answer_to(request.header("x-amz-target", SEND).body(body.to_string())).await;
        assert_eq!(answer.error(), (403, "AccessDeniedException", Some("AccessDenied;Sender")), "{url}");
    }
    for path in ["/x", "/replie", "/other.fifo", "//"] {
        let answer = reqwest::Client::new().post(format!("{endpoint}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn agents_of_this_machine_are_told_an_address_that_they_reach() {
    for (listening, origin) in [
        ("127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("192.0.2.7:8787", "http://192.0.2.7:8787"),
        ("[::]:8787", "http://[::1]:8787"),
        ("[2001:db8::7]:1", "http://[2001:db8::7]:1"),
    ] {
        let queue = reply_queue(listening.parse::<SocketAddr>().unwrap());
        assert_eq!(queue.queue_url, format!("{origin}/replies/replies.fifo"));
        assert_eq!(queue.endpoint_url, Some(format!("{origin}/replies")));
        assert_eq!(queue.region, "local");
    }
}

#[tokio::test]
async fn messages_are_sent_with_post() {
    let door = Door::open().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let request = reqwest::Client::new().request(method.clone(), format!("http://{}/replies", door.address));
        let answer = answer_to(request).await;
        assert_eq!(answer.error(), (405, "MethodNotAllowed", None), "{method}");
        assert_eq!(answer.headers["allow"], "POST");
    }
}

#[tokio::test]
async fn pages_are_kept_out_whatever_their_origin_is() {
    let door = Door::with(AllowedOrigins::Any).await;
    for origin in ["http://127.0.0.1:8787", "http://localhost", "https://evil.example", "null", ""] {
        let answer = answer_to(door.request(SEND, sent(&said(0)).to_string()).header("origin", origin)).await;
        assert_eq!(answer.error(), (403, "AccessDeniedException", Some("AccessDenied;Sender")), "{origin}");
        assert!(answer.message().contains("Origin"), "{}", answer.message());
    }
    assert!(door.queue.is_empty());
}

#[tokio::test]
async fn a_host_is_an_address_or_a_name_that_nobody_else_can_have() {
    let list = ["https://App.example.com:8443", "null"].map(|origin| origin.parse().unwrap());
    let (none, listed) =
        (Door::open().await, Door::with(AllowedOrigins::on_one_machine(list.clone().into_iter().collect())).await);
    let any = Door::with(AllowedOrigins::Any).await;
    for (host, at_none, at_listed) in [
        ("127.0.0.1:8787", true, true),
        ("192.0.2.7", true, true),
        ("[::1]:8787", true, true),
        ("[2001:db8::7]", true, true),
        ("localhost", true, true),
        ("LocalHost:8787", true, true),
        ("app.example.com", false, true),
        ("APP.example.com:1", false, true),
        ("evil.example", false, false),
        ("evil.example:8787", false, false),
        ("localhost.evil.example", false, false),
        ("127.0.0.1.evil.example:8787", false, false),
        ("app.example.com.evil.example", false, false),
        ("user@127.0.0.1", false, false),
        ("null", false, false),
        ("", false, false),
    ] {
        for (door, allowed) in [(&none, at_none), (&listed, at_listed), (&any, true)] {
            let answer = answer_to(door.request(SEND, sent(&said(0)).to_string()).header("host", host)).await;
            assert_eq!(answer.status.is_success(), allowed, "{host}");
            assert!(allowed || answer.message().contains("--allow-origin"), "{:?}", answer.body);
        }
    }
}

#[tokio::test]
async fn only_the_type_of_the_protocol_is_taken() {
    let door = Door::open().await;
    let request = || {
        let request = reqwest::Client::new().post(format!("http://{}/replies", door.address));
        request.header("x-amz-target", SEND).body(sent(&said(0)).to_string())
    };
    let wrong = ["text/plain", "application/json", "application/x-amz-json-1.1", "application/x-amz-json-1.0; x", ""];
    for name in wrong {
        let answer = answer_to(request().header("content-type", name)).await;
        assert_eq!(answer.error(), (415, "UnsupportedMediaType", None), "{name}");
    }
    assert_eq!(answer_to(request()).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let twice = request().header("content-type", "application/x-amz-json-1.0").header("content-type", "text/plain");
    assert_eq!(answer_to(twice).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(door.queue.is_empty());
}

#[tokio::test]
async fn only_sending_is_an_operation() {
    let door = Door::open().await;
    for target in ["AmazonSQS.ReceiveMessage", "AmazonSQS.sendmessage", "SendMessage", ""] {
        let answer = answer_to(door.request(target, sent(&said(0)).to_string())).await;
        assert_eq!(answer.error(), (400, "UnknownOperationException", None), "{target}");
    }
    let answer = answer_to(door.request(SEND, sent(&said(0)).to_string()).header("x-amz-target", SEND)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "said twice");
}

#[tokio::test]
async fn the_queue_is_the_one_that_agents_are_told_of() {
    let door = Door::open().await;
    let missing = door.send(&super::but(&sent(&said(0)), "QueueUrl", serde_json::Value::Null)).await;
    assert_eq!(missing.error(), (400, "MissingRequiredParameterException", Some("MissingParameter;Sender")));
    for url in ["", "replies.fifo", "http://127.0.0.1:8787/replies", &URL.replace("127.0.0.1", "localhost")] {
        let answer = door.send(&super::but(&sent(&said(0)), "QueueUrl", url.into())).await;
        let error = (400, "QueueDoesNotExist", Some("AWS.SimpleQueueService.NonExistentQueue;Sender"));
        assert_eq!(answer.error(), error, "{url}");
    }
    assert!(door.queue.is_empty());
}
