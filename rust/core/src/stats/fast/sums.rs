//! Bootstraps of statistics that are functions of sums: rows are drawn and added up, no weights are written.
//!
//! A pool is cut into segments from which a fixed number of rows is drawn: one segment for the ordinary bootstrap, one a
//! stratum, one of all blocks for the block bootstraps. A segment of more rows than the nearest caches hold is cut
//! further, unless draws are few beside rows, and how many of its draws fall into each cut comes from binomial splits of
//! what is left: the counts of a multinomial by its conditional distributions (Devroye 1986, ch. XI.1.4).

use super::kernel::{HELD, ROWS, Row, add_draws, places};
use crate::stats::draws::binomial;
use crate::stats::stream::{Key, LANES, Lanes, Stream};
use crate::stats::vector::Step;

/// Where rows come from.
pub trait Rows<R: Row>: Sync {
    /// Writes rows `first`, `first + 1`, … into `out`.
    fn write(&self, first: usize, out: &mut [R]);
}

/// Successive rows, and how many are drawn from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The first row.
    pub first: usize,
    /// How many rows there are.
    pub rows: usize,
    /// How many are drawn.
    pub draws: usize,
}

impl Segment {
    /// All of `n` rows, of which as many are drawn.
    pub fn whole(n: usize) -> Self {
        Self { first: 0, rows: n, draws: n }
    }

    /// The most rows of one cut.
    fn cut<R: Row>(self) -> usize {
        if self.draws < self.rows / FEW { ROWS } else { R::NEAR }
    }

    /// Cuts, each with its rows and with those from it to the end.
    fn cuts<R: Row>(self) -> impl Iterator<Item = (usize, usize, usize)> {
        let most = self.cut::<R>();
        let starts = (self.first..self.first + self.rows).step_by(most);
        starts.map(move |first| {
            let to_end = self.first + self.rows - first;
            (first, to_end.min(most), to_end)
        })
    }
}

/// With fewer draws than one in so many rows, splits cost more than rows that lie far.
const FEW: usize = 4;

/// Eight replicates on their way.
pub struct Group<R: Row> {
    /// Their streams.
    pub lanes: Lanes,
    /// What they have drawn.
    pub sums: [R::Sum; LANES],
    left: [usize; LANES],
}

impl<R: Row> Group<R> {
    /// Replicates from `first` on, as many groups as hold `n`.
    pub fn all(key: Key, first: u64, n: usize) -> Vec<Self> {
        let firsts = (first..first + n as u64).step_by(LANES);
        firsts
            .map(|first| Self { lanes: Lanes::new(key, first), sums: [R::NOTHING; LANES], left: [0; LANES] })
            .collect()
    }

    fn draw(&mut self, table: &[R], rows: usize, to_end: usize, held: &mut [Step]) {
        let draws = std::array::from_fn(|lane| {
            let mut stream = self.lanes.stream(lane);
            let draws = share(&mut stream, self.left[lane], rows, to_end);
            self.lanes.put(lane, &stream);
            self.left[lane] -= draws;
            draws
        });
        add_draws(table, &mut self.lanes, draws, held, &mut self.sums);
    }
}

/// How many of `left` draws from `to_end` rows fall into the first `rows` of them.
fn share(stream: &mut Stream, left: usize, rows: usize, to_end: usize) -> usize {
    if rows == to_end { left } else { binomial(left as u64, rows as f64 / to_end as f64, stream) as usize }
}

/// Draws all segments for every group.
pub fn draw<R: Row>(rows: &dyn Rows<R>, segments: &[Segment], groups: &mut [Group<R>]) {
    let longest = segments.iter().map(|segment| segment.rows.min(segment.cut::<R>())).max().unwrap_or(0);
    let mut table = vec![R::ZERO; longest + 1];
    let mut held = [Step::default(); HELD];
    for segment in segments {
        for group in groups.iter_mut() {
            group.left = [segment.draws; LANES];
        }
        for (first, n, to_end) in segment.cuts::<R>() {
            rows.write(first, &mut table[..n]);
            table[n] = R::ZERO;
            for group in groups.iter_mut() {
                group.draw(&table[..=n], n, to_end, &mut held);
            }
        }
    }
}

/// What [`draw`] draws for one replicate, as a visit to each row: its slow twin.
pub fn visit<R: Row>(stream: &mut Stream, segments: &[Segment], mut row: impl FnMut(usize)) {
    for segment in segments {
        let mut left = segment.draws;
        for (first, n, to_end) in segment.cuts::<R>() {
            let draws = share(stream, left, n, to_end);
            left -= draws;
            places(stream, n, draws).for_each(|place| row(first + place));
        }
    }
}
