//! The stats room against published figures, exact distributions and itself: threads, batches and prefixes.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "stats/invariance.rs"]
mod invariance;
#[path = "stats/truth.rs"]
mod truth;

use std::collections::BTreeMap;

use glotgap_core::stats::bootstrap::{Data, Design, Found, Run, bootstrap};
use glotgap_core::stats::design::Scheme;
use glotgap_core::stats::interval::{Alternative, Asked, Method};
use glotgap_core::stats::permutation::pvalue::Side;
use glotgap_core::stats::permutation::{self, Exchange, Test};
use glotgap_core::stats::statistic::Statistic;
use glotgap_core::stats::stream::Key;

const KEY: Key = Key([1, 2, 3, 4]);

fn statistic(name: &str) -> Statistic {
    Statistic::named(name, &BTreeMap::new()).unwrap()
}

fn asked(method: Method) -> Asked {
    Asked { method, level: 0.95, alternative: Alternative::TwoSided }
}

fn run(n_resamples: usize, threads: usize) -> Run {
    Run { key: KEY, n_resamples, keep: true, threads }
}

fn ordinary(is_paired: bool) -> Design {
    Design { scheme: Scheme::Ordinary, is_paired }
}

fn found(name: &str, columns: &[&[f64]], design: Design, method: Method, run: Run) -> Found {
    let data = Data { columns: columns.to_vec(), ..Data::default() };
    bootstrap(&[data], statistic(name), design, asked(method), run, &mut |_, _| Ok(())).unwrap().remove(0)
}

fn tested(name: &str, exchange: Exchange, columns: &[&[f64]], side: Side, keep: bool) -> permutation::Found {
    let test = Test { statistic: statistic(name), columns: columns.to_vec(), exchange, strata: None, side };
    let run = permutation::Run { key: KEY, n_resamples: 9999, keep, stop: None, threads: 1 };
    permutation::test(&test, run, &mut |_, _| Ok(())).unwrap()
}
