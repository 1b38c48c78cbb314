//! Documents that came before, by a hash of 128 bits (XXH3), in bounded memory.
//!
//! # Which one is the duplicate
//!
//! Of equal documents, the one that stands first in the corpus (by unit, then by place) is the original, and all others
//! are duplicates, wherever they are: in another file or another language. Threads read out of order; when a document
//! turns out to stand before the one that was taken for the original, the two change places. What has been credited to
//! a duplicate stays, so that the credits are the same in any order.
//!
//! # When the memory is full
//!
//! A document is remembered if the last `level` bits of its hash are zero. The level rises by one when a document finds no
//! room; half of the hashes are then forgotten, and half of the documents are no longer compared. Credits are kept by the
//! number of zero bits, and only those of the final level count: none of its hashes was ever forgotten. So what is found
//! is exact for a known share of all documents, 1 in 2^level, chosen by content; a lower bound for all of them; and the
//! same for any order of reading, for the final level depends on the set of hashes only.
//!
//! # Error
//!
//! Different documents of one hash would count as equal: among 10^9 documents with a probability below 2^-69, unless
//! someone made them to collide (XXH3 is no cryptographic hash).

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use twox_hash::XxHash3_128;

use super::excerpt::excerpt;
use super::tally::{At, Count};

/// Shards have locks of their own, so that threads seldom wait.
const SHARDS: usize = 64;

/// Bytes that a document takes: key, value, and a byte of the table's own.
const ENTRY: usize = size_of::<(u128, Held)>() + 1;

/// The documents that came before.
pub(super) struct Seen {
    shards: Vec<Mutex<Shard>>,
    level: AtomicU32,
    room: usize,
}

/// The original of a document.
#[derive(Clone, Copy, Debug)]
struct Held {
    place: u64,
    unit: u32,
    language: u32,
}

#[derive(Default)]
struct Shard {
    level: u32,
    held: HashMap<u128, Held, BuildHasherDefault<HighHalf>>,
    credits: Credits,
}

/// Duplicates by unit, language and zero bits of their hashes.
type Credits = HashMap<(u32, u32), BTreeMap<u32, Count>>;

/// Duplicates that were found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Duplicates {
    /// By unit and language.
    pub(super) found: BTreeMap<(u32, u32), Count>,
    /// One in 2^level documents was compared.
    pub(super) level: u32,
}

impl Seen {
    /// None yet; the hashes may take `memory` bytes (but no less than some 17 kB).
    pub(super) fn new(memory: usize) -> Self {
        // A table has a power of two of slots, of which 7 in 8 may be taken.
        let slots = (memory / SHARDS / ENTRY).max(8);
        let room = (1 << slots.ilog2()) / 8 * 7;
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), level: AtomicU32::new(0), room }
    }

    /// Takes in a document.
    pub(super) fn see(&self, text: &str, at: At, language: u32) {
        let hash = XxHash3_128::oneshot(text.as_bytes());
        let zeros = (hash as u64).trailing_zeros();
        if zeros < self.level.load(Ordering::Relaxed) {
            return;
        }
        let shard = &self.shards[(hash as u64 >> 58) as usize];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut shard, hash);
        if zeros >= shard.level {
            shard.add(hash, Held { place: at.place, unit: at.unit, language }, text);
        }
    }

    /// Forgets what the level asks for; raises it while a new hash has no room.
    fn make_room(&self, shard: &mut MutexGuard<Shard>, hash: u128) {
        shard.forget(self.level.load(Ordering::Relaxed));
        while shard.held.len() >= self.room && !shard.held.contains_key(&hash) {
            let level = shard.level + 1;
            self.level.fetch_max(level, Ordering::Relaxed);
            shard.forget(level);
            if (hash as u64).trailing_zeros() < level {
                break;
            }
        }
    }

    /// What was found in all.
    pub(super) fn duplicates(self) -> Duplicates {
        let mut all = Duplicates { level: self.level.into_inner(), ..Duplicates::default() };
        for shard in self.shards {
            let credits = shard.into_inner().unwrap_or_else(PoisonError::into_inner).credits;
            for (key, by_zeros) in credits {
                for (_, count) in by_zeros.into_iter().filter(|(zeros, _)| *zeros >= all.level) {
                    all.found.entry(key).or_default().join(count);
                }
            }
        }
        all
    }
}

