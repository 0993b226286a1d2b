//! Text, piece by piece.

use agentcore_gateway::protocol::event::Event;
use proptest::prelude::*;

use super::{Reader, cut, read};

/// The body that a client puts together from events that are strings.
fn joined(events: &[String]) -> String {
    events.iter().map(|event| serde_json::from_str::<String>(event).unwrap()).collect()
}

#[test]
fn each_piece_is_a_string_as_it_comes() {
    for content_type in ["text/plain", "text/html; charset=utf-8", "TEXT/Markdown", "text/x-anything"] {
        let mut reader = Reader::new(content_type, 1000);
        assert_eq!(reader.feed("Hello ").unwrap(), ["\"Hello \""]);
        assert_eq!(reader.feed("").unwrap(), [""; 0]);
        assert_eq!(reader.feed("{\"a\":1}\n\n").unwrap(), ["\"{\\\"a\\\":1}\\n\\n\""]);
        assert_eq!(reader.finish().unwrap(), [""; 0]);
    }
}

#[test]
fn a_piece_is_cut_between_code_points_only() {
    let mut reader = Reader::new("text/plain", 1000);
    assert_eq!(reader.feed(b"a\xf0").unwrap(), ["\"a\""]);
    assert_eq!(reader.feed(b"\x9f\x98").unwrap(), [""; 0]);
    assert_eq!(reader.feed(b"\x80b\xc3").unwrap(), ["\"😀b\""]);
    assert_eq!(reader.feed(b"\xa9").unwrap(), ["\"é\""]);
    assert_eq!(reader.finish().unwrap(), [""; 0]);
}

#[test]
fn a_character_whose_end_never_comes_is_replaced() {
    let mut reader = Reader::new("text/plain", 1000);
    assert_eq!(reader.feed(b"\xe2\x82").unwrap(), [""; 0]);
    assert_eq!(reader.feed(b"x").unwrap(), ["\"\u{fffd}x\""]);
    assert_eq!(reader.feed(b"\xe2\x82").unwrap(), [""; 0]);
    assert_eq!(reader.finish().unwrap(), ["\"\u{fffd}\""]);
}

#[test]
fn a_body_of_text_may_be_larger_than_an_event() {
    let mut reader = Reader::new("text/plain", 1000);
    let pieces = (0..10).map(|_| reader.feed("x".repeat(900)).unwrap().len()).sum::<usize>();
    assert_eq!(pieces, 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn all_pieces_together_are_the_body(
        parts in proptest::collection::vec(
            prop_oneof![
                3 => "\\PC{0,8}".prop_map(String::into_bytes),
                1 => proptest::collection::vec(any::<u8>(), 0..5),
                1 => proptest::sample::select(vec![&b"\xf0\x9f\x98"[..], b"\xe2\x82", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90"])
                    .prop_map(<[u8]>::to_vec),
            ],
            0..12,
        ),
        sizes in proptest::collection::vec(1..6_usize, 1..12),
    ) {
        let body = parts.concat();
        let (events, error) = read("text/plain", cut(&body, &sizes));
        prop_assert_eq!(joined(&events), String::from_utf8_lossy(&body));
        prop_assert_eq!(error, None);
        prop_assert!(events.iter().all(|event| *event != Event::from_text("").as_json()), "no piece is empty");
    }
}
