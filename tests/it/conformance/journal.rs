//! Journals.

use std::sync::Arc;
use std::time::Duration;

use agentcore_gateway::clock::Timestamp;
use agentcore_gateway::journal::{Appended, Journal, Segment, Stands};
use agentcore_gateway::protocol::frame::{Ending, Frame, FrameMaker, Outcome};
use agentcore_gateway::protocol::ids::{Principal, RequestId, SessionId};
use agentcore_gateway::session::{LeaseId, NextMessage, RunKey, SessionKey};

pub const NOW: Timestamp = Timestamp(1_790_000_000_000);

pub fn run(request: &str) -> RunKey {
    let session = SessionKey { principal: Principal::anonymous(), session: SessionId::parse("journal").unwrap() };
    RunKey { session, request: RequestId::parse(request).unwrap() }
}

fn frames(from: u64, to: u64) -> Segment {
    let frame = |seq| Arc::new(Frame { seq, text: format!("{{\"seq\":{seq}}}"), outcome: None });
    Segment::new((from..=to).map(frame).collect()).unwrap()
}

fn ending(seq: u64) -> Segment {
    let maker = FrameMaker::new(&RequestId::parse("r").unwrap(), &SessionId::parse("s").unwrap());
    Segment::of(Arc::new(maker.ending(seq, &Ending::Completed)))
}

async fn append(journal: &dyn Journal, request: &str, segment: &Segment, writer: &str) -> Appended {
    journal.append(&run(request), segment, &LeaseId(writer.to_owned()), NOW).await.unwrap()
}

/// All of it; a journal may be shared with other suites, but not these runs.
pub async fn suite(journal: Arc<dyn Journal>) {
    a_segment_is_put_only_where_none_stands(&*journal).await;
    what_stands_there_says_what_comes_next(&*journal).await;
    reads_are_in_order_and_in_pages(&*journal).await;
    a_page_has_a_frame_however_large_it_is(&*journal).await;
    a_page_is_filled_to_the_byte(&*journal).await;
    one_writer_wins(journal).await;
}

