//! Packing events into frames: whole, in order, never more than a frame holds.

use agentcore_gateway::protocol::MAX_FRAME_BYTES;
use agentcore_gateway::protocol::event::Event;
use agentcore_gateway::protocol::frame::{Frame, FrameMaker, Seq};
use agentcore_gateway::protocol::output::Output;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{request, session};

fn output(session_id: &str) -> Output {
    Output::new(FrameMaker::new(&request("r1"), &session(session_id)))
}

fn cut(session_id: &str, seq: Seq, events: &[Event]) -> Vec<Frame> {
    let mut output = output(session_id);
    events.iter().cloned().for_each(|event| output.add(event));
    output.cut(seq)
}

/// What a client makes of output frames: the names and JSON texts of the events. Checks every frame on the way.
fn read(first: Seq, frames: &[Frame]) -> Vec<(Option<String>, String)> {
    let (mut events, mut slices, mut names_of_slices) = (Vec::new(), Vec::<String>::new(), Vec::new());
    for (seq, frame) in (first..).zip(frames) {
        assert!(frame.text.len() <= MAX_FRAME_BYTES, "{} bytes", frame.text.len());
        assert_eq!((frame.seq, frame.outcome), (seq, None));
        let value: Value = serde_json::from_str(&frame.text).unwrap();
        assert_eq!((&value["type"], &value["seq"]), (&Value::from("output"), &Value::from(seq)));
        let is_member = |name: &&str| !matches!(*name, "names" | "name");
        let mut members: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).filter(is_member).collect();
        members.sort_unstable();
        if value.get("events").is_some() {
            assert_eq!(members, ["events", "requestId", "seq", "sessionId", "type"]);
            assert!(slices.is_empty(), "whole events between the slices of one");
            let names = value.get("names").map(|names| names.as_object().unwrap());
            assert!(names.is_none_or(|names| !names.is_empty()), "only if an event has one");
            let texts = texts(&frame.text);
            let name = |at: usize| Some(names?.get(&at.to_string())?.as_str().unwrap().to_owned());
            let named: Vec<_> = texts.into_iter().enumerate().map(|(at, text)| (name(at), text)).collect();
            assert_eq!(named.iter().filter(|(name, _)| name.is_some()).count(), names.map_or(0, serde_json::Map::len));
            events.extend(named);
        } else {
            assert_eq!(members, ["part", "requestId", "seq", "sessionId", "text", "type"]);
            let name = value.get("name").map(|name| name.as_str().unwrap().to_owned());
            let part = &value["part"];
            assert_eq!(*part, serde_json::json!({"index": slices.len(), "last": part["last"].as_bool().unwrap()}));
            slices.push(value["text"].as_str().unwrap().to_owned());
            names_of_slices.push(name.clone());
            if part["last"] == true {
                assert!(slices.len() > 1, "one slice is no slicing");
                assert!(names_of_slices.iter().all(|other| *other == name), "the name is in every slice");
                names_of_slices.clear();
                events.push((name, std::mem::take(&mut slices).concat()));
            }
        }
    }
    assert!(slices.is_empty(), "a last slice is missing");
    events
}

fn texts(frame: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Events<'a> {
        #[serde(borrow)]
        events: Vec<&'a RawValue>,
    }
    let frame: Events<'_> = serde_json::from_str(frame).unwrap();
    frame.events.iter().map(|event| event.get().to_owned()).collect()
}

fn texts_of(events: &[Event]) -> Vec<(Option<String>, String)> {
    events.iter().map(|event| (event.name().map(str::to_owned), event.as_json().to_owned())).collect()
}

#[test]
fn nothing_becomes_no_frame() {
    let mut output = output("s");
    assert!(output.is_empty() && output.waiting_bytes() == 0);
    assert_eq!(output.cut(5), []);
}

#[test]
fn nothing_waits_after_a_cut() {
    let mut output = output("s");
    output.add(Event::from_text("abc"));
    assert!(!output.is_empty() && output.waiting_bytes() >= 5);
    assert_eq!(output.cut(5).len(), 1);
    assert!(output.is_empty() && output.waiting_bytes() == 0);
    assert_eq!(output.cut(6), []);
}

