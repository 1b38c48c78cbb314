//! Tokenizers. The claim: on any text a `tokenizer.json` loads or is refused, and one that loads counts and encodes texts
//! as the reference crate does, or fails on those on which that fails.

use glotgap_core::tokens::counter::Counter;
use glotgap_core::tokens::tokenizer::Tokenizer;

/// Texts with what normalizers, pre-tokenizers and models treat specially.
const TEXTS: [&str; 6] = [
    "",
    "the otter's  dates, 12345 A. B!\n\n c",
    " a\u{300}b e\u{301}\u{327} ÉDITÉ ﬁ ² ǅ ß İ ▁the ▁▁ <0x41>##s</w>",
    "กำ 日本語のーabc 한국 ᄒ\u{1161} 👩\u{200d}👩 🇫🇷🇩\u{fe0f}",
    "\u{feff}\0a\u{1}\u{ad}b\u{a0}\u{3000}c\t \r\n d\u{2028}e_f [MASK] foo",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa <unk><unk> e e e  e eto",
];

/// How many of a tokenizer's own tokens make a text.
const OWN: usize = 24;

/// Checks the claim for the text of a `tokenizer.json`.
pub fn check(json: &str) {
    let Ok(tokenizer) = Tokenizer::from_json(json) else { return };
    let mut counter = Counter::new(1 << 16);
    let own = own_tokens(&tokenizer);
    let texts = TEXTS.into_iter().map(str::to_owned).chain([own.concat(), own.join(" ")]);
    texts.for_each(|text| compare(&tokenizer, &mut counter, &text));
}

/// The tokens with the lowest numbers.
fn own_tokens(tokenizer: &Tokenizer) -> Vec<String> {
    let vocabulary = tokenizer.reference().tokenizer().get_vocab(true);
    let mut tokens: Vec<(u32, String)> = vocabulary.into_iter().map(|(token, id)| (id, token)).collect();
    tokens.sort_unstable();
    tokens.into_iter().take(OWN).map(|(_, token)| token).collect()
}

/// Numbers and counts, from an empty table and from one that knows the text.
fn compare(tokenizer: &Tokenizer, counter: &mut Counter, text: &str) {
    let truth = tokenizer.reference().ids(text).ok();
    assert_eq!(tokenizer.ids(text).ok(), truth, "numbers of {text:?}");
    let count = truth.map(|ids| ids.len());
    for pass in ["first", "second"] {
        let ours = counter.count(tokenizer, text).ok().map(|tally| tally.tokens as usize);
        assert_eq!(ours, count, "{pass} count of {text:?}");
    }
}
