//! The models equal the reference crate's: on real words, on random vocabularies, on long words and across cuts.
//!
//! The slow twin is the `tokenizers` crate itself.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a failed test may panic; a skip is said aloud")]

use std::str::FromStr;

use glotgap_core::tokens::kinds::Kinds;
use glotgap_core::tokens::model::{Model, Scratch};
use glotgap_core::tokens::spec::Spec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokenizers::{Model as _, ModelWrapper, OffsetReferential, OffsetType, PreTokenizer as _, Tokenizer};

const TOKENIZERS: [(&str, bool); 6] =
    [("gpt2", true), ("cl100k", true), ("o200k", true), ("mistral", false), ("xlmr", false), ("minilm_raw", false)];

/// The character of GPT-2's alphabet for a byte, written down again.
fn alphabet(byte: u8) -> char {
    let shown: Vec<u8> = (b'!'..=b'~').chain(0xA1..=0xAC).chain(0xAE..=0xFF).collect();
    let hidden: Vec<u8> = (0..=255).filter(|byte| !shown.contains(byte)).collect();
    match hidden.iter().position(|&other| other == byte) {
        Some(place) => char::from_u32(256 + place as u32).unwrap(),
        None => char::from(byte),
    }
}

/// The reference's model beside ours.
struct Pair {
    ours: Model,
    truth: ModelWrapper,
    byte_level: bool,
    scratch: Scratch,
    alphabet: Vec<char>,
}

impl Pair {
    fn new(model: &Value, byte_level: bool) -> Self {
        let truth = serde_json::from_value(model.clone()).unwrap();
        Self::with(Model::new(model, byte_level).unwrap(), truth, byte_level)
    }

    fn with(ours: Model, truth: ModelWrapper, byte_level: bool) -> Self {
        let alphabet = (0..=255).map(alphabet).collect();
        Self { ours, truth, byte_level, scratch: Scratch::default(), alphabet }
    }

    fn truth(&self, word: &str) -> Vec<u32> {
        let mapped: String;
        let text = if self.byte_level {
            mapped = word.bytes().map(|byte| self.alphabet[usize::from(byte)]).collect();
            &mapped
        } else {
            word
        };
        self.truth.tokenize(text).unwrap().into_iter().map(|token| token.id).collect()
    }

    fn ours(&mut self, word: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.ours.tokens(word, &mut self.scratch, &mut |id| ids.push(id));
        ids
    }

    fn parts(&mut self, word: &str) -> Vec<(String, bool)> {
        let mut parts = Vec::new();
        self.ours.atoms(word, &mut self.scratch, &mut |part, whole| parts.push((part.to_string(), whole)));
        parts
    }

    fn ours_by_parts(&mut self, word: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        for (part, whole) in self.parts(word) {
            if whole {
                return self.ours(word);
            }
            self.ours.atom_tokens(&part, &mut self.scratch, &mut |id| ids.push(id));
        }
        ids
    }

    fn check_all(&mut self, words: &[String]) {
        for word in words {
            self.check(word);
        }
    }

    fn check(&mut self, word: &str) {
        let truth = self.truth(word);
        assert_eq!(self.ours(word), truth, "tokens of {word:?}");
        assert_eq!(
            self.ours.tally(word, false, &mut self.scratch, &Kinds::default()).tokens as usize,
            truth.len(),
            "count of {word:?}"
        );
        assert_eq!(self.ours_by_parts(word), truth, "parts of {word:?}");
    }
}

fn data() -> Option<std::path::PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let given = std::env::var("GLOTGAP_DATA").unwrap_or_else(|_| beside.to_string());
    let found =
        [given.as_str(), "/work/shared/data"].map(std::path::PathBuf::from).into_iter().find(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: no real data at {given}; set GLOTGAP_DATA");
    }
    found
}

/// The tokenizer, and its model beside ours.
fn load(name: &str, byte_level: bool) -> Option<(Tokenizer, Pair)> {
    let json = std::fs::read_to_string(data()?.join(format!("tokenizers/{name}.json"))).unwrap();
    let spec = Spec::parse(&json).unwrap();
    let tokenizer = Tokenizer::from_str(&spec.json).unwrap();
    let ours = Model::new(&spec.model, byte_level).unwrap();
    let truth = tokenizer.get_model().clone();
    Some((tokenizer, Pair::with(ours, truth, byte_level)))
}

