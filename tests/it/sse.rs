//! Server-sent events as agents send them (facts: what the Python SDK writes, and what others do).

use agentcore_gateway::agent::sse::SseReader;
use agentcore_gateway::agent::{MAX_EVENT_BYTES, ReplyError};
use proptest::prelude::*;
use proptest::sample::select;

/// The events of a body that comes in the pieces `chunks`.
fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut reader = SseReader::new(MAX_EVENT_BYTES);
    let mut events: Vec<String> = chunks.into_iter().flat_map(|chunk| reader.feed(chunk).unwrap()).collect();
    events.extend(reader.finish().unwrap());
    events
}

/// The events of a body, however it is cut: whole, byte by byte, and at each single place.
#[track_caller]
fn assert_events(body: impl AsRef<[u8]>, events: &[&str]) {
    let body = body.as_ref();
    assert_eq!(read([body]), events, "whole");
    assert_eq!(read(body.chunks(1)), events, "byte by byte");
    for at in 0..=body.len() {
        assert_eq!(read([&body[..at], &body[at..]]), events, "cut at {at}");
    }
}

#[test]
fn what_the_python_sdk_sends_is_read() {
    assert_events("data: \"Start\"\n\ndata: {\"a\": 1}\n\n", &["\"Start\"", "{\"a\": 1}"]);
}

#[test]
fn an_event_is_there_as_soon_as_its_blank_line_is() {
    let mut reader = SseReader::new(MAX_EVENT_BYTES);
    assert_eq!(reader.feed(b"data: 1\n").unwrap(), [""; 0]);
    assert_eq!(reader.feed(b"\ndata: 2\n\nda").unwrap(), ["1", "2"]);
    assert_eq!(reader.feed(b"ta: 3").unwrap(), [""; 0]);
    assert_eq!(reader.finish().unwrap(), Some("3".to_owned()));
    assert_eq!(reader.finish().unwrap(), None);
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
    let body =
        ": hello\n\n:\nevent: token\nid: 7\ndata: 1\nretry: 10\n: between\ndata: 2\nevent\n\nevent: end\n\n: ping\n\n";
    assert_events(body, &["1\n2"]);
}

#[test]
fn fields_that_only_look_like_data_say_nothing() {
    assert_events("Data: 1\ndatas: 2\n data: 3\ndata : 4\nxdata: 5\n\n", &[]);
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
    let events = read(body.as_bytes().chunks(16 * 1024));
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| *event == data));
}

#[test]
fn an_event_over_the_limit_is_refused_before_it_is_whole() {
    let mut reader = SseReader::new(1000);
    assert_eq!(reader.feed(b"data: 1\n\n").unwrap(), ["1"]);
    let fed = (0..100).map(|_| reader.feed(&[b'x'; 100])).take_while(Result::is_ok).count();
    assert_eq!(fed, 10);
    assert_eq!(SseReader::new(1000).feed(&[b'x'; 2000]), Err(ReplyError::TooLarge));
}

#[test]
fn an_event_over_the_limit_is_refused_however_its_lines_are_cut() {
    let line = format!("data: {}\n", "x".repeat(93));
    let mut reader = SseReader::new(1000);
    let fed = (0..100).map(|_| reader.feed(line.as_bytes())).take_while(Result::is_ok).count();
    assert_eq!(fed, 10);
    assert_eq!(SseReader::new(1000).feed(line.repeat(11).as_bytes()), Err(ReplyError::TooLarge));
    assert_eq!(
        SseReader::new(1000).feed(format!("data: {}\n\n", "x".repeat(1001)).as_bytes()),
        Err(ReplyError::TooLarge)
    );
    assert_eq!(SseReader::new(1000).feed(format!("data: {}\n\n", "x".repeat(1000)).as_bytes()).unwrap().len(), 1);
}

#[test]
fn the_events_before_one_over_the_limit_are_given_first() {
    let body = format!("data: 1\n\ndata: {}\n\ndata: 3\n\n", "x".repeat(2000));
    let mut reader = SseReader::new(1000);
    assert_eq!(reader.feed(body.as_bytes()).unwrap(), ["1"]);
    assert_eq!(reader.feed(b"data: 4\n\n"), Err(ReplyError::TooLarge));
    let mut reader = SseReader::new(1000);
    assert_eq!(reader.feed(body.as_bytes()).unwrap(), ["1"]);
    assert_eq!(reader.finish(), Err(ReplyError::TooLarge));
}

#[test]
fn comments_do_not_add_up_to_the_limit() {
    let mut reader = SseReader::new(1000);
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
        let mut rest = body.as_slice();
        let mut chunks = Vec::new();
        for size in sizes.into_iter().cycle() {
            let (chunk, behind) = rest.split_at(size.min(rest.len()));
            chunks.push(chunk);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(read(chunks), read([body.as_slice()]));
    }

    #[test]
    fn any_events_written_as_the_python_sdk_does_are_read_back(
        events in proptest::collection::vec("[^\n\r]{0,40}", 0..8),
    ) {
        let body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        prop_assert_eq!(read([body.as_bytes()]), events);
    }
}
