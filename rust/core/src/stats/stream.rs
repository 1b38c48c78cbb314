//! Random streams: one for each (key, replicate), so that no result depends on threads or batches.
//!
//! The four words of a key and the number of a replicate go through Threefry-4x64 of 13 rounds (Salmon et al., SC 2011),
//! whose four words of output are the state of an SFC64 (Doty-Humphrey, `PractRand`; also in numpy): of the small generators
//! without known faults the one with the fewest shifts, of which older x86 processors do but one at a time. Distinct
//! counters give distinct states; two keys share no replicate but by a chance of 2⁻²⁵⁶. [`Lanes`] holds the generators of
//! eight successive replicates, which step together.

use std::array::from_fn;

use super::vector;

/// Replicates whose generators step together.
pub const LANES: usize = 8;

/// Four words, of which every random number of a run is a function.
///
/// Python makes them as `numpy.random.SeedSequence(seed).generate_state(4, numpy.uint64)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub [u64; 4]);

/// The generator of one replicate.
#[derive(Clone, Debug)]
pub struct Stream {
    state: [u64; 4],
    half: Option<u32>,
}

impl Stream {
    /// The stream of `replicate` under `key`.
    pub fn new(key: Key, replicate: u64) -> Self {
        Self::from_state(threefry::<1>(key, replicate, ROUNDS).map(|word| word[0]))
    }

    /// SFC64 from its state: a, b, c and the counter.
    pub fn from_state(state: [u64; 4]) -> Self {
        Self { state, half: None }
    }

