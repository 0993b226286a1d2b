//! Packing events into frames: the second stage of a run.

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::log::Log;
use super::settings::Settings;
use crate::protocol::event::Event;
use crate::protocol::frame::FrameMaker;
use crate::protocol::output::Output;

/// Puts the events that come into the log, as few frames as it can without making anybody wait: the first event at
/// once, then a frame when a device has taken all others and the interval is over, or when one is full.
pub(super) async fn coalesce(
    mut events: mpsc::Receiver<Vec<Event>>,
    log: &Log,
    maker: FrameMaker,
    settings: &Settings,
) {
    let mut output = Output::new(maker);
    let mut last_cut = None;
    let mut changes = log.changes();
    loop {
        let (is_full, has_room) = (output.waiting_bytes() >= settings.coalesce_bytes, log.has_room());
        tokio::select! {
            biased;
            () = std::future::ready(()), if is_full && has_room => {}
            batch = events.recv(), if !is_full => match batch {
                Some(batch) => {
                    batch.into_iter().for_each(|event| output.add(event));
                    continue;
                }
                None => break,
            },
            () = turn(log, last_cut, settings), if has_room && !output.is_empty() => {}
            // The journal is slower than the agent; no more is read than one full frame.
            _ = changes.changed(), if !has_room => continue,
        }
        log.append(output.cut(log.last() + 1));
        last_cut = Some(Instant::now());
    }
    log.append(output.cut(log.last() + 1));
}

/// Waits until it is a frame's turn.
async fn turn(log: &Log, last_cut: Option<Instant>, settings: &Settings) {
    let (mut takers, mut watchers) = (log.takers(), log.takers());
    if let Some(last_cut) = last_cut {
        sleep_until(last_cut + settings.coalesce_interval).await;
    }
    let taken = async {
        let _ = takers.wait_for(|takers| takers.idle > 0).await;
    };
    // Without a device nobody waits for a frame but the journal.
    let unwatched = async {
        match last_cut {
            Some(last_cut) => sleep_until(last_cut + settings.segment_interval).await,
            None => tokio::time::sleep(settings.segment_interval).await,
        }
        let _ = watchers.wait_for(|takers| takers.attached == 0).await;
    };
    tokio::select! {
        biased;
        () = taken => {}
        () = unwatched => {}
    }
}