impl Shard {
    fn forget(&mut self, level: u32) {
        if level > self.level {
            self.level = level;
            self.held.retain(|hash, _| (*hash as u64).trailing_zeros() >= level);
        }
    }

    fn add(&mut self, hash: u128, new: Held, text: &str) {
        let later = match self.held.entry(hash) {
            Entry::Vacant(slot) => {
                slot.insert(new);
                return;
            }
            Entry::Occupied(mut slot) if new.at() < slot.get().at() => slot.insert(new),
            Entry::Occupied(_) => new,
        };
        let credits = self.credits.entry((later.unit, later.language)).or_default();
        let count = credits.entry((hash as u64).trailing_zeros()).or_default();
        count.add(1, text.len() as u64, later.at(), || excerpt(text, 0));
    }
}

impl Held {
    const fn at(&self) -> At {
        At { unit: self.unit, place: self.place }
    }
}

/// The hash of a hash: the half of it that names neither shard nor level.
#[derive(Default)]
struct HighHalf(u64);

impl Hasher for HighHalf {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = (hash >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents of two units, `of` different ones, every place a new one.
    fn corpus(count: u64, of: u64) -> Vec<(String, At, u32)> {
        let document = |i: u64| (format!("text {}", i * i % of), At { unit: (i % 2) as u32, place: i / 2 + 1 }, 0);
        (0..count).map(document).collect()
    }

    fn found(documents: &[(String, At, u32)], memory: usize) -> Duplicates {
        let seen = Seen::new(memory);
        for (text, at, language) in documents {
            seen.see(text, *at, *language);
        }
        seen.duplicates()
    }

    /// Compares each document of the level with all before it.
    fn twin(documents: &[(String, At, u32)], level: u32) -> BTreeMap<(u32, u32), u64> {
        let mut sorted = documents.to_vec();
        sorted.sort_by_key(|it| it.1);
        let (mut before, mut counts) = (std::collections::BTreeSet::new(), BTreeMap::new());
        for (text, at, language) in sorted {
            let zeros = (XxHash3_128::oneshot(text.as_bytes()) as u64).trailing_zeros();
            if zeros >= level && !before.insert(text) {
                *counts.entry((at.unit, language)).or_default() += 1;
            }
        }
        counts
    }

    #[test]
    fn duplicates_are_those_that_came_before_in_any_order_and_memory() {
        let mut documents = corpus(30_000, 9_973);
        for memory in [0, 1 << 16, 1 << 18, 1 << 26] {
            let forward = found(&documents, memory);
            documents.reverse();
            let backward = found(&documents, memory);
            documents.sort_by_key(|it| XxHash3_128::oneshot(it.0.as_bytes()) ^ u128::from(it.1.place));
            assert_eq!(forward, backward, "{memory}");
            assert_eq!(forward, found(&documents, memory), "{memory}");
            let counts: BTreeMap<_, _> = forward.found.iter().map(|(key, count)| (*key, count.documents)).collect();
            assert_eq!(counts, twin(&documents, forward.level), "{memory}");
            assert_eq!(forward.level == 0, memory > 1 << 20, "{memory}");
        }
    }

    #[test]
    fn memory_stays_below_its_cap() {
        let seen = Seen::new(1 << 18);
        for (text, at, _) in corpus(60_000, 59_999) {
            seen.see(&text, at, 0);
        }
        let slots: usize =
            seen.shards.iter().map(|it| it.lock().unwrap_or_else(PoisonError::into_inner).held.capacity()).sum();
        assert!(slots / 7 * 8 * ENTRY <= 1 << 18, "{slots}");
    }
}