    /// The next 64 bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        let mut state = self.state.map(|word| [word]);
        let [out] = step(&mut state);
        self.state = state.map(|word| word[0]);
        out
    }

    /// The next 32 bits: the low half of a word, then its high half.
    #[inline]
    fn half(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let word = self.word();
        self.half = Some((word >> 32) as u32);
        word as u32
    }

    /// An integer from 0 to `n` − 1, each as likely: Lemire's high product with rejection (ACM TOMACS 2019), of 32 bits
    /// where `n` fits and of 64 elsewhere. `n` is at least 1.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        match u32::try_from(n) {
            Ok(n) => self.below_half(n) as usize,
            Err(_) => self.below_word(n as u64) as usize,
        }
    }

    #[inline]
    fn below_half(&mut self, n: u32) -> u32 {
        loop {
            let product = u64::from(self.half()) * u64::from(n);
            let low = product as u32;
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }

    fn below_word(&mut self, n: u64) -> u64 {
        loop {
            let product = u128::from(self.word()) * u128::from(n);
            let low = product as u64;
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number in (0, 1): the middle of one of 2⁵² equal cells.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        ((self.word() >> 12) as f64 + 0.5) * f64::exp2(-52.0)
    }
}

/// The generators of eight successive replicates.
#[derive(Clone, Debug)]
pub struct Lanes {
    state: [[u64; LANES]; 4],
}

impl Lanes {
    /// The streams of `first` and the seven replicates after it.
    #[inline(always)]
    pub fn new(key: Key, first: u64) -> Self {
        Self { state: vector::seeds(key, first) }
    }

    /// The next 64 bits of each stream.
    #[inline(always)]
    pub fn words(&mut self) -> [u64; LANES] {
        step(&mut self.state)
    }

    /// What stream `lane` goes on as.
    #[inline(always)]
    pub fn stream(&self, lane: usize) -> Stream {
        Stream::from_state(self.state.map(|words| words[lane]))
    }

    /// The state of every lane, word by word.
    pub(crate) fn state(&self) -> &[[u64; LANES]; 4] {
        &self.state
    }

    /// The same.
    pub(crate) fn state_mut(&mut self) -> &mut [[u64; LANES]; 4] {
        &mut self.state
    }

    /// Puts a stream back that went on by itself; it must have used whole words.
    #[inline(always)]
    pub fn put(&mut self, lane: usize, stream: &Stream) {
        for (words, word) in self.state.iter_mut().zip(stream.state) {
            words[lane] = word;
        }
    }
}

/// One step of SFC64 in each lane.
#[inline(always)]
fn step<const N: usize>([a, b, c, counter]: &mut [[u64; N]; 4]) -> [u64; N] {
    let mut out = [0; N];
    for i in 0..N {
        out[i] = a[i].wrapping_add(b[i]).wrapping_add(counter[i]);
        counter[i] = counter[i].wrapping_add(1);
        a[i] = b[i] ^ (b[i] >> 11);
        b[i] = c[i].wrapping_add(c[i] << 3);
        c[i] = c[i].rotate_left(24).wrapping_add(out[i]);
    }
    out
}

pub(super) const PARITY: u64 = 0x1BD1_1BDA_A9FC_1A22;
pub(super) const ROTATIONS: [(u32, u32); 8] =
    [(14, 16), (52, 57), (23, 40), (5, 37), (25, 33), (46, 12), (58, 22), (32, 32)];

/// The streams of `n` replicates from `first` on, whose seeds are made eight at a time.
pub fn streams(key: Key, first: u64, n: usize) -> impl Iterator<Item = Stream> {
    let groups = (first..first + n as u64).step_by(LANES).map(move |first| Lanes::new(key, first));
    groups.flat_map(|lanes| (0..LANES).map(move |lane| lanes.stream(lane))).take(n)
}

/// Of these, 12 withstand every test that its authors tried.
pub(super) const ROUNDS: usize = 13;

/// Threefry-4x64 of counters (`first` + lane, 0, 0, 0).
#[inline(always)]
pub(super) fn threefry<const N: usize>(Key(key): Key, first: u64, rounds: usize) -> [[u64; N]; 4] {
    let schedule = [key[0], key[1], key[2], key[3], key.iter().fold(PARITY, |all, word| all ^ word)];
    let mut x: [[u64; N]; 4] = from_fn(|word| [schedule[word]; N]);
    x[0] = from_fn(|lane| schedule[0].wrapping_add(first.wrapping_add(lane as u64)));
    for round in 0..rounds {
        mix(&mut x, round);
        if (round + 1).is_multiple_of(4) {
            inject(&mut x, &schedule, round / 4 + 1);
        }
    }
    x
}

#[inline(always)]
fn mix<const N: usize>(x: &mut [[u64; N]; 4], round: usize) {
    let (left, right) = ROTATIONS[round % 8];
    let (b, d) = if round.is_multiple_of(2) { (1, 3) } else { (3, 1) };
    #[allow(clippy::needless_range_loop, reason = "four arrays are stepped through together")]
    for lane in 0..N {
        x[0][lane] = x[0][lane].wrapping_add(x[b][lane]);
        x[b][lane] = x[b][lane].rotate_left(left) ^ x[0][lane];
        x[2][lane] = x[2][lane].wrapping_add(x[d][lane]);
        x[d][lane] = x[d][lane].rotate_left(right) ^ x[2][lane];
    }
}

#[inline(always)]
fn inject<const N: usize>(x: &mut [[u64; N]; 4], schedule: &[u64; 5], number: usize) {
    for (at, words) in x.iter_mut().enumerate() {
        let word = schedule[(number + at) % 5].wrapping_add(if at == 3 { number as u64 } else { 0 });
        for x in words {
            *x = x.wrapping_add(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, LANES, Lanes, Stream, threefry};

    #[test]
    fn threefry_gives_the_answers_of_random123() {
        let zero = Key([0; 4]);
        let of = |rounds| threefry::<1>(zero, 0, rounds).map(|word| word[0]);
        assert_eq!(
            of(13),
            [0x4071_fabe_e1dc_8e05, 0x02ed_3113_695c_9c62, 0x3973_11b5_b89f_9d49, 0xe212_92c3_2580_24bc]
        );
        assert_eq!(
            of(20),
            [0x0921_8ebd_e6c8_5537, 0x5594_1f52_66d8_6105, 0x4bd2_5e16_2824_34dc, 0xee29_ec84_6bd2_e40b]
        );
    }

    /// numpy 2.4: SFC64 of this state, `random_raw(6)`.
    #[test]
    fn sfc64_gives_the_answers_of_numpy() {
        let mut stream = Stream::from_state([1, 2, 3, 4]);
        let words = [(); 6].map(|()| stream.word());
        assert_eq!(words, [7, 34, 452_984_928, 7_599_825_881_358_712, 25_336_469_023_883_162, 240_669_917_008_063_140]);
    }

    #[test]
    fn lanes_are_the_streams_of_their_replicates() {
        let key = Key([5, 6, 7, 8]);
        let mut lanes = Lanes::new(key, 100);
        let mut streams: Vec<_> = (0..LANES as u64).map(|lane| Stream::new(key, 100 + lane)).collect();
        for _ in 0..50 {
            assert_eq!(lanes.words().to_vec(), streams.iter_mut().map(Stream::word).collect::<Vec<_>>());
        }
        assert_eq!(lanes.stream(3).word(), streams[3].word());
    }

    #[test]
    fn every_integer_below_is_as_likely() {
        let mut stream = Stream::new(Key([1, 2, 3, 4]), 0);
        for n in [1, 2, 3, 10, 1000] {
            let mut counts = vec![0_u32; n];
            (0..100 * n).for_each(|_| counts[stream.below(n)] += 1);
            let chi2: f64 = counts.iter().map(|&count| (f64::from(count) - 100.0).powi(2) / 100.0).sum();
            assert!((chi2 - (n as f64 - 1.0)).abs() < 5.0 * (2.0 * n as f64).sqrt(), "{n}: {chi2}");
        }
    }
}
