//! Bodies that are one event.

use agentcore_gateway::agent::ReplyError;

use super::{Reader, assert_read};

#[test]
fn a_json_body_is_one_event() {
    for content_type in
        ["application/json", "Application/JSON;charset=utf-8", "application/problem+json", "text/x+json"]
    {
        assert_read(content_type, "{\"b\": 1.50,\n \"a\": \"é\"}", &["{\"b\": 1.50,\n \"a\": \"é\"}"], None);
        assert_read(content_type, "", &[], None);
    }
    assert_read("application/json", "{\"open\": ", &["\"{\\\"open\\\": \""], None);
}

#[test]
fn a_byte_order_mark_is_not_part_of_json() {
    assert_read("application/json", "\u{feff}{\"a\":1}", &["{\"a\":1}"], None);
    assert_read("application/ld+json", "\u{feff} 1\n", &["1"], None);
    assert_read("application/json", "\u{feff}", &[], None);
    assert_read("application/json", "\u{feff}hello", &["\"hello\""], None);
}

#[test]
fn any_other_body_is_one_string() {
    for content_type in
        ["application/octet-stream", "application/xml", "image/svg+xml", "", "json", "application/jsonp"]
    {
        assert_read(content_type, "{\"a\":1}\n", &["\"{\\\"a\\\":1}\\n\""], None);
        assert_read(content_type, "\u{feff}x", &["\"\u{feff}x\""], None);
        assert_read(content_type, b"a\xffb", &["\"a\u{fffd}b\""], None);
        assert_read(content_type, "", &[], None);
    }
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_whole() {
    for content_type in ["application/json", "application/octet-stream"] {
        let mut reader = Reader::new(content_type, 1000);
        assert_eq!(reader.feed("x".repeat(1000)).unwrap(), [""; 0]);
        assert_eq!(reader.feed("x"), Err(ReplyError::TooLarge));
        assert_eq!(reader.finish(), Err(ReplyError::TooLarge));
    }
}
