//! Sums over random subsets: of a fixed size for two exchangeable samples, of any size for exchangeable signs.
//!
//! A subset is a string of random bits; for a fixed size, random places are flipped until the size is right, which keeps
//! every subset of that size as likely as any other, since neither step tells places apart. Where less than a quarter is
//! to be chosen, the string begins with zeros. A sum is that of tables with 256 entries, one for each byte of the string.

use crate::stats::replicates::Replicates;
use crate::stats::statistic::Moment;
use crate::stats::stream::{Key, LANES, Lanes, Stream};
use crate::stats::vector::words;
use crate::stats::weighted::{Central, of_central};

/// Replicates of a function of the sums of K powers over a subset.
struct Subsets<F, const K: usize> {
    /// The powers of the value at each place.
    rows: Vec<[f64; K]>,
    /// How many places are chosen; any number, if `None`.
    size: Option<usize>,
    /// The statistic, from the sums over the subset.
    value: F,
}

/// Two samples whose labels are exchangeable; the statistic needs powers up to the second.
pub fn of_samples<'a>(moment: Moment, samples: &[&'a [f64]]) -> Box<dyn Replicates + 'a> {
    if moment.degree() == 1 { of_powers::<1>(moment, samples) } else { of_powers::<2>(moment, samples) }
}

fn of_powers<'a, const K: usize>(moment: Moment, samples: &[&'a [f64]]) -> Box<dyn Replicates + 'a> {
    let pool = samples.concat();
    let (n, chosen) = (pool.len() as f64, samples[0].len() as f64);
    let pivot = pool.iter().map(|x| x / n).sum::<f64>();
    let powers = |x: &f64| {
        let d = x - pivot;
        std::array::from_fn(|power| if power == 0 { d } else { d * d })
    };
    let rows: Vec<[f64; K]> = pool.iter().map(powers).collect();
    let all = rows.iter().fold([0.0; K], |all, row| plus(all, *row));
    let central = move |n: f64, sums: [f64; K]| {
        let mut powers = [0.0; 4];
        powers[..K].copy_from_slice(&sums);
        Central::about(pivot, n, powers)
    };
    let value = move |sums: [f64; K]| {
        let others = std::array::from_fn(|power| all[power] - sums[power]);
        of_central(moment, &[central(chosen, sums), central(n - chosen, others)])
    };
    Box::new(Subsets { rows, size: Some(samples[0].len()), value })
}

/// One sample whose signs are exchangeable.
pub fn of_signs<'a>(moment: Moment, values: &'a [f64]) -> Box<dyn Replicates + 'a> {
    let over = if moment == Moment::Sum { 1.0 } else { values.len() as f64 };
    signed(values.iter().map(|x| [*x]).collect(), over)
}

/// Two columns whose rows' values are exchangeable: the mean of differences of either sign.
pub fn of_swaps<'a>(x: &'a [f64], y: &'a [f64]) -> Box<dyn Replicates + 'a> {
    signed(x.iter().zip(y).map(|(x, y)| [x - y]).collect(), x.len() as f64)
}

fn signed<'a>(rows: Vec<[f64; 1]>, over: f64) -> Box<dyn Replicates + 'a> {
    let all = rows.iter().map(|[x]| x).sum::<f64>();
    Box::new(Subsets { rows, size: None, value: move |[chosen]: [f64; 1]| (2.0 * chosen - all) / over })
}

const WORD: usize = 64;
const BYTES: usize = 8;

impl<F, const K: usize> Subsets<F, K> {
    fn words(&self) -> usize {
        self.rows.len().div_ceil(WORD)
    }