#[test]
fn many_small_events_fill_few_frames() {
    let events: Vec<Event> = (0..10_000).map(|n| Event::from_data(n.to_string())).collect();
    let frames = cut("s", 2, &events);
    assert_eq!(frames.len(), 2);
    assert_eq!(read(2, &frames), texts_of(&events));
}

#[test]
fn events_at_the_edge_of_a_frame_are_whole_or_sliced_and_nothing_is_lost() {
    for session_id in ["s".to_owned(), "\"".repeat(256)] {
        let event = |length: usize| Event::from_text(&"x".repeat(length));
        let is_whole = |length: usize| cut(&session_id, 2, &[event(length)]).len() == 1;
        let (mut longest, mut too_long) = (0, MAX_FRAME_BYTES);
        while too_long - longest > 1 {
            let middle = usize::midpoint(longest, too_long);
            if is_whole(middle) { longest = middle } else { too_long = middle }
        }
        assert!(longest + 2 * session_id.len() > MAX_FRAME_BYTES - 200, "{longest}");
        for length in longest - 6..longest + 6 {
            let events = [Event::from_text("a"), event(length), Event::from_text("b"), event(length), event(length)];
            assert_eq!(read(2, &cut(&session_id, 2, &events)), texts_of(&events), "{length}");
        }
    }
}

#[test]
fn slices_are_never_cut_inside_a_character_or_an_escape() {
    for unit in ["é", "€", "😀", "\"", "\\", "\n", "\u{1}", "\u{2028}", "a😀", "aé\\"] {
        let events = [Event::from_text(&unit.repeat(70_000 / unit.len()))];
        let frames = cut("s", u64::MAX - 20, &events);
        assert_eq!(read(u64::MAX - 20, &frames), texts_of(&events), "{unit:?}");
        let full = frames.iter().filter(|frame| frame.text.len() > MAX_FRAME_BYTES - 64).count();
        assert_eq!(full, frames.len() - 1, "all slices of {unit:?} but the last are nearly full");
    }
}

#[test]
fn white_space_between_the_tokens_of_an_event_is_kept() {
    let text = format!("[\t1,\r\n{}2]", " \n\t\r".repeat(20_000));
    assert_eq!(read(2, &cut("s", 2, &[Event::from_data(&text)])), [(None, text)]);
}

