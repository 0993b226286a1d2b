//! Server-sent events as agents send them (facts: what the Python SDK writes, and what others do).

use agentcore_gateway::agent::{MAX_EVENT_BYTES, ReplyError};
use agentcore_gateway::protocol::event::Event;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Reader, assert_read, cut, read};

const SSE: &str = "text/event-stream";

fn reader_of(max_event_bytes: usize) -> Reader {
    Reader::new(SSE, max_event_bytes)
}

/// The body has events with these data, and no names.
#[track_caller]
fn assert_events(body: impl AsRef<[u8]>, data: &[&str]) {
    let events: Vec<Event> = data.iter().copied().map(Event::from_data).collect();
    assert_read(SSE, body, &events.iter().map(Event::as_json).collect::<Vec<_>>(), None);
}

#[test]
fn what_the_python_sdk_sends_is_read() {
    assert_events("data: \"Start\"\n\ndata: {\"a\": 1}\n\n", &["\"Start\"", "{\"a\": 1}"]);
}

#[test]
fn an_event_is_there_as_soon_as_its_blank_line_is() {
    let mut reader = reader_of(MAX_EVENT_BYTES);
    assert_eq!(reader.feed(b"data: 1\n").unwrap(), [""; 0]);
    assert_eq!(reader.feed(b"\ndata: 2\n\nda").unwrap(), ["1", "2"]);
    assert_eq!(reader.feed(b"ta: 3").unwrap(), [""; 0]);
    assert_eq!(reader.finish().unwrap(), ["3"]);
    assert_eq!(reader.finish().unwrap(), [""; 0]);
}

#[test]
fn lines_end_with_lf_or_crlf() {
    assert_events("data: 1\r\n\r\ndata: 2\n\r\ndata: 3\r\n\ndata: 4\n\n", &["1", "2", "3", "4"]);
}

#[test]
fn a_lone_cr_stays_in_the_data() {
    assert_events("data: a\rb\rdata: c\n\ndata: d\r\r\n\n", &["a\rb\rdata: c", "d\r"]);
}

#[test]
fn other_line_separators_stay_in_the_data() {
    assert_events("data: a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}f\n\n", &["a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}f"]);
}

#[test]
fn one_space_after_the_colon_is_not_data() {
    assert_events("data:1\n\ndata:  2\n\ndata:\t3\n\ndata: 4 \n\n", &["1", " 2", "\t3", "4 "]);
}

#[test]
fn several_data_lines_are_one_event() {
    assert_events("data: a\ndata:b\r\ndata\ndata: c\n\n", &["a\nb\n\nc"]);
}

#[test]
fn comments_and_other_fields_say_nothing() {
    assert_events(": hello\n\n:\nid: 7\ndata: 1\nretry: 10\n: between\ndata: 2\nid\n\n: ping\n\n", &["1\n2"]);
}

#[test]
fn an_event_has_its_name_unless_that_is_message() {
    let body = "event: updates\ndata: 1\n\ndata: 2\n\nevent:message\ndata: 3\n\nevent:\ndata: 4\n\nevent\ndata: 5\n\n";
    assert_read(SSE, body, &["updates|1", "2", "3", "4", "5"], None);
    assert_read(SSE, "data: 1\r\nevent:  ü \r\n\r\nevent: Message\ndata:", &[" ü |1", "Message|\"\""], None);
}

#[test]
fn the_last_name_counts() {
    assert_read(SSE, "event: a\ndata: 1\nevent: b\n\n", &["b|1"], None);
    assert_read(SSE, "event: a\nevent: message\ndata: 1\n\n", &["1"], None);
}

#[test]
fn an_event_without_data_is_none_and_its_name_is_not_the_next_ones() {
    assert_read(SSE, "event: end\n\ndata: 1\n\nevent: ping\nid: 1\n\nevent: done", &["1"], None);
}