/// Every tenth sentence of every language.
fn sentences(step: usize) -> Vec<String> {
    let Some(data) = data() else { return Vec::new() };
    let mut files: Vec<_> = std::fs::read_dir(data.join("ntrex")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let text = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    files.iter().flat_map(|path| text(path).lines().step_by(step).map(String::from).collect::<Vec<_>>()).collect()
}

/// The words that the reference's own pre-tokenizer gives, as they are in the text.
fn words(tokenizer: &Tokenizer, sentence: &str, byte_level: bool) -> Vec<String> {
    use tokenizers::Normalizer as _;
    let mut text = tokenizers::NormalizedString::from(sentence);
    if let Some(normalizer) = tokenizer.get_normalizer() {
        normalizer.normalize(&mut text).unwrap();
    }
    let normalized = text.get().to_string();
    let mut split = tokenizers::PreTokenizedString::from(normalized.as_str());
    if let Some(pre_tokenizer) = tokenizer.get_pre_tokenizer() {
        pre_tokenizer.pre_tokenize(&mut split).unwrap();
    }
    let splits = split.get_splits(OffsetReferential::Original, OffsetType::Byte);
    let word = |(text, (start, end), _): &(&str, (usize, usize), _)| {
        if byte_level { normalized[*start..*end].to_string() } else { (*text).to_string() }
    };
    splits.iter().map(word).collect()
}

#[test]
fn real_words_have_the_tokens_of_the_reference() {
    let sentences = sentences(40);
    for (name, byte_level) in TOKENIZERS {
        let Some((tokenizer, mut pair)) = load(name, byte_level) else { return };
        assert_eq!(pair.ours.slow(), None, "{name}");
        let mut seen = std::collections::HashSet::new();
        for sentence in &sentences {
            for word in words(&tokenizer, sentence, byte_level) {
                if seen.insert(word.clone()) {
                    pair.check(&word);
                }
            }
        }
        assert!(seen.len() > 1000);
    }
}

/// Texts over a few letters, so that pieces meet often; some letters are in no vocabulary.
fn text() -> impl Strategy<Value = String> {
    let letters = prop::sample::select(vec!['a', 'b', 'c', '▁', 'é', '日', '本', 'ก', 'า', 'z', '🙂', '<', '\0']);
    prop::collection::vec(letters, 1..40).prop_map(|letters| letters.into_iter().collect())
}

/// What a random BPE is made from: pairs of earlier pieces, in an order that need not be the order of ranks.
#[derive(Debug)]
struct Recipe {
    pairs: Vec<(usize, usize)>,
    shuffled: Vec<usize>,
    as_lines: bool,
    options: [bool; 3],
    unknown: usize,
    bytes: usize,
    extra: Vec<String>,
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let pairs = prop::collection::vec((0usize..60, 0usize..60), 0..40);
    let extra = prop::collection::vec(text(), 0..4);
    (pairs, any::<bool>(), any::<bool>(), any::<[bool; 3]>(), 0usize..4, 0usize..4, extra).prop_flat_map(
        |(pairs, shuffle, as_lines, options, unknown, bytes, extra)| {
            let order: Vec<usize> = (0..pairs.len()).collect();
            let shuffled = if shuffle { Just(order).prop_shuffle().boxed() } else { Just(order).boxed() };
            (Just((pairs, as_lines, options, unknown, bytes, extra)), shuffled).prop_map(|(parts, shuffled)| {
                let (pairs, as_lines, options, unknown, bytes, extra) = parts;
                Recipe { pairs, shuffled, as_lines, options, unknown, bytes, extra }
            })
        },
    )
}

/// The model of a recipe over `units`.
fn bpe(recipe: &Recipe, units: &[String]) -> Value {
    let [fuse, fallback, ignore] = recipe.options;
    let mut pieces: Vec<String> = units.to_vec();
    let bytes = [0, 200, 256, 256][recipe.bytes];
    let mut stand_ins: Vec<String> = (0..bytes).map(|byte| format!("<0x{byte:02X}>")).collect();
    let unknown = [None, Some("<unk>"), Some("<unk>"), Some("a")][recipe.unknown];
    stand_ins.extend(unknown.map(String::from));
    if recipe.unknown == 2 {
        pieces.push("<unk>".to_string());
    }
    let mut merges = Vec::new();
    for &(left, right) in &recipe.pairs {
        let (left, right) = (pieces[left % pieces.len()].clone(), pieces[right % pieces.len()].clone());
        pieces.push(format!("{left}{right}"));
        merges.push((left, right));
    }
    let merges: Vec<_> = recipe.shuffled.iter().map(|&at| merges[at].clone()).collect();
    let mut texts: Vec<String> = pieces.into_iter().chain(stand_ins).chain(recipe.extra.clone()).collect();
    texts.sort();
    texts.dedup();
    let vocab: Value = texts.into_iter().zip((0..).map(|at: u32| at * 7 % 10_007)).collect();
    let lines = || merges.iter().map(|(left, right)| format!("{left} {right}")).collect::<Vec<_>>();
    let merges = if recipe.as_lines { json!(lines()) } else { json!(merges) };
    json!({"type": "BPE", "vocab": vocab, "merges": merges, "unk_token": unknown, "fuse_unk": fuse,
           "byte_fallback": fallback, "ignore_merges": ignore, "continuing_subword_prefix": ""})
}

fn units(letters: &str) -> Vec<String> {
    letters.chars().map(String::from).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bpe_over_characters_equals_the_reference(recipe in recipe(), texts in prop::collection::vec(text(), 8)) {
        let model = bpe(&recipe, &units("abc▁é日本ก"));
        let mut pair = Pair::new(&model, false);
        recipe.extra.iter().chain(&texts).for_each(|text| pair.check(text));
        pair.check("");
    }

    #[test]
    fn any_bpe_over_bytes_equals_the_reference(recipe in recipe(), texts in prop::collection::vec(text(), 8), gap in any::<bool>()) {
        let missing = if gap { 3 } else { 0 };
        let letters: Vec<String> = "abc▁é日本กา🙂<".bytes().chain((0..=255).skip(missing)).map(|byte| alphabet(byte).to_string()).collect();
        let model = bpe(&recipe, &letters);
        let mut pair = Pair::new(&model, true);
        pair.check_all(&texts);
    }

    #[test]
    fn any_unigram_equals_the_reference(
        pieces in prop::collection::vec((prop::collection::vec(prop::sample::select(vec!['a', 'b', 'c', '▁', 'é', '日', '本']), 1..5), 0u32..3, -20i32..3), 0..40),
        texts in prop::collection::vec(text(), 8), fallback in any::<bool>(), bytes in any::<bool>(),
    ) {
        let score = |kind: u32, n: i32| match kind { 0 => f64::from(n), 1 => f64::from(n as f32 / 3.0), _ => f64::from(n) / 3.0 };
        let kind = pieces.first().map_or(0, |piece| piece.1);
        let mut vocab: Vec<(String, f64)> = vec![("<unk>".into(), 0.0)];
        vocab.extend((0..256).filter(|_| bytes).map(|byte| (format!("<0x{byte:02X}>"), 0.0)));
        vocab.extend(pieces.iter().map(|(letters, _, n)| (letters.iter().collect(), score(kind, *n))));
        let mut pair = Pair::new(&json!({"type": "Unigram", "vocab": vocab, "unk_id": 0, "byte_fallback": fallback}), false);
        pair.check_all(&texts);
        pair.check("a<unk>zz<unk>b");
    }

    #[test]
    fn any_wordpiece_equals_the_reference(
        pieces in prop::collection::vec((text(), any::<bool>()), 0..40), texts in prop::collection::vec(text(), 8),
        longest in 0usize..40, prefix in prop::sample::select(vec!["##", "", "a"]),
    ) {
        let short = |text: &String| text.chars().take(3).collect::<String>();
        let mut texts_of: Vec<String> = vec!["[UNK]".into(), "##".into()];
        texts_of.extend("abcé".chars().flat_map(|letter| [letter.to_string(), format!("{prefix}{letter}")]));
        texts_of.extend(pieces.iter().map(|(text, next)| format!("{}{}", if *next { prefix } else { "" }, short(text))));
        let vocab: Value = texts_of.iter().enumerate().map(|(id, text)| (text.clone(), json!(id))).collect::<serde_json::Map<_, _>>().into();
        let model = json!({"type": "WordPiece", "vocab": vocab, "unk_token": "[UNK]", "continuing_subword_prefix": prefix, "max_input_chars_per_word": longest});
        let mut pair = Pair::new(&model, false);
        pair.check_all(&texts);
        pair.check_all(&texts_of);
        let model = json!({"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"});
        let mut pair = Pair::new(&model, false);
        texts.iter().chain(&texts_of).for_each(|text| pair.check(text));
    }
}

/// Processor time of this thread, in seconds.
fn seconds(work: impl FnOnce()) -> f64 {
    let now = || {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is a valid place for the answer.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
    };
    let start = now();
    work();
    now() - start
}

/// Long words: one letter, spaces, letters at random, Chinese and Thai at random.
fn long_words(length: usize) -> Vec<String> {
    let mut state = 1u64;
    let mut random = |from: u32, count: u64| -> char {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from_u32(from + ((state >> 33) % count) as u32).unwrap()
    };
    let mut fill = |from: u32, count: u64| {
        let mut word = String::new();
        while word.len() < length {
            word.push(random(from, count));
        }
        word
    };
    vec![
        "a".repeat(length),
        " ".repeat(length),
        "▁".repeat(length / 3),
        fill(33, 94),
        fill(0x4E00, 3000),
        fill(0xE01, 50),
        fill(0x1F600, 60),
    ]
}

#[test]
fn long_words_take_linear_time() {
    for (name, byte_level) in TOKENIZERS {
        let Some((_, mut pair)) = load(name, byte_level) else { return };
        for (short, long) in long_words(100_000).iter().zip(long_words(1_000_000)) {
            pair.ours(&long);
            let times = [short, &long].map(|word| seconds(|| drop(pair.ours(word))));
            assert!(times[1] < 30.0 * times[0] + 0.01, "{name}: {times:?} for {:?}", short.chars().next());
        }
    }
}

#[test]
fn long_words_have_the_tokens_of_the_reference() {
    for (name, byte_level) in TOKENIZERS {
        let Some((_, mut pair)) = load(name, byte_level) else { return };
        pair.check_all(&long_words(20_000));
    }
}

#[test]
fn atoms_of_scripts_without_spaces_are_short() {
    let Some((_, mut pair)) = load("o200k", true) else { return };
    let parts = pair.parts("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。");
    assert!(parts.len() > 5, "{parts:?}");
    let Some((_, mut pair)) = load("xlmr", false) else { return };
    assert_eq!(pair.parts("▁吾輩は猫である。").len(), 1, "parts of Unigram words are not counted apart");
}

#[test]
fn a_text_without_words_breaks_before_a_space() {
    for (name, byte_level, head, expected) in [
        ("mistral", false, '▁', true),
        ("xlmr", false, '▁', false),
        ("minilm_raw", false, ' ', false),
        ("gpt2", true, ' ', false),
    ] {
        let Some((_, pair)) = load(name, byte_level) else { return };
        assert_eq!(pair.ours.breaks_before(head), expected, "{name}");
    }
}

#[test]
fn one_scratch_serves_two_models() {
    let model = |merges: Value| json!({"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": merges});
    let models = [json!([]), json!([["a", "b"]])].map(|merges| Model::new(&model(merges), false).unwrap());
    let mut scratch = Scratch::default();
    assert_eq!(
        [0, 1, 0, 1].map(|at: usize| models[at].tally("abab", false, &mut scratch, &Kinds::default()).tokens),
        [4, 2, 4, 2]
    );
}

#[test]
fn what_is_not_proven_is_refused() {
    let refused = |model: Value| Model::new(&model, false).map(|_| ()).unwrap_err().0;
    let bpe = |more: Value| {
        let mut model = json!({"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []});
        model.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        model
    };
    assert!(refused(bpe(json!({"end_of_word_suffix": "</w>"}))).contains("end_of_word_suffix"));
    assert!(refused(bpe(json!({"merges": [["a", "b"]]}))).contains("\"ab\""));
    assert!(refused(bpe(json!({"merges": ["a b c"]}))).contains("no pair"));
    assert!(refused(bpe(json!({"unk_token": "?"}))).contains("unknown token"));
    assert!(refused(bpe(json!({"vocab": {"a": 0, "b": 0}}))).contains("number 0"));
    assert!(refused(json!({"type": "Unigram", "vocab": [["a", 0.0]]})).contains("unknown"));
    assert!(refused(json!({"type": "Nonsense"})).contains("Nonsense"));
}
