//! Every kind of normalizer and pre-tokenizer against the reference's.

use std::path::Path;
use std::sync::LazyLock;

use glotgap_core::tokens::normalize::{Buffers, Normalizer, Place};
use glotgap_core::tokens::spec::Spec;
use glotgap_core::tokens::split::{Scratch, Splitter};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{NormalizedString, Normalizer as _, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

use super::texts;

pub fn split_of(regex: &str, behavior: &str, invert: bool) -> Value {
    json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert})
}

pub fn byte_level(prefix: bool, regex: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": regex})
}

fn metaspace(scheme: &str, split: bool) -> Value {
    json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split})
}

fn sequence(parts: &[Value]) -> Value {
    json!({"type": "Sequence", "pretokenizers": parts})
}

const CL100K: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const O200K: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const DEEPSEEK: &str = r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##;

/// Regular expressions in use: name, expression.
pub fn expressions() -> Vec<String> {
    let tiktoken = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s";
    let tekken = O200K.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "").replace(r"\p{N}{1,3}", r"\p{N}");
    vec![
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+".to_owned(),
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+".to_owned(),
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s".to_owned(),
        CL100K.to_owned(),
        tiktoken.to_owned(),
        CL100K.replace("{1,3}", ""),
        O200K.to_owned(),
        tekken,
        DEEPSEEK.to_owned(),
        r"\p{N}{1,3}".to_owned(),
        "[一-龥\u{3040}-ゟ゠-ヿ]+".to_owned(),
    ]
}

