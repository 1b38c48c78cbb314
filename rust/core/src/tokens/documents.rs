//! Counts documents one by one, for bootstraps and for ratios sentence by sentence.
//!
//! Each thread counts the documents it reads with one [`Counter`] a tokenizer. Rows are handed on in the order of the
//! documents, whoever counted them (`order.rs`), and few are held.

use crate::error::Result;
use crate::tokens::counter::Counter;
use crate::tokens::given::Given;
use crate::tokens::order::Order;
use crate::tokens::source::{Batch, Document, Report};
use crate::tokens::supply::Supply;
use crate::tokens::tally::Tally;
use crate::tokens::walk::{Count, Seen, Unit, Walked, Wanted, walk};

/// Documents of one file, column by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The file's number; see [`Supply::file_of`].
    pub file: usize,
    /// Lines or rows of the file, from 0.
    pub numbers: Vec<u64>,
    /// Numbers of languages in the supply's names.
    pub languages: Vec<u32>,
    /// Bytes of UTF-8.
    pub bytes: Vec<u64>,
    /// Code points.
    pub chars: Vec<u64>,
    /// Words.
    pub words: Vec<u64>,
    /// For each document, a tally for each tokenizer.
    pub tallies: Vec<Tally>,
}

impl Rows {
    /// Bytes of memory held, without spare room.
    pub(super) fn held(&self) -> usize {
        self.numbers.len() * (4 * size_of::<u64>() + size_of::<u32>()) + self.tallies.len() * size_of::<Tally>()
    }
}

/// Counts the documents of `supply` and gives them to `take`, in their order.
///
/// `before` lines of the first unit's file lie before it. See [`work::run`](crate::work::run) for `threads` and
/// `watch`.
pub fn scan(
    supply: &impl Supply,
    wanted: &Wanted,
    before: u64,
    take: &mut (dyn FnMut(&Rows) -> Result<()> + Send),
    threads: usize,
    watch: impl FnMut(Seen) -> Result<()>,
) -> Result<Walked> {
    let (mut file, mut lines) = (None, before);
    let mut number = |mut part: Part| {
        if file.is_some_and(|file| file != part.rows.file) {
            lines = 0;
        }
        file = Some(part.rows.file);
        part.rows.numbers.iter_mut().for_each(|number| *number += lines);
        lines += part.lines;
        take(&part.rows)
    };
    let memory = wanted.memory / 2;
    let count = ByDocument {
        wanted,
        share: memory / threads.max(1) / wanted.tokenizers.len().max(1),
        most: (memory / 2 / threads.max(1)).min(PIECE),
        order: Order::new(memory / 2, &mut number),
    };
    walk(supply, &count, wanted, threads, watch)
}

/// Rows are handed on when so many bytes of them are held.
const PIECE: usize = 8 << 20;

struct ByDocument<'a> {
    wanted: &'a Wanted<'a>,
    /// Bytes that a counter may remember.
    share: usize,
    /// Bytes of rows that a thread may hold.
    most: usize,
    order: Order<'a, Part>,
}

/// Some rows of a unit, numbered from its start.
struct Part {
    rows: Rows,
    /// Lines of the unit, if these are its last rows.
    lines: u64,
}

/// What a thread holds.
#[derive(Default)]
struct Hands {
    counters: Vec<Counter>,
    rows: Rows,
}

impl Count for ByDocument<'_> {
    type Hands = Hands;

    fn count(&self, unit: &Unit, batch: &Batch, words: Option<&Given>, hands: &mut Hands) -> Result<()> {
        hands.rows.file = unit.file;
        hands.counters.resize_with(self.wanted.tokenizers.len(), || Counter::new(self.share));
        for (i, document) in batch.documents().enumerate() {
            unit.pace.advance(0)?;
            let words = words.map_or_else(|| self.words(document.text), |given| given.of(i).len() as u64);
            self.document(&document, words, hands)?;
        }
        if hands.rows.held() <= self.most {
            return Ok(());
        }
        self.order.some(unit.number, Part { rows: std::mem::take(&mut hands.rows), lines: 0 }, unit.pace)
    }

    fn end(&self, unit: &Unit, report: &Report, hands: &mut Hands) -> Result<()> {
        let rows = Rows { file: unit.file, ..std::mem::take(&mut hands.rows) };
        let held = rows.held();
        self.order.last(unit.number, Part { rows, lines: report.lines }, held, unit.pace)
    }

    fn finish(&self, _: Hands) -> Result<()> {
        Ok(())
    }
}

impl ByDocument<'_> {
    fn words(&self, text: &str) -> u64 {
        let mut words = 0;
        self.wanted.segmenter.words(text, &mut |_| words += 1);
        words
    }

    fn document(&self, document: &Document, words: u64, Hands { counters, rows }: &mut Hands) -> Result<()> {
        rows.languages.push(document.language);
        rows.numbers.push(document.place - 1);
        rows.bytes.push(document.text.len() as u64);
        rows.chars.push(document.text.chars().count() as u64);
        rows.words.push(words);
        for (tokenizer, counter) in self.wanted.tokenizers.iter().zip(counters) {
            rows.tallies.push(counter.count(tokenizer, document.text)?);
        }
        Ok(())
    }
}