#[test]
fn an_error_without_data_is_known_of_and_not_delivered() {
    for body in ["data: 1\n\nevent: error\n\n", "data: 1\n\nevent: error\nid: 1\n\n", "data: 1\n\nevent:error"] {
        assert_read(SSE, body, &["1", "error|"], None);
    }
    let mut reader = super::EventReader::new(Some(SSE), 10);
    assert!(!reader.feed(b"event: error\n\n").unwrap()[0].has_data());
}

#[test]
fn a_name_is_cut_at_128_bytes_between_code_points() {
    for (name, cut) in [
        ("x".repeat(128), "x".repeat(128)),
        ("x".repeat(129), "x".repeat(128)),
        ("é".repeat(65), "é".repeat(64)),
        (format!("x{}", "é".repeat(64)), format!("x{}", "é".repeat(63))),
        (format!("{}😀", "x".repeat(125)), "x".repeat(125)),
        (format!("{}😀", "x".repeat(124)), format!("{}😀", "x".repeat(124))),
        ("€".repeat(100_000), "€".repeat(42)),
    ] {
        let (events, error) = read(SSE, [format!("event: {name}\ndata: 1\n\n").as_bytes()]);
        assert_eq!((events, error), (vec![format!("{cut}|1")], None));
    }
}

#[test]
fn a_name_that_is_not_utf8_is_text_all_the_same() {
    assert_read(SSE, b"event: a\xffb\xe2\x82\ndata: 1\n\n", &["a\u{fffd}b\u{fffd}|1"], None);
}

#[test]
fn a_body_without_one_line_of_the_format_is_no_event_stream() {
    for body in [
        "{\"error\": \"no such model\"}",
        "{\"a\":1}\n{\"b\":2}\n",
        "<html>\n<p>data: 1</p>\n\n</html>",
        "Internal Server Error",
        "\n",
        "\r\n\r\n",
        " data: 1\n\n",
        "Data: 1\ndatas: 2\nevents: 3\n\n",
        "\u{feff}",
    ] {
        assert_read(SSE, body, &[], Some(ReplyError::NoEventStream));
    }
}

#[test]
fn a_body_with_one_line_of_the_format_is_an_event_stream() {
    for line in [":", ": ping", "id", "id: 1", "retry: 5", "event", "event: x", "\u{feff}: ping"] {
        assert_read(SSE, format!("{line}\n{{\"a\": 1}}\n"), &[], None);
    }
    assert_read(SSE, "<p>\ndata: 1", &["1"], None);
}

#[test]
fn fields_that_only_look_like_data_say_nothing() {
    assert_events(":\nData: 1\ndatas: 2\n data: 3\ndata : 4\nxdata: 5\n\n", &[]);
}

#[test]
fn empty_data_is_an_event() {
    assert_events("data:\n\ndata: \n\ndata\n\n", &["", "", ""]);
}

#[test]
fn blank_lines_alone_are_no_event() {
    assert_events("\n\n\r\n\ndata: 1\n\n\n\n\n", &["1"]);
    assert_events("", &[]);
}

#[test]
fn the_last_event_needs_no_blank_line() {
    assert_events("data: 1\n\ndata: 2", &["1", "2"]);
    assert_events("data: 1\n\ndata: 2\n", &["1", "2"]);
    assert_events("data: 1\ndata: 2\r\n", &["1\n2"]);
    assert_events("data:", &[""]);
    assert_events("data: 1\n\n: bye", &["1"]);
}

#[test]
fn a_byte_order_mark_counts_only_at_the_start() {
    assert_events("\u{feff}data: 1\n\ndata: \u{feff}2\n\n", &["1", "\u{feff}2"]);
    assert_events("data: 1\n\n\u{feff}data: 2\n\n", &["1"]);
    assert_events("\u{feff}\ndata: 1\n\n", &["1"]);
}

#[test]
fn characters_cut_between_packets_are_whole() {
    assert_events("data: \"é€😀\u{10ffff}\"\n\n", &["\"é€😀\u{10ffff}\""]);
}

