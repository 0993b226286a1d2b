//! Segments of a journal, and the form in which they are stored.

use std::sync::Arc;

use agentcore_gateway::journal::Segment;
use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::protocol::frame::{Ending, Failure, Frame, FrameMaker, Outcome};
use agentcore_gateway::protocol::ids::{RequestId, SessionId};
use agentcore_gateway::protocol::output::Output;
use proptest::prelude::*;

fn maker() -> FrameMaker {
    let request = RequestId::parse("0190d0de-9a4e-7b8e-8f5a-3f0a8ac2d3b1").unwrap();
    FrameMaker::new(&request, &SessionId::parse("kyoto").unwrap())
}

/// A segment of `output` frames from number `first` on, each with some of `texts`.
fn outputs(first: u64, texts: &[String], per_frame: usize) -> Segment {
    let mut output = Output::new(maker());
    let mut frames = Vec::new();
    for events in texts.chunks(per_frame) {
        events.iter().for_each(|text| output.add(Event::from_data(text.as_str())));
        frames.extend(output.cut(first + frames.len() as u64));
    }
    Segment::new(frames.into_iter().map(Arc::new).collect()).unwrap()
}

fn assert_round_trip(segment: &Segment) {
    assert_eq!(&Segment::decode(&segment.encode(), segment.first(), segment.outcome()).unwrap(), segment);
}

#[test]
fn an_ending_keeps_its_outcome() {
    for ending in [Ending::Completed, Ending::Stopped, Ending::Failed(Failure::interrupted())] {
        let frames = vec![Frame { seq: 6, text: "{}".to_owned(), outcome: None }, maker().ending(7, &ending)];
        let segment = Segment::new(frames.into_iter().map(Arc::new).collect()).unwrap();
        assert_round_trip(&segment);
        let decoded = Segment::decode(&segment.encode(), 6, segment.outcome()).unwrap();
        assert_eq!(decoded.frames()[1].outcome, Some(ending.outcome()));
        assert_eq!(decoded.frames()[0].outcome, None);
    }
}

#[test]
fn a_second_of_an_ordinary_reply_takes_a_fifth_of_a_kilobyte() {
    // 30 words a second in ten frames, as the default settings cut them; no word comes twice in a row.
    let words: Vec<String> =
        (0..30).map(|word: u64| format!("\" {}\"", ["the", "temple", "of"][word as usize % 3])).collect();
    let segment = outputs(2, &words, 3);
    assert_eq!(segment.frames().len(), 10);
    assert!(segment.bytes() > 1000);
    assert!(segment.encode().len() < 250, "{}", segment.encode().len());
}

#[test]
fn what_is_no_segment_is_told_apart() {
    let segment = outputs(1, &["1".to_owned(), "2".to_owned()], 1);
    let stored = segment.encode();
    for cut in 0..stored.len() {
        assert!(Segment::decode(&stored[..cut], 1, None).is_err(), "cut at {cut}");
    }
    assert_eq!(
        Segment::decode(b"no zlib", 1, None).unwrap_err().to_string(),
        "a stored segment cannot be read: it is not compressed text"
    );
}

#[test]
fn names_of_events_are_kept() {
    let mut output = Output::new(maker());
    output.add(Event::from_data("1").named("updates"));
    output.add(Event::from_text(&"x".repeat(40_000)).named("värde"));
    let frames: Vec<Arc<Frame>> = output.cut(2).into_iter().map(Arc::new).collect();
    assert!(frames[0].text.contains(r#""names":{"0":"updates"}"#) && frames[1].text.contains(r#""name":"värde""#));
    assert_round_trip(&Segment::new(frames).unwrap());
}

proptest! {
    #[test]
    fn a_segment_survives_being_stored(
        first in 1_u64..1 << 40,
        texts in prop::collection::vec(any::<String>(), 1..40),
        per_frame in 1_usize..5,
        ended in any::<bool>(),
    ) {
        let segment = outputs(first, &texts, per_frame);
        assert_round_trip(&segment);
        if ended {
            let ending = maker().ending(segment.last() + 1, &Ending::Completed);
            let frames = segment.frames().iter().cloned().chain([Arc::new(ending)]).collect();
            let segment = Segment::new(frames).unwrap();
            prop_assert_eq!(segment.outcome(), Some(Outcome::Completed));
            assert_round_trip(&segment);
        }
    }

    #[test]
    fn a_pretty_reply_survives_being_stored(text in "\\[\n( \t1,\r\n){0,20}2\n\\]") {
        assert_round_trip(&outputs(1, &[text], 1));
    }

    #[test]
    fn any_bytes_are_a_segment_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Segment::decode(&bytes, 1, None);
    }
}