async fn a_segment_is_put_only_where_none_stands(journal: &dyn Journal) {
    assert_eq!(journal.tail(&run("log"), NOW).await.unwrap(), None);
    assert_eq!(append(journal, "log", &frames(1, 1), "a").await, Appended::Written);
    assert_eq!(append(journal, "log", &frames(1, 1), "a").await, Appended::Written, "the same once more is no other");
    assert_eq!(append(journal, "log", &frames(1, 1), "b").await, Appended::Overtaken(frames(1, 1).stands()));
    assert_eq!(append(journal, "log", &frames(2, 4), "a").await, Appended::Written);
    assert_eq!(append(journal, "log", &frames(2, 2), "b").await, Appended::Overtaken(frames(2, 4).stands()));
    let tail = journal.tail(&run("log"), NOW).await.unwrap().unwrap();
    assert_eq!((tail.last, tail.outcome, tail.written_at), (4, None, NOW));
    assert_eq!(append(journal, "log", &ending(5), "a").await, Appended::Written);
    let overtaken = append(journal, "log", &ending(5), "b").await;
    assert_eq!(overtaken, Appended::Overtaken(ending(5).stands()), "there is one ending");
    let tail = journal.tail(&run("log"), NOW).await.unwrap().unwrap();
    assert_eq!((tail.last, tail.outcome), (5, Some(Outcome::Completed)));
    let read = journal.read(&run("log"), 2, NOW).await.unwrap();
    assert_eq!(read.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!((read[1].outcome, read[2].outcome), (None, Some(Outcome::Completed)));
    assert_eq!(&read[2], &ending(5).frames()[0], "to the byte");
}

/// Of a detached run: whoever finds its place taken goes on behind what stands there.
async fn what_stands_there_says_what_comes_next(journal: &dyn Journal) {
    let next = NextMessage { index: 7, frames: 2, bytes: 1_000_000 };
    let segment = frames(1, 3).followed_by(next);
    assert_eq!(append(journal, "detached", &segment, "a").await, Appended::Written);
    let stands = Stands { last: 3, outcome: None, next: Some(next) };
    assert_eq!(append(journal, "detached", &frames(1, 1), "b").await, Appended::Overtaken(stands));
    assert_eq!(journal.read(&run("detached"), 0, NOW).await.unwrap().len(), 3);
}

async fn reads_are_in_order_and_in_pages(journal: &dyn Journal) {
    let large = |seq| Arc::new(Frame { seq, text: "x".repeat(30_000), outcome: None });
    for first in (1..100).step_by(9) {
        let segment = Segment::new((first..first + 9).map(large).collect()).unwrap();
        assert_eq!(append(journal, "pages", &segment, "a").await, Appended::Written);
    }
    let beyond = [1000, 9_999_999_998, 9_999_999_999, 10_000_000_000, u64::MAX - 1, u64::MAX];
    for after in [0, 1, 8, 9, 50, 99].into_iter().chain(beyond) {
        let mut read = Vec::new();
        let mut last = after;
        loop {
            let page = journal.read(&run("pages"), last, NOW).await.unwrap();
            let Some(end) = page.last() else { break };
            assert!(page.iter().map(|frame| frame.text.len()).sum::<usize>() <= 1024 * 1024);
            last = end.seq;
            read.extend(page.into_iter().map(|frame| frame.seq));
        }
        assert_eq!(read, (after.saturating_add(1)..=99).collect::<Vec<_>>());
    }
    for after in [0, 1, u64::MAX] {
        assert!(journal.read(&run("unknown"), after, NOW).await.unwrap().is_empty());
    }
}

async fn a_page_has_a_frame_however_large_it_is(journal: &dyn Journal) {
    let frame = |seq, bytes| Arc::new(Frame { seq, text: "x".repeat(bytes), outcome: None });
    let frames = [frame(1, 10), frame(2, 1_048_577), frame(3, 1_048_576), frame(4, 10)];
    for frame in frames {
        assert_eq!(append(journal, "large", &Segment::of(frame), "a").await, Appended::Written);
    }
    for after in 0..4 {
        let page = journal.read(&run("large"), after, NOW).await.unwrap();
        assert_eq!(page.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [after + 1]);
    }
}

async fn a_page_is_filled_to_the_byte(journal: &dyn Journal) {
    for seq in 1..4 {
        let half = Arc::new(Frame { seq, text: "x".repeat(524_288), outcome: None });
        assert_eq!(append(journal, "full", &Segment::of(half), "a").await, Appended::Written);
    }
    let page = journal.read(&run("full"), 0, NOW).await.unwrap();
    assert_eq!(page.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [1, 2]);
}

async fn one_writer_wins(journal: Arc<dyn Journal>) {
    let writers = (0..20).map(|number| {
        let journal = journal.clone();
        tokio::spawn(async move { append(&*journal, "race", &frames(1, 1), &format!("worker-{number}")).await })
    });
    let mut written = 0;
    for writer in writers.collect::<Vec<_>>() {
        written += usize::from(writer.await.unwrap() == Appended::Written);
    }
    assert_eq!(written, 1);
}

/// A journal is kept for `window` after its last segment, and as long as the run goes on.
pub async fn expiry(journal: &dyn Journal, window: Duration) {
    let (before, after) = (NOW.after(window - Duration::from_secs(1)), NOW.after(window + Duration::from_secs(1)));
    for request in ["ended", "running"] {
        append(journal, request, &frames(1, 1), "a").await;
    }
    append(journal, "ended", &ending(2), "a").await;
    assert_eq!(journal.read(&run("ended"), 0, before).await.unwrap().len(), 2);
    journal.append(&run("running"), &frames(2, 2), &LeaseId("a".to_owned()), before).await.unwrap();
    assert_eq!(journal.tail(&run("ended"), after).await.unwrap(), None);
    assert!(journal.read(&run("ended"), 0, after).await.unwrap().is_empty());
    assert_eq!(journal.tail(&run("running"), after).await.unwrap().map(|tail| tail.last), Some(2));
}

/// One that holds at most 256 MiB.
pub async fn bounded_by_default(journal: &dyn Journal) {
    let large = Frame { seq: 1, text: "x".repeat(1024 * 1024), outcome: Some(Outcome::Completed) };
    // The frames of all these runs are one in memory.
    let large = Segment::of(Arc::new(large));
    for number in 0..256 {
        append(journal, &format!("large-{number}"), &large, "w").await;
    }
    assert!(journal.tail(&run("large-0"), NOW).await.unwrap().is_some());
    append(journal, "one-more", &ending(1), "w").await;
    assert_eq!(journal.tail(&run("large-0"), NOW).await.unwrap(), None);
    assert!(journal.tail(&run("large-1"), NOW).await.unwrap().is_some());
}

/// One that holds at most 1,000 bytes.
pub async fn bounded(journal: &dyn Journal) {
    let large = Segment::of(Arc::new(Frame { seq: 1, text: "x".repeat(500), outcome: None }));
    for request in ["a", "b", "c"] {
        append(journal, request, &large, "w").await;
        append(journal, request, &ending(2), "w").await;
    }
    for request in ["a", "b"] {
        assert_eq!(journal.tail(&run(request), NOW).await.unwrap(), None, "{request}");
    }
    assert_eq!(journal.tail(&run("c"), NOW).await.unwrap().map(|tail| tail.last), Some(2));
}
