//! Counts many texts on many threads; the tokenizer keeps what was learned for the next call.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Result;
use crate::tokens::counter::Counter;
use crate::tokens::tokenizer::Tokenizer;
use crate::work::{self, Pace, Work};

/// Bytes of text that one step takes, if texts are short.
const STEP: usize = 1 << 18;

/// How many tokens each of `texts` has, without special tokens; see [`work::run`] for `threads` and `watch`.
pub fn count(
    tokenizer: &Tokenizer,
    texts: &[&str],
    threads: usize,
    watch: impl FnMut(u64, u64) -> Result<()>,
) -> Result<Vec<u32>> {
    let counts = texts.iter().map(|_| AtomicU32::new(0)).collect();
    let job = Count { tokenizer, texts, steps: steps(texts), counts };
    work::run(&job, threads, watch)?;
    Ok(job.counts.into_iter().map(AtomicU32::into_inner).collect())
}

struct Count<'a> {
    tokenizer: &'a Tokenizer,
    texts: &'a [&'a str],
    steps: Vec<Range<usize>>,
    counts: Vec<AtomicU32>,
}

/// Runs of texts of about [`STEP`] bytes.
fn steps(texts: &[&str]) -> Vec<Range<usize>> {
    let mut steps: Vec<Range<usize>> = Vec::new();
    let mut bytes = STEP;
    for (i, text) in texts.iter().enumerate() {
        if let Some(step) = steps.last_mut().filter(|_| bytes < STEP) {
            step.end = i + 1;
        } else {
            steps.push(i..i + 1);
            bytes = 0;
        }
        bytes += text.len() + size_of::<&str>();
    }
    steps
}

impl Work for Count<'_> {
    type Scratch = Option<Counter>;

    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn total_bytes(&self) -> u64 {
        self.texts.iter().map(|text| text.len() as u64).sum()
    }

    fn step(&self, i: usize, counter: &mut Option<Counter>, pace: &Pace) -> Result<u64> {
        let counter = counter.get_or_insert_with(|| self.tokenizer.counter());
        for at in self.steps[i].clone() {
            let tally = counter.count(self.tokenizer, self.texts[at])?;
            self.counts[at].store(tally.tokens, Ordering::Relaxed);
            pace.advance(self.texts[at].len() as u64)?;
        }
        Ok(0)
    }

    fn finish(&self, counter: Option<Counter>) -> Result<()> {
        if let Some(counter) = counter {
            self.tokenizer.keep(counter);
        }
        Ok(())
    }
}
