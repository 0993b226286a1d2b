//! Packing events into frames: the second stage of a run.

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::log::Log;
use super::run::EVENT_BATCHES;
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
    let mut batches = Vec::new();
    let mut waiting_since = Instant::now();
    loop {
        let changed = log.changed();
        let (is_full, has_room) = (output.waiting_bytes() >= settings.coalesce_bytes, log.has_room());
        tokio::select! {
            biased;
            () = std::future::ready(()), if is_full && has_room => {}
            count = events.recv_many(&mut batches, EVENT_BATCHES), if !is_full => {
                if count == 0 {
                    break;
                }
                if output.is_empty() {
                    waiting_since = Instant::now();
                }
                batches.drain(..).flatten().for_each(|event| output.add(event));
                continue;
            }
            () = turn(log, last_cut, waiting_since, settings), if has_room && !output.is_empty() => {}
            // The journal is slower than the agent; no more is read than one full frame.
            () = changed, if !has_room => continue,
        }
        log.append(output.cut(log.last() + 1));
        last_cut = Some(Instant::now());
    }
    log.append(output.cut(log.last() + 1));
}

/// Waits until it is a frame's turn: a device has taken all others, or so much time has passed that the journal wants
/// it. `last_cut` is when the last one was cut; the first has its turn at once.
async fn turn(log: &Log, last_cut: Option<Instant>, waiting_since: Instant, settings: &Settings) {
    if let Some(last_cut) = last_cut {
        sleep_until(last_cut + settings.coalesce_interval).await;
    }
    let mut idle_devices = log.idle_devices();
    let taken = idle_devices.wait_for(|idle| *idle > 0);
    let _ = timeout_at(waiting_since + settings.segment_interval, taken).await;
}
