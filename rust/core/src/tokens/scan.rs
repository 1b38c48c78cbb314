//! Scans documents: totals by language, for several tokenizers at once.
//!
//! Each thread gathers the texts it reads by language ([`gather`](super::gather)). When its tables have grown to a quarter
//! of its share of the memory, it settles all its languages; so does every thread at the end. The rest of the share is
//! for what settling takes: tables double as they grow, and each level fills others. Totals are integers that add up:
//! they depend neither on the threads nor on the memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::tokens::added::Added;
use crate::tokens::gather::Gather;
use crate::tokens::given::Given;
use crate::tokens::source::{Batch, Report};
use crate::tokens::supply::Supply;
use crate::tokens::totals::Totals;
use crate::tokens::walk::{Count, Seen, Unit, Walked, Wanted, walk};

/// What a scan found.
pub struct Found {
    /// Totals, by language.
    pub totals: BTreeMap<String, Totals>,
    /// What the reading came to.
    pub walked: Walked,
}

/// Scans all documents of `supply`; see [`work::run`](crate::work::run) for `threads` and `watch`.
pub fn scan(
    supply: &impl Supply,
    wanted: &Wanted,
    threads: usize,
    watch: impl FnMut(Seen) -> Result<()>,
) -> Result<Found> {
    let engines = || wanted.tokenizers.iter().filter_map(|tokenizer| tokenizer.engine());
    let heads = engines().filter_map(|engine| engine.units.as_ref().ok().copied().flatten());
    let count = ByLanguage {
        wanted,
        uncut: Added::union(engines().map(|engine| &engine.added), heads)?,
        most: wanted.memory / threads.max(1) / 4,
        totals: Mutex::default(),
    };
    let walked = walk(supply, &count, wanted, threads, watch)?;
    let names = supply.names().all();
    let totals = count.totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    let named = totals.into_iter().map(|(language, totals)| (names[language as usize].to_string(), totals));
    Ok(Found { totals: named.collect(), walked })
}

struct ByLanguage<'a> {
    wanted: &'a Wanted<'a>,
    /// Finds the texts that stay whole: they hold an added token, or what keeps a text from being cut into units.
    uncut: Added,
    /// Bytes that a thread's tables may take before they are settled.
    most: usize,
    totals: Mutex<BTreeMap<u32, Totals>>,
}

type Gathers<'a> = HashMap<u32, Gather<'a>>;

/// A document of so many bytes may fill its language's tables, for which the others must leave room.
const LONG: usize = 1 << 20;

fn held(gathers: &Gathers) -> usize {
    gathers.values().map(Gather::bytes).sum()
}

impl<'a> Count for ByLanguage<'a> {
    type Hands = Gathers<'a>;

    fn count(&self, unit: &Unit, batch: &Batch, words: Option<&Given>, gathers: &mut Gathers<'a>) -> Result<()> {
        for (i, document) in batch.documents().enumerate() {
            if document.text.len() > LONG && held(gathers) > self.most / 2 {
                self.settle(gathers)?;
            }
            let new = || Gather::new(self.wanted.tokenizers, self.wanted.segmenter, self.most);
            let gather = gathers.entry(document.language).or_insert_with(new);
            let words = words.into_iter().flat_map(|given| given.of(i));
            gather.see(document.text, self.uncut.are_in(document.text), words, || unit.pace.advance(0))?;
        }
        if held(gathers) > self.most { self.settle(gathers) } else { Ok(()) }
    }

    fn end(&self, _: &Unit, _: &Report, _: &mut Gathers<'a>) -> Result<()> {
        Ok(())
    }

    fn finish(&self, mut gathers: Gathers<'a>) -> Result<()> {
        self.settle(&mut gathers)
    }
}

impl<'a> ByLanguage<'a> {
    fn settle(&self, gathers: &mut Gathers<'a>) -> Result<()> {
        for (language, mut gather) in gathers.drain() {
            let found = gather.settle()?;
            let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
            totals.entry(language).or_insert_with(|| Totals::new(self.wanted.tokenizers.len())).add(&found);
        }
        Ok(())
    }
}
