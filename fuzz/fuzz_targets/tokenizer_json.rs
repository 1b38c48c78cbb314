//! A `tokenizer.json` of any text; most changes to it leave it JSON.
#![no_main]

use glotgap_fuzz::json::{Choices, cross, mutate};
use glotgap_fuzz::{tokenizer, uphold};
use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target, fuzzer_mutate};
use serde_json::Value;

fuzz_target!(|json: &str| uphold(|| tokenizer::check(json)));

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    let mut choices = Choices(seed.into());
    match serde_json::from_slice::<Value>(&data[..size]) {
        Ok(mut json) if choices.below(8) > 0 => {
            mutate(&mut json, &mut choices);
            written(&json, data).unwrap_or(size)
        }
        _ => fuzzer_mutate(data, size, most),
    }
});

fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
    let parsed = (serde_json::from_slice::<Value>(one), serde_json::from_slice::<Value>(other));
    let (Ok(mut one), Ok(other)) = parsed else { return 0 };
    cross(&mut one, &other, &mut Choices(seed.into()));
    written(&one, out).unwrap_or(0)
});

/// Writes `json` to `out` and says how long it is, if it fits.
fn written(json: &Value, out: &mut [u8]) -> Option<usize> {
    let text = json.to_string();
    out.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some(text.len())
}
