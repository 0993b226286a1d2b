//! Fuzzing with a stable compiler: inputs of the corpus, changed at random, for so many seconds per target.
//!
//!     cargo run --manifest-path fuzz/Cargo.toml                     all targets, SOAK_SECONDS (10) each
//!     cargo run --manifest-path fuzz/Cargo.toml -- reply_reader       one target
//!     cargo run --manifest-path fuzz/Cargo.toml -- reply_reader FILE  one input
//!
//! `FUZZ_SEED` repeats a run. An input that fails is written to `fuzz/artifacts/<target>/`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, io, panic};

use agentcore_gateway_fuzz::{client_message, content_encoding, queue_record, reply_reader};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 4] = [
    ("client_message", client_message),
    ("reply_reader", reply_reader),
    ("content_encoding", content_encoding),
    ("queue_record", queue_record),
];

/// Pieces that inputs are made of, which chance alone finds late.
const WORDS: [&[u8]; 31] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b":",
    b",",
    b"null",
    b"1e999",
    b"-0",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"data",
    b"event: ",
    b"id",
    b"\x1e",
    b"\x1f\x8b\x08",
    b"\x78\x9c",
    b"data: ",
    b": ",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xe2\x80\xa8",
    b"\"action\":\"echo\",",
    b"\"prompt\":",
    b"\"input\":{",
    b"\"version\":",
];

/// The longest input that is made.
const MAX_BYTES: usize = 64 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let named = |target: &&Target| arguments.first().is_none_or(|name| name == target.0);
    let targets: Vec<&Target> = TARGETS.iter().filter(named).collect();
    if targets.is_empty() || arguments.len() > 2 {
        eprintln!(
            "usage: agentcore-gateway-fuzz [client_message | reply_reader | content_encoding | queue_record [FILE]]"
        );
        return ExitCode::from(2);
    }
    let result = match arguments.get(1) {
        Some(file) => fs::read(file).map(|input| (targets[0].1)(&input)),
        None => targets.into_iter().try_for_each(fuzz),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// Runs one target until its time is over, or an input fails.
fn fuzz((name, body): &Target) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = read_corpus(&folder.join("corpus").join(name))?;
    let seed = number("FUZZ_SEED").unwrap_or_else(rand::random);
    let time = Duration::from_secs(number("SOAK_SECONDS").unwrap_or(10));
    let mut chance = StdRng::seed_from_u64(seed);
    let (began, mut inputs) = (Instant::now(), 0_u64);
    println!("{name}: seed {seed}, {} inputs in the corpus, {} s", corpus.len(), time.as_secs());
    let mut queue = corpus.iter();
    while began.elapsed() < time || queue.len() > 0 {
        let input = queue.next().cloned().unwrap_or_else(|| changed(&corpus, &mut chance));
        if panic::catch_unwind(|| body(&input)).is_err() {
            let file = save(&folder.join("artifacts").join(name), seed, inputs, &input)?;
            let replay = format!("cargo run --manifest-path fuzz/Cargo.toml -- {name} {}", file.display());
            return Err(io::Error::other(format!(
                "{name}: input {inputs} of seed {seed} fails; to replay it:\n  {replay}"
            )));
        }
        inputs += 1;
    }
    println!("{name}: {inputs} inputs held");
    Ok(())
}

/// The inputs of a corpus, in an order that does not depend on the file system.
fn read_corpus(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    files.sort();
    if files.is_empty() {
        return Err(io::Error::other(format!("no corpus in {}", folder.display())));
    }
    files.into_iter().map(fs::read).collect()
}

fn save(folder: &Path, seed: u64, input: u64, bytes: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("seed-{seed}-input-{input}"));
    fs::write(&file, bytes)?;
    Ok(file)
}

/// An input of the corpus with a few changes.
fn changed(corpus: &[Vec<u8>], chance: &mut impl Rng) -> Vec<u8> {
    let any = |chance: &mut _| corpus.choose(chance).cloned().unwrap_or_default();
    let mut input = any(chance);
    for _ in 0..chance.random_range(1..8) {
        let from = chance.random_range(0..=input.len());
        let to = chance.random_range(from..=input.len().min(from + 16));
        match chance.random_range(0..8) {
            0 => drop(input.drain(from..to)),
            1 => drop(input.splice(from..to, WORDS.choose(chance).copied().unwrap_or_default().iter().copied())),
            2 => drop(input.splice(from..from, WORDS.choose(chance).copied().unwrap_or_default().iter().copied())),
            3 if from < input.len() => input[from] = chance.random(),
            4 if from < input.len() => input[from] ^= 1 << chance.random_range(0..8),
            5 => {
                let piece = input[from..to].repeat(chance.random_range(1..200));
                input.splice(from..from, piece);
            }
            6 => {
                let other = any(chance);
                input.truncate(from);
                input.extend_from_slice(&other[chance.random_range(0..=other.len())..]);
            }
            _ => input.truncate(input.len() - (to - from)),
        }
    }
    input.truncate(MAX_BYTES);
    input
}
