//! Sums over random subsets: of a fixed size for two exchangeable samples, of any size for exchangeable signs.
//!
//! A subset is a string of random bits; for a fixed size, random places are flipped until the size is right, which keeps
//! every subset of that size as likely as any other, since neither step tells places apart. Where less than a quarter is
//! to be chosen, the string begins with zeros. A sum is that of tables with 256 entries, one for each byte of the string.

use crate::stats::replicates::Replicates;
use crate::stats::statistic::Moment;
use crate::stats::stream::{Key, Stream};
use crate::stats::weighted::{Central, of_central};

/// Replicates of a function of the sums over a subset.
struct Subsets<F> {
    /// A value and its square, for each place.
    rows: Vec<[f64; 2]>,
    /// How many places are chosen; any number, if `None`.
    size: Option<usize>,
    /// The statistic, from Σ and Σ of squares over the subset.
    value: F,
}

/// Two samples whose labels are exchangeable; the statistic needs powers up to the second.
pub fn of_samples<'a>(moment: Moment, samples: &[&'a [f64]]) -> Box<dyn Replicates + 'a> {
    let pool = samples.concat();
    let (n, chosen) = (pool.len() as f64, samples[0].len() as f64);
    let pivot = mean(&pool);
    let rows: Vec<[f64; 2]> = pool.iter().map(|x| [x - pivot, (x - pivot) * (x - pivot)]).collect();
    let all = total(&rows);
    let value = move |[s1, s2]: [f64; 2]| {
        let first = Central::about(pivot, chosen, [s1, s2, 0.0, 0.0]);
        let second = Central::about(pivot, n - chosen, [all[0] - s1, all[1] - s2, 0.0, 0.0]);
        of_central(moment, &[first, second])
    };
    Box::new(Subsets { rows, size: Some(samples[0].len()), value })
}

/// One sample whose signs are exchangeable.
pub fn of_signs<'a>(moment: Moment, values: &'a [f64]) -> Box<dyn Replicates + 'a> {
    let over = if moment == Moment::Sum { 1.0 } else { values.len() as f64 };
    signed(values.to_vec(), over)
}

/// Two columns whose rows' values are exchangeable: the mean of differences of either sign.
pub fn of_swaps<'a>(x: &'a [f64], y: &'a [f64]) -> Box<dyn Replicates + 'a> {
    signed(x.iter().zip(y).map(|(x, y)| x - y).collect(), x.len() as f64)
}

fn signed<'a>(values: Vec<f64>, over: f64) -> Box<dyn Replicates + 'a> {
    let rows: Vec<[f64; 2]> = values.iter().map(|x| [*x, 0.0]).collect();
    let all = total(&rows)[0];
    Box::new(Subsets { rows, size: None, value: move |[chosen, _]: [f64; 2]| (2.0 * chosen - all) / over })
}

fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    values.iter().map(|x| x / n).sum()
}

fn total(rows: &[[f64; 2]]) -> [f64; 2] {
    rows.iter().fold([0.0; 2], |all, row| [all[0] + row[0], all[1] + row[1]])
}

const WORD: usize = 64;
const BYTES: usize = 8;

impl<F> Subsets<F> {
    fn words(&self) -> usize {
        self.rows.len().div_ceil(WORD)
    }

    /// A random subset, as bits.
    fn draw(&self, stream: &mut Stream, bits: &mut [u64]) {
        let n = self.rows.len();
        let is_sparse = self.size.is_some_and(|size| 4 * size < n);
        bits.iter_mut().for_each(|word| *word = if is_sparse { 0 } else { stream.word() });
        if let (Some(last), spare @ 1..) = (bits.last_mut(), n.next_multiple_of(WORD) - n) {
            *last &= u64::MAX >> spare;
        }
        if let Some(size) = self.size {
            fit(stream, bits, n, size);
        }
    }

    /// Adds the sums of the places of one word to those of each subset.
    fn add(&self, word: usize, bits: &[u64], sums: &mut [[f64; 2]]) {
        let end = self.rows.len().min((word + 1) * WORD);
        let tables = tables(&self.rows[word * WORD..end]);
        let of_word = bits.iter().skip(word).step_by(self.words());
        for (sum, bits) in sums.iter_mut().zip(of_word) {
            let bytes = bits.to_le_bytes();
            let entry = |byte: usize| tables[byte][usize::from(bytes[byte])];
            let pair = |byte: usize| plus(entry(byte), entry(byte + 1));
            *sum = plus(*sum, plus(plus(pair(0), pair(2)), plus(pair(4), pair(6))));
        }
    }
}

#[inline(always)]
fn plus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] + b[0], a[1] + b[1]]
}

/// For each byte of a word, the sum of the rows of each set of its bits.
fn tables(rows: &[[f64; 2]]) -> Box<[[[f64; 2]; 256]; BYTES]> {
    let mut tables = Box::new([[[0.0; 2]; 256]; BYTES]);
    for (table, rows) in tables.iter_mut().zip(rows.chunks(BYTES)) {
        for (bit, row) in rows.iter().enumerate() {
            let half = 1 << bit;
            let (known, new) = table.split_at_mut(half);
            new.iter_mut().zip(known).for_each(|(new, known)| *new = plus(*known, *row));
        }
        let filled = 1 << rows.len();
        (filled..256).for_each(|at| table[at] = table[at % filled]);
    }
    tables
}

/// Flips random places until `size` of `n` are set.
fn fit(stream: &mut Stream, bits: &mut [u64], n: usize, size: usize) {
    let mut set: usize = bits.iter().map(|word| word.count_ones() as usize).sum();
    while set != size {
        let place = stream.below(n);
        let (word, bit) = (place / WORD, 1 << (place % WORD));
        let is_set = bits[word] & bit != 0;
        if is_set == (set > size) {
            bits[word] ^= bit;
            set = if is_set { set - 1 } else { set + 1 };
        }
    }
}

impl<F: Fn([f64; 2]) -> f64 + Sync> Replicates for Subsets<F> {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let words = self.words();
        let mut bits = vec![0; words * out.len()];
        for (replicate, bits) in (first..).zip(bits.chunks_mut(words)) {
            self.draw(&mut Stream::new(key, replicate), bits);
        }
        let mut sums = vec![[0.0; 2]; out.len()];
        (0..words).for_each(|word| self.add(word, &bits, &mut sums));
        out.iter_mut().zip(sums).for_each(|(out, sums)| *out = (self.value)(sums));
    }

    fn cost(&self) -> usize {
        // A byte of the string is about a draw.
        64 + self.rows.len() / 8
    }
}
