//! NDJSON and its relatives.

use agentcore_gateway::agent::ReplyError;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Reader, assert_read, cut, read};

const LINES: [&str; 5] = [
    "application/x-ndjson",
    "application/jsonl",
    "application/jsonlines",
    "application/stream+json",
    "application/json-seq",
];
const SEQUENCE: &str = "application/json-seq";

#[test]
fn each_line_is_an_event_whatever_the_type_is_called() {
    for content_type in LINES {
        assert_read(
            content_type,
            "{\"a\": 1.50}\n\"é😀\"\n[1]\nnull\n",
            &["{\"a\": 1.50}", "\"é😀\"", "[1]", "null"],
            None,
        );
        assert_read(content_type, "", &[], None);
    }
    for content_type in ["Application/X-NDJSON; charset=utf-8", "application/jsonl ;x=y"] {
        assert_read(content_type, "1\n2", &["1", "2"], None);
    }
}

#[test]
fn a_line_is_an_event_as_soon_as_it_ends() {
    for content_type in LINES {
        let mut reader = Reader::new(content_type, 1000);
        assert_eq!(reader.feed("{\"a\":").unwrap(), [""; 0], "{content_type}");
        assert_eq!(reader.feed("1}\n{").unwrap(), ["{\"a\":1}"], "{content_type}");
        assert_eq!(reader.feed("}").unwrap(), [""; 0], "{content_type}");
        assert_eq!(reader.finish().unwrap(), ["{}"], "{content_type}");
        assert_eq!(reader.finish().unwrap(), [""; 0], "{content_type}");
    }
}

#[test]
fn lines_end_with_lf_or_crlf_and_empty_ones_are_nothing() {
    for content_type in LINES {
        assert_read(content_type, "\n\r\n1\r\n\n \t\r\n2\n\n", &["1", "2"], None);
        assert_read(content_type, "\"a\rb\"", &["\"\\\"a\\rb\\\"\""], None);
    }
}

#[test]
fn a_byte_order_mark_before_the_first_line_is_not_part_of_it() {
    for content_type in LINES {
        assert_read(content_type, "\u{feff}{\"a\":1}\n\u{feff}1\n", &["{\"a\":1}", "\"\u{feff}1\""], None);
        assert_read(content_type, "\u{feff}", &[], None);
    }
}

#[test]
fn a_line_that_is_not_json_is_a_string() {
    for content_type in LINES {
        assert_read(content_type, "[DONE]\nhello\n01\n", &["\"[DONE]\"", "\"hello\"", "\"01\""], None);
        assert_read(content_type, b"a\xff\n\xe2\x82", &["\"a\u{fffd}\"", "\"\u{fffd}\""], None);
    }
    assert_read(LINES[0], "{\"open\": \n1\n", &["\"{\\\"open\\\": \"", "1"], None);
    assert_read(LINES[0], "\u{1e}1\n", &["\"\\u001e1\""], None);
}

#[test]
fn a_sequence_is_cut_at_its_separators() {
    assert_read(SEQUENCE, "\u{1e}{\"a\":1}\n\u{1e}[2]\n\u{1e}3\n", &["{\"a\":1}", "[2]", "3"], None);
    assert_read(SEQUENCE, "\u{1e}1\u{1e}2\u{1e}\u{1e}\n\u{1e}3", &["1", "2", "3"], None);
}

#[test]
fn a_record_of_a_sequence_may_have_several_lines() {
    let body = "\u{1e}{\n  \"a\": \"}\\\"{\",\n  \"b\": [\n    1\n  ]\n}\n\u{1e}2\n";
    assert_read(SEQUENCE, body, &["{\n  \"a\": \"}\\\"{\",\n  \"b\": [\n    1\n  ]\n}", "2"], None);
    let mut reader = Reader::new(SEQUENCE, 1000);
    assert_eq!(reader.feed("\u{1e}{\n\"a\": 1\n").unwrap(), [""; 0]);
    assert_eq!(reader.feed("}\n").unwrap(), ["{\n\"a\": 1\n}"], "the next record may be long in coming");
}

#[test]
fn a_record_that_was_not_finished_ends_where_the_next_begins() {
    assert_read(SEQUENCE, "\u{1e}{\"a\": [1,\n\u{1e}2\n", &["\"{\\\"a\\\": [1,\\n\"", "2"], None);
    assert_read(SEQUENCE, "\u{1e}\"a\n\u{1e}{\"b\":1}\n", &["\"\\\"a\\n\"", "{\"b\":1}"], None);
}

#[test]
fn an_event_over_the_limit_is_too_large_behind_those_before_it() {
    for content_type in LINES {
        let mut reader = Reader::new(content_type, 1000);
        let large = "x".repeat(1001);
        assert_eq!(reader.feed(format!("1\n{large}\n3\n")).unwrap(), ["1"], "{content_type}");
        assert_eq!(reader.feed("4\n"), Err(ReplyError::TooLarge));
        assert_eq!(reader.finish(), Err(ReplyError::TooLarge));
        let mut reader = Reader::new(content_type, 1000);
        assert_eq!(reader.feed("x".repeat(2000)), Err(ReplyError::TooLarge), "before it is whole");
        let largest = format!("\u{feff}{}\r\n", "1".repeat(1000));
        assert_eq!(Reader::new(content_type, 1000).feed(largest).unwrap(), ["1".repeat(1000)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_cutting_of_the_same_bytes_gives_the_same_events(
        pieces in proptest::collection::vec(
            select(vec!["{", "}", "[", "]", "\"", "\\", "1", "\n", "\r\n", "\u{1e}", " ", "é", "\u{feff}", "{\"a\":\"b\"}\n"]),
            0..24,
        ),
        sizes in proptest::collection::vec(1..9_usize, 1..20),
        content_type in select(LINES.to_vec()),
    ) {
        let body = pieces.concat();
        prop_assert_eq!(read(content_type, cut(body.as_bytes(), &sizes)), read(content_type, [body.as_bytes()]));
    }
}