    /// Random strings of bits of eight subsets, word by word; zeros where the subsets are sparse.
    fn strings(&self, lanes: &mut Lanes, bits: &mut [[u64; LANES]]) {
        let n = self.rows.len();
        if self.size.is_some_and(|size| 4 * size < n) {
            bits.fill([0; LANES]);
        } else {
            words(lanes, bits);
        }
        if let (Some(last), spare @ 1..) = (bits.last_mut(), n.next_multiple_of(WORD) - n) {
            for word in last {
                *word &= u64::MAX >> spare;
            }
        }
    }

    /// Adds the sums of the places of one word to those of each subset.
    fn add(&self, word: usize, bits: &[[u64; LANES]], sums: &mut [[[f64; K]; LANES]]) {
        let end = self.rows.len().min((word + 1) * WORD);
        let tables = tables(&self.rows[word * WORD..end]);
        let Some(tables) = tables.first_chunk::<BYTES>() else { return };
        for (sum, bits) in sums.as_flattened_mut().iter_mut().zip(bits.as_flattened()) {
            let bytes = bits.to_le_bytes();
            let entry = |byte: usize| tables[byte][usize::from(bytes[byte])];
            let pair = |byte: usize| plus(entry(byte), entry(byte + 1));
            *sum = plus(*sum, plus(plus(pair(0), pair(2)), plus(pair(4), pair(6))));
        }
    }
}

#[inline(always)]
fn plus<const K: usize>(a: [f64; K], b: [f64; K]) -> [f64; K] {
    std::array::from_fn(|power| a[power] + b[power])
}

/// For each byte of a word, the sum of the rows of each set of its bits.
fn tables<const K: usize>(rows: &[[f64; K]]) -> Vec<[[f64; K]; 256]> {
    let mut tables = vec![[[0.0; K]; 256]; BYTES];
    for (table, rows) in tables.iter_mut().zip(rows.chunks(BYTES)) {
        for (bit, row) in rows.iter().enumerate() {
            let (known, new) = table.split_at_mut(1 << bit);
            for (new, known) in new.iter_mut().zip(known) {
                *new = plus(*known, *row);
            }
        }
    }
    tables
}

/// Flips random places of one subset until `size` of `n` are set.
fn fit(stream: &mut Stream, bits: &mut [[u64; LANES]], lane: usize, n: usize, size: usize) {
    let mut set: usize = bits.iter().map(|words| words[lane].count_ones() as usize).sum();
    // A place is flipped or not by arithmetic: no processor could foresee which.
    let is_over = u64::from(set > size);
    while set != size {
        let place = stream.below(n);
        let (word, bit) = (&mut bits[place / WORD][lane], place % WORD);
        let flips = 1 ^ is_over ^ ((*word >> bit) & 1);
        *word ^= flips << bit;
        set = if is_over == 1 { set - flips as usize } else { set + flips as usize };
    }
}

impl<F: Fn([f64; K]) -> f64 + Sync, const K: usize> Replicates for Subsets<F, K> {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let words = self.words();
        let groups = out.len().div_ceil(LANES);
        // The first words of all subsets, then their second words, …
        let mut bits = vec![[0; LANES]; words * groups];
        let mut string = vec![[0; LANES]; words];
        for (group, first) in (0..groups).zip((first..).step_by(LANES)) {
            let mut lanes = Lanes::new(key, first);
            self.strings(&mut lanes, &mut string);
            if let Some(size) = self.size {
                (0..LANES).for_each(|lane| fit(&mut lanes.stream(lane), &mut string, lane, self.rows.len(), size));
            }
            bits.iter_mut().skip(group).step_by(groups).zip(&string).for_each(|(bits, word)| *bits = *word);
        }
        let mut sums = vec![[[0.0; K]; LANES]; groups];
        for (word, bits) in bits.chunks(groups).enumerate() {
            self.add(word, bits, &mut sums);
        }
        for (out, sums) in out.iter_mut().zip(sums.iter().flatten()) {
            *out = (self.value)(*sums);
        }
    }

    fn cost(&self) -> usize {
        // A byte of the string is about a draw.
        64 + self.rows.len() / 8
    }
}