#[test]
fn invalid_utf8_is_replaced() {
    assert_events(b"data: a\xff\xc3b\n\ndata: \xf0\x9f\x98\n\ndata: ok\n\n", &["a\u{fffd}\u{fffd}b", "\u{fffd}", "ok"]);
}

#[test]
fn events_of_megabytes_are_read() {
    let data = "é".repeat(MAX_EVENT_BYTES / 2);
    let body = format!("data: {data}\n\ndata: {data}\n\n");
    let (events, error) = read(SSE, body.as_bytes().chunks(16 * 1024));
    assert_eq!((events.len(), error), (2, None));
    assert!(events.iter().all(|event| *event == format!("\"{data}\"")));
}

#[test]
fn an_event_over_the_limit_is_refused_before_it_is_whole() {
    let mut reader = reader_of(1000);
    assert_eq!(reader.feed(b"data: 1\n\n").unwrap(), ["1"]);
    let fed = (0..100).map(|_| reader.feed([b'x'; 100])).take_while(Result::is_ok).count();
    assert_eq!(fed, 10);
    assert_eq!(reader_of(1000).feed([b'x'; 2000]), Err(ReplyError::TooLarge));
}

#[test]
fn an_event_over_the_limit_is_refused_however_its_lines_are_cut() {
    let line = format!("data: {}\n", "x".repeat(93));
    let mut reader = reader_of(1000);
    let fed = (0..100).map(|_| reader.feed(line.as_bytes())).take_while(Result::is_ok).count();
    assert_eq!(fed, 10);
    assert_eq!(reader_of(1000).feed(line.repeat(11).as_bytes()), Err(ReplyError::TooLarge));
    assert_eq!(reader_of(1000).feed(format!("data: {}\n\n", "x".repeat(1001)).as_bytes()), Err(ReplyError::TooLarge));
    assert_eq!(reader_of(1000).feed(format!("data: {}\n\n", "x".repeat(1000)).as_bytes()).unwrap().len(), 1);
}

#[test]
fn the_events_before_one_over_the_limit_are_given_first() {
    let body = format!("data: 1\n\ndata: {}\n\ndata: 3\n\n", "x".repeat(2000));
    let mut reader = reader_of(1000);
    assert_eq!(reader.feed(body.as_bytes()).unwrap(), ["1"]);
    assert_eq!(reader.feed(b"data: 4\n\n"), Err(ReplyError::TooLarge));
    let mut reader = reader_of(1000);
    assert_eq!(reader.feed(body.as_bytes()).unwrap(), ["1"]);
    assert_eq!(reader.finish(), Err(ReplyError::TooLarge));
}

#[test]
fn comments_do_not_add_up_to_the_limit() {
    let mut reader = reader_of(1000);
    for _ in 0..100 {
        assert_eq!(reader.feed(format!(": {}\n", "x".repeat(900)).as_bytes()).unwrap(), [""; 0]);
    }
    assert_eq!(reader.feed(b"data: 1\n\n").unwrap(), ["1"]);
}

/// Pieces of a body that together make all sorts of streams, good and bad.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "data:",
        "data: ",
        "data",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        ": c",
        "event: e",
        "event:error",
        "\u{feff}",
        "é€😀",
        "\u{2028}",
        "{\"a\": 1}",
    ];
    let piece = prop_oneof![
        6 => select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_cutting_of_the_same_bytes_gives_the_same_events(
        body in body(),
        sizes in proptest::collection::vec(1..9_usize, 1..20),
    ) {
        prop_assert_eq!(read(SSE, cut(&body, &sizes)), read(SSE, [body.as_slice()]));
    }

    #[test]
    fn any_events_written_as_the_python_sdk_does_are_read_back(
        events in proptest::collection::vec("[^\n\r]{0,40}", 0..8),
    ) {
        let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        let expected: Vec<String> = events.into_iter().map(|data| Event::from_data(data).as_json().to_owned()).collect();
        prop_assert_eq!(read(SSE, [body.as_bytes()]), (expected, None));
    }
}
