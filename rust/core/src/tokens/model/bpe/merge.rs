//! Merging pair by pair, as the definition says: the lowest rank first, the leftmost of equals.
//!
//! Short words scan for the lowest; long words keep a heap, whose entries are looked at again when they come out: the
//! pair may be gone. Time n log n.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::trie::NONE;
use super::rules::Rules;

/// Up to here a scan is quicker than a heap.
const SCANNED: usize = 48;

/// Room that is used again.
#[derive(Default)]
pub struct Room {
    /// Rule that joins each symbol with the next.
    rules: Vec<u32>,
    before: Vec<u32>,
    after: Vec<u32>,
    /// Rank, place of the left symbol, rule.
    heap: BinaryHeap<Reverse<(u32, u32, u32)>>,
}

/// Merges the symbols in place.
pub fn merge(rules: &Rules, symbols: &mut Vec<u32>, room: &mut Room) {
    if symbols.len() <= SCANNED { merge_by_scan(rules, symbols, room) } else { merge_by_heap(rules, symbols, room) }
}

fn merge_by_scan(rules: &Rules, symbols: &mut Vec<u32>, room: &mut Room) {
    let joins = &mut room.rules;
    joins.clear();
    joins.extend(symbols.windows(2).map(|pair| rules.find(pair[0], pair[1])));
    let rank = |at: u32| if at == NONE { NONE } else { rules.rank(at) };
    while let Some((place, &join)) = joins.iter().enumerate().min_by_key(|(_, join)| rank(**join)) {
        if join == NONE {
            return;
        }
        symbols[place] = rules.rule(join).product;
        symbols.remove(place + 1);
        joins.remove(place);
        if place > 0 {
            joins[place - 1] = rules.find(symbols[place - 1], symbols[place]);
        }
        if place < joins.len() {
            joins[place] = rules.find(symbols[place], symbols[place + 1]);
        }
    }
}

fn merge_by_heap(rules: &Rules, symbols: &mut Vec<u32>, room: &mut Room) {
    let count = symbols.len() as u32;
    room.before.clear();
    room.before.extend((0..count).map(|place| place.wrapping_sub(1)));
    room.after.clear();
    room.after.extend((1..count).chain([NONE]));
    let pairs = symbols.windows(2).zip(0..);
    let mut entries = std::mem::take(&mut room.heap).into_vec();
    entries.clear();
    entries.extend(pairs.filter_map(|(pair, place)| entry(rules, pair[0], pair[1], place)));
    room.heap = entries.into();
    while let Some(Reverse((_, place, rule))) = room.heap.pop() {
        merge_at(rules, symbols, room, place, rule);
    }
    symbols.retain(|&symbol| symbol != NONE);
}

fn entry(rules: &Rules, left: u32, right: u32, place: u32) -> Option<Reverse<(u32, u32, u32)>> {
    let rule = rules.find(left, right);
    (rule != NONE).then(|| Reverse((rules.rank(rule), place, rule)))
}

/// Merges the symbol at `place` with the next if the rule still joins them.
fn merge_at(rules: &Rules, symbols: &mut [u32], room: &mut Room, place: u32, rule: u32) {
    let (at, next) = (place as usize, room.after[place as usize]);
    let made = rules.rule(rule);
    if next == NONE || symbols[at] != made.left || symbols[next as usize] != made.right {
        return;
    }
    symbols[at] = made.product;
    symbols[next as usize] = NONE;
    let following = room.after[next as usize];
    room.after[at] = following;
    if following != NONE {
        room.before[following as usize] = place;
        room.heap.extend(entry(rules, made.product, symbols[following as usize], place));
    }
    let before = room.before[at];
    if before != NONE {
        room.heap.extend(entry(rules, symbols[before as usize], made.product, before));
    }
}
