//! Texts to compare on: real ones where they are there, generated ones always.

use std::path::PathBuf;

use proptest::prelude::*;

/// Real sentences: every `step`-th line of every NTREX file. Said aloud if there are none.
pub fn ntrex(step: usize) -> Vec<String> {
    let data = std::env::var("GLOTGAP_DATA")
        .map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let folder = [data, PathBuf::from("/work/shared/data")].map(|data| data.join("ntrex"));
    let Some(files) = folder.iter().find_map(|folder| std::fs::read_dir(folder).ok()) else {
        eprintln!("SKIPPED: no NTREX texts in {}", folder[0].display());
        return Vec::new();
    };
    let texts = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "txt"));
    texts.flat_map(|path| lines(&std::fs::read_to_string(path).unwrap(), step)).collect()
}

fn lines(text: &str, step: usize) -> Vec<String> {
    text.lines().step_by(step).map(str::to_owned).collect()
}

/// Each assigned block's characters alone, and between neighbours that rules look at.
pub fn by_character(step: usize) -> Vec<String> {
    let all = ('\0'..=char::MAX).filter(|&c| u32::from(c) < 0x3_2000 || u32::from(c) >= 0xE_0000);
    let some: Vec<char> = all.step_by(step).collect();
    let frames = |c: char| format!("a{c} {c}b'{c} \u{301}{c}{c}\n{c}1{c}.{c} A{c}\r\n\u{915}\u{94D}{c}");
    some.chunks(16).map(|chunk| chunk.iter().map(|&c| frames(c)).collect()).collect()
}

/// Hand-picked: each a known trap.
pub const TRAPS: [&str; 40] = [
    "",
    " ",
    "  ",
    "\n",
    "a",
    " a",
    "a ",
    "  a  b   ",
    "a\n\n b",
    "a \n \n  b",
    "a\r\nb\r\n",
    "x\t\ty \u{A0} z",
    "\u{3000}a\u{3000}\u{3000}b",
    "I'S we'LL don't It\u{2019}s 'Re 'VE'd'",
    "'\u{17F} x'\u{17F}t",
    "'\u{212A} \u{212A}'s",
    "1234567 12,345.67",
    "\u{661}\u{662}\u{663}\u{664} \u{BD}\u{2167}\u{B2}",
    "\u{1C5}ungla \u{1F88}",
    "\u{378}\u{10FFFE}x",
    "👨\u{200D}👩\u{200D}👧 🇩🇪🇫🇷 👍🏽",
    "e\u{301}e\u{301}\u{323} o\u{323}\u{302}",
    "\u{600} \u{661}\u{600}a",
    "\u{1100}\u{1161}\u{11A8}한국어",
    "हिन्दी क़ न\u{93C} र\u{93C}",
    "ไทย ภาษา",
    "日本語、テスト。ガ ﾊﾟ",
    "ａｂｃ１２３ ①②",
    "\u{FB01}\u{FDFA} \u{AD}soft",
    "a\u{200B}b \u{200B} c\u{FEFF}",
    "\u{0}\u{1}\u{7F}\u{85}\u{FFFD}x",
    "x \u{A8} y",
    "hello<world>/path/to\n/x//\r\n",
    "CamelCaseHTTPServer iPhone ABC",
    "İstanbul ıI ǅ ΣΑΣ",
    "\u{302E}\u{1D16E}\u{1D165} a\u{1D165}\u{302E}",
    "▁a ▁▁b▁",
    "...!?--- ,a.b",
    "$$ + €5 ~`^",
    "a\u{1}b\u{2} \u{3}",
];

const PARTS: [&str; 52] = [
    " ", "  ", "   ", "\n", "\r", "\r\n", "\t", "\u{A0}", "\u{3000}", "\u{2028}", "\u{85}", "a", "b", "Z", "É", "é",
    "ß", "ſ", "\u{212A}", "s", "'", "'s", "'LL", "\u{2019}", "1", "23", "٣", "½", ".", ",", "/", "!", "$", "_", "▁",
    "\u{301}", "\u{323}", "\u{200D}", "\u{200B}", "漢", "あ", "ガ", "한", "\u{1100}", "\u{1161}", "न", "\u{93C}",
    "\u{94D}", "ǅ", "🇩", "👍", "\u{600}",
];

/// Texts of characters that rules treat apart.
pub fn adversarial() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        8 => prop::sample::select(PARTS.to_vec()).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

/// Runs that are long enough for every fast path to end in its middle.
pub fn runs() -> Vec<String> {
    let units =
        [" ", "a", "A", "aB", "1", ".", "\n", "漢", "ไ", "\u{301}", "é", "\r\n", " x", "\u{A0}", "'s", "\u{1F1E6}"];
    let lengths = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100];
    let framed = |unit: &str, n: usize| ["", "x", " ", "é"].map(|edge| format!("{edge}{}{edge}", unit.repeat(n)));
    units.iter().flat_map(|unit| lengths.iter().flat_map(move |&n| framed(unit, n))).collect()
}

/// All that does not come from a strategy.
pub fn fixed() -> Vec<String> {
    let mut texts: Vec<String> = TRAPS.iter().map(|&text| text.to_owned()).collect();
    texts.extend(runs());
    texts.extend(by_character(29));
    texts.extend(ntrex(197));
    texts
}