pub fn pre_tokenizers() -> Vec<Value> {
    let mut all = vec![
        Value::Null,
        byte_level(false, true),
        byte_level(true, true),
        byte_level(false, false),
        byte_level(true, false),
        json!({"type": "Whitespace"}),
        json!({"type": "WhitespaceSplit"}),
        json!({"type": "BertPreTokenizer"}),
        json!({"type": "Punctuation"}),
        json!({"type": "Digits", "individual_digits": true}),
        json!({"type": "Digits", "individual_digits": false}),
        json!({"type": "CharDelimiterSplit", "delimiter": " "}),
        json!({"type": "CharDelimiterSplit", "delimiter": "漢"}),
        json!({"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}),
        json!({"type": "Metaspace", "replacement": "_", "add_prefix_space": false, "prepend_scheme": "never"}),
        sequence(&[json!({"type": "WhitespaceSplit"}), metaspace("always", true)]),
        sequence(&[json!({"type": "Digits", "individual_digits": true}), byte_level(false, true)]),
        sequence(&[
            json!({"type": "Punctuation", "behavior": "Contiguous"}),
            byte_level(false, true),
            json!({"type": "Digits", "individual_digits": false}),
            split_of("[0-9][0-9][0-9]", "Isolated", false),
        ]),
        sequence(&[
            split_of(r"\p{N}{1,3}", "Isolated", false),
            split_of("[一-龥\u{3040}-ゟ゠-ヿ]+", "Isolated", false),
            split_of(DEEPSEEK, "Isolated", false),
            byte_level(false, false),
        ]),
        sequence(&[split_of(O200K, "Removed", true), byte_level(false, false)]),
        json!({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false}),
    ];
    all.extend(
        expressions().iter().map(|regex| sequence(&[split_of(regex, "Isolated", false), byte_level(false, false)])),
    );
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] {
        all.push(json!({"type": "Punctuation", "behavior": behavior}));
        all.push(split_of(r"\s+", behavior, true));
        all.push(split_of(r"a|\d|\n", behavior, false));
        all.push(split_of(CL100K, behavior, false));
        all.push(json!({"type": "Split", "pattern": {"String": "a."}, "behavior": behavior, "invert": false}));
    }
    for scheme in ["always", "first", "never"] {
        all.extend([true, false].map(|split| metaspace(scheme, split)));
    }
    all
}

pub fn normalizers() -> Vec<Value> {
    let simple = ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"];
    let mut all: Vec<Value> = simple.iter().map(|name| json!({"type": name})).collect();
    for bits in 0..24 {
        let strip = [Value::Null, json!(true), json!(false)][bits / 8].clone();
        all.push(json!({"type": "BertNormalizer", "clean_text": bits & 1 > 0, "handle_chinese_chars": bits & 2 > 0, "lowercase": bits & 4 > 0, "strip_accents": strip}));
    }
    for bits in 0..4 {
        all.push(json!({"type": "Strip", "strip_left": bits & 1 > 0, "strip_right": bits & 2 > 0}));
    }
    let replace = |pattern: Value, content: &str| json!({"type": "Replace", "pattern": pattern, "content": content});
    let of = |parts: &[Value]| json!({"type": "Sequence", "normalizers": parts});
    let named = |name: &str| json!({"type": name});
    let prepend = json!({"type": "Prepend", "prepend": "▁"});
    all.push(replace(json!({"String": " "}), "▁"));
    all.push(replace(json!({"String": "a."}), "é"));
    all.push(replace(json!({"Regex": " {2,}"}), "▁"));
    all.push(replace(json!({"Regex": r"\d+|[^\w]"}), ""));
    all.push(prepend.clone());
    all.push(of(&[prepend, replace(json!({"String": " "}), "▁")]));
    all.push(of(&[
        named("NFKC"),
        named("Lowercase"),
        json!({"type": "Strip", "strip_left": true, "strip_right": true}),
    ]));
    all.push(of(&[named("NFD"), named("Lowercase"), named("StripAccents")]));
    all.push(of(&[named("Nmt"), named("NFKC"), replace(json!({"Regex": " {2,}"}), " ")]));
    all.extend(charsmap().map(|map| {
        of(&[
            map,
            json!({"type": "Strip", "strip_left": false, "strip_right": true}),
            replace(json!({"Regex": " {2,}"}), "▁"),
        ])
    }));
    all.extend(charsmap());
    all.push(of(&[]));
    all.push(Value::Null);
    all
}

/// The character map of XLM-R, if its tokenizer is there.
pub fn charsmap() -> Option<Value> {
    let data = std::env::var("GLOTGAP_DATA").unwrap_or_else(|_| "/work/shared/data".to_owned());
    let Ok(text) = std::fs::read_to_string(Path::new(&data).join("tokenizers/xlmr.json")) else {
        eprintln!("SKIPPED: no xlmr.json in {data}/tokenizers");
        return None;
    };
    Some(Spec::parse(&text).unwrap().normalizer)
}

/// What the reference makes of a text.
fn normalized(reference: Option<&NormalizerWrapper>, text: &str) -> String {
    let mut normalized = NormalizedString::from(text);
    if let Some(reference) = reference {
        reference.normalize(&mut normalized).unwrap();
    }
    normalized.get().to_owned()
}

fn words(reference: Option<&PreTokenizerWrapper>, text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut split = PreTokenizedString::from(text);
    if let Some(reference) = reference {
        reference.pre_tokenize(&mut split).unwrap();
    }
    let splits = split.get_splits(OffsetReferential::Original, OffsetType::None);
    splits.into_iter().map(|(word, _, _)| word.to_owned()).collect()
}

pub fn ours(splitter: &Splitter, text: &str, place: Place) -> Vec<String> {
    let mut found = Vec::new();
    let mut scratch = Scratch::default();
    splitter.split(text, place, &mut scratch, &mut |word| found.push(word.to_owned()));
    assert_eq!(scratch.failure(), None);
    found
}

/// The bytes of a word as the reference writes them.
fn mapped(word: &str) -> String {
    static MAPPING: LazyLock<Normalizer> = LazyLock::new(|| Normalizer::new(&json!({"type": "ByteLevel"})).unwrap());
    MAPPING.apply_at(word, Place::Start, &mut Buffers::default()).to_owned()
}

type NormalizerPair = (Value, Normalizer, Option<NormalizerWrapper>);
type SplitterPair = (Value, Splitter, Option<PreTokenizerWrapper>);

fn normalizer_pairs() -> Vec<NormalizerPair> {
    let pair = |spec: Value| {
        let ours = Normalizer::new(&spec).unwrap_or_else(|e| panic!("{spec}: {e:?}"));
        let reference = (!spec.is_null()).then(|| serde_json::from_value(spec.clone()).unwrap());
        (spec, ours, reference)
    };
    normalizers().into_iter().map(pair).collect()
}

fn splitter_pairs() -> Vec<SplitterPair> {
    let pair = |spec: Value| {
        let ours = Splitter::new(&spec).unwrap_or_else(|e| panic!("{spec}: {e:?}"));
        let reference = (!spec.is_null()).then(|| serde_json::from_value(spec.clone()).unwrap());
        (spec, ours, reference)
    };
    pre_tokenizers().into_iter().map(pair).collect()
}

fn check_normalizer((spec, ours, reference): &NormalizerPair, text: &str, buffers: &mut Buffers) {
    let is = ours.apply_at(text, Place::Start, buffers).to_owned();
    let spec = spec.to_string().chars().take(300).collect::<String>();
    assert_eq!(is, normalized(reference.as_ref(), text), "{spec} on {text:?}");
}

fn check_splitter((spec, splitter, reference): &SplitterPair, text: &str) {
    let mut is = ours(splitter, text, Place::Start);
    if splitter.is_byte_level() {
        is.iter_mut().for_each(|word| *word = mapped(word));
    }
    assert_eq!(is, words(reference.as_ref(), text), "{spec} on {text:?}");
}

#[test]
fn normalizers_equal_the_reference() {
    let pairs = normalizer_pairs();
    let texts = texts::fixed();
    for pair in &pairs {
        let mut buffers = Buffers::default();
        texts.iter().for_each(|text| check_normalizer(pair, text, &mut buffers));
    }
}

#[test]
fn splitters_equal_the_reference() {
    let texts = texts::fixed();
    for pair in &splitter_pairs() {
        texts.iter().for_each(|text| check_splitter(pair, text));
    }
}

#[test]
fn normalizers_equal_the_reference_on_any_text() {
    let pairs = normalizer_pairs();
    proptest!(ProptestConfig::with_cases(400), |(text in texts::adversarial())| {
        pairs.iter().for_each(|pair| check_normalizer(pair, &text, &mut Buffers::default()));
    });
}

#[test]
fn splitters_equal_the_reference_on_any_text() {
    let pairs = splitter_pairs();
    proptest!(ProptestConfig::with_cases(1000), |(text in texts::adversarial())| {
        pairs.iter().for_each(|pair| check_splitter(pair, &text));
    });
}
