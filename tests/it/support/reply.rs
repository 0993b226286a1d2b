//! A reply as a client puts it together, by the rules of I2.

use std::collections::BTreeMap;

use serde_json::Value;

use super::socket::is_ending;

/// The numbered frames of one request that a client has.
#[derive(Debug, Default)]
pub struct ReplyInParts(BTreeMap<u64, Value>);

impl ReplyInParts {
    /// The last frame up to which there is no gap.
    pub fn contiguous(&self) -> u64 {
        let mut last = 0;
        while self.0.contains_key(&(last + 1)) {
            last += 1;
        }
        last
    }

    pub fn is_whole(&self) -> bool {
        self.0.last_key_value().is_some_and(|(seq, frame)| is_ending(frame) && self.contiguous() == *seq)
    }

    pub fn has_gap(&self) -> bool {
        self.0.last_key_value().is_some_and(|(seq, _)| self.contiguous() < *seq)
    }

    /// Takes a frame; `false` if it contradicts one that is there.
    pub fn take(&mut self, frame: Value) -> bool {
        let seq = frame["seq"].as_u64().expect("a run's frame has a number");
        let ended_at = self.0.iter().find(|(_, frame)| frame["code"] == "interrupted").map(|(seq, _)| *seq);
        match self.0.get(&seq) {
            Some(known) if *known == frame => true,
            // The ending of a run whose worker died voids what it takes the place of, and all behind it.
            _ if frame["code"] == "interrupted" => {
                self.0.split_off(&seq);
                self.0.insert(seq, frame);
                true
            }
            _ if ended_at.is_some_and(|ended_at| seq >= ended_at) => true,
            Some(_) => false,
            None => {
                self.0.insert(seq, frame);
                true
            }
        }
    }

    /// The frames in order.
    pub fn into_frames(self) -> Vec<Value> {
        self.0.into_values().collect()
    }
}