#[test]
fn names_stand_by_the_place_of_their_events_in_each_frame() {
    let event = |name: &str, text: &str| Event::from_data(text).named(name);
    let events =
        [event("", "1"), event("updates", "2"), event("message", "3"), event("a\"é", "4"), event("updates", "5")];
    let frames = cut("s", 2, &events);
    assert_eq!(frames.len(), 1);
    assert!(
        frames[0].text.ends_with(r#","seq":2,"events":[1,2,3,4,5],"names":{"1":"updates","3":"a\"é","4":"updates"}}"#)
    );
    assert_eq!(read(2, &frames), texts_of(&events));
    let large = |name: &str| Event::from_text(&"x".repeat(20_000)).named(name);
    let frames = cut("s", 2, &[large("a"), large(""), large("b")]);
    let names: Vec<Value> =
        frames.iter().map(|frame| serde_json::from_str::<Value>(&frame.text).unwrap()["names"].take()).collect();
    assert_eq!(names, [serde_json::json!({"0": "a"}), Value::Null, serde_json::json!({"0": "b"})]);
}

#[test]
fn a_name_takes_of_the_room_of_its_frame() {
    for name in ["n".to_owned(), "x".repeat(128), "\u{1}".repeat(128), "é\"".repeat(43)] {
        let fits = |length: usize| cut("s", 2, &[Event::from_text(&"x".repeat(length)).named(&name)]).len() == 1;
        let (mut longest, mut too_long) = (0, MAX_FRAME_BYTES);
        while too_long - longest > 1 {
            let middle = usize::midpoint(longest, too_long);
            if fits(middle) { longest = middle } else { too_long = middle }
        }
        for length in longest - 6..longest + 6 {
            let event = Event::from_text(&"x".repeat(length)).named(&name);
            let events = [Event::from_text("a").named("b"), event.clone(), Event::from_text("b"), event.clone(), event];
            assert_eq!(read(2, &cut("s", 2, &events)), texts_of(&events), "{length}");
        }
    }
}

#[test]
fn many_small_events_with_names_fit_their_frames() {
    let events: Vec<Event> =
        (0..10_000).map(|n| Event::from_data(n.to_string()).named(&format!("n{}", n % 7))).collect();
    assert_eq!(read(2, &cut("s", 2, &events)), texts_of(&events));
}

#[test]
fn frames_of_events_without_names_are_what_they_were_before_there_were_names() {
    let longest = MAX_FRAME_BYTES - cut("s", 2, &[Event::from_data("1")])[0].text.len() - 200;
    let events = [Event::from_text(&"x".repeat(longest)), Event::from_data("2").named("message")];
    let frames = cut("s", 2, &events);
    let expected = format!(
        r#"{{"type":"output","requestId":"r1","sessionId":"s","seq":2,"events":["{}",2]}}"#,
        "x".repeat(longest)
    );
    assert_eq!(frames[0].text, expected);
    let frame = &cut("s", 2, &[Event::from_text(&"x".repeat(40_000))])[0].text;
    assert!(frame.starts_with(
        r#"{"type":"output","requestId":"r1","sessionId":"s","seq":2,"part":{"index":0,"last":false},"text":"\"xx"#
    ));
}

/// Text made of a few repeated characters, some of which need escapes or several bytes.
fn long_text() -> impl Strategy<Value = String> {
    let size = prop_oneof![6 => 0..60_usize, 3 => 0..6_000_usize, 1 => 20_000..60_000_usize];
    (proptest::collection::vec(any::<char>(), 1..4), "[a\"\\\\é€😀\n]{0,3}", size).prop_map(|(any, few, size)| {
        let unit: String = any.into_iter().chain(few.chars()).collect();
        unit.repeat(size / unit.len() + 1)
    })
}

fn event() -> impl Strategy<Value = Event> {
    let name = prop_oneof![4 => Just(String::new()), 2 => "[a-z]{0,8}", 1 => proptest::collection::vec(any::<char>(), 0..140)
        .prop_map(|name| name.into_iter().collect())];
    (unnamed_event(), name).prop_map(|(event, name)| event.named(&name))
}

fn unnamed_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        long_text().prop_map(|text| Event::from_text(&text)),
        long_text().prop_map(|text| Event::from_data(serde_json::json!({"z": text, "a": [text.len()]}).to_string())),
        any::<f64>().prop_map(|number| Event::from_data(number.to_string())),
        any::<String>().prop_map(|text| Event::from_data(&text)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_events_of_the_frames_are_the_events_put_in(
        events in proptest::collection::vec(event(), 0..20),
        seq in prop_oneof![1..100_u64, Just(u64::MAX / 2)],
        session_id in "[^\\p{Cc}]{1,60}",
    ) {
        // A client of JavaScript reads such events; the strict reader of this test does not.
        let strict = |event: &Event| serde_json::from_str::<Value>(event.as_json()).is_ok();
        let events: Vec<Event> = events.into_iter().filter(strict).collect();
        let frames = cut(&session_id, seq, &events);
        prop_assert_eq!(read(seq, &frames), texts_of(&events));
    }

    #[test]
    fn cutting_more_often_changes_nothing_but_the_frames(
        events in proptest::collection::vec(event(), 1..12),
        at in any::<proptest::sample::Index>(),
    ) {
        let strict = |event: &Event| serde_json::from_str::<Value>(event.as_json()).is_ok();
        let events: Vec<Event> = events.into_iter().filter(strict).collect();
        let (head, tail) = events.split_at(if events.is_empty() { 0 } else { at.index(events.len()) });
        let mut output = output("s");
        head.iter().cloned().for_each(|event| output.add(event));
        let mut frames = output.cut(2);
        tail.iter().cloned().for_each(|event| output.add(event));
        frames.extend(output.cut(2 + frames.len() as u64));
        prop_assert_eq!(read(2, &frames), texts_of(&events));
    }
}
