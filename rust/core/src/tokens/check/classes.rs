//! What one look at a character tells: a table of two bytes for each code point, made once from the Unicode properties.

use std::sync::LazyLock;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{
    BidiClass, CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiModifier, EnumeratedProperty,
    ExtendedPictographic, GeneralCategory, GeneralCategoryGroup, IndicSyllabicCategory, JoiningType, LineBreak, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData, PropertyNamesShort};

/// The classes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(u16);

/// Low byte: the script's number. Above it, one bit a class.
const LETTER: u16 = 1 << 8;
const MARK: u16 = 1 << 9;
const SPECIAL: u16 = 1 << 10;
const COMBINES: u16 = 1 << 11;
const CONTINUES: u16 = 1 << 12;
const UNSETTLED: u16 = 1 << 13;
const EMOJI: u16 = 1 << 14;

impl Class {
    /// No class at all, to gather others.
    pub(super) const NONE: Self = Self(0);

    pub(super) fn of(c: char) -> Self {
        Self::among(all(), c)
    }

    /// The same by the table of [`all`] classes, for loops.
    #[inline]
    pub(super) fn among(classes: &[u16], c: char) -> Self {
        Self(classes[c as usize])
    }

    /// The number of its script, by which [`name`] and [`Custom`] know it.
    pub(super) const fn script(self) -> u8 {
        self.0.to_le_bytes()[0]
    }

    /// General category L.
    pub(super) const fn is_letter(self) -> bool {
        self.0 & LETTER != 0
    }

    /// General category L or M.
    pub(super) const fn is_letter_or_mark(self) -> bool {
        self.0 & (LETTER | MARK) != 0
    }

    /// A control character (Cc) but tab and line feed, a format character (Cf) that is a
    /// `Default_Ignorable_Code_Point`, or U+FFFD.
    pub(super) const fn is_special(self) -> bool {
        self.0 & SPECIAL != 0
    }

    /// Whether its combining class is not 0.
    pub(super) const fn combines(self) -> bool {
        self.0 & COMBINES != 0
    }

    /// Whether it may change in NFC with what stands before it: its combining class is not 0, or it stands in the
    /// canonical decomposition of some character, not first.
    pub(super) const fn continues(self) -> bool {
        self.0 & CONTINUES != 0
    }

    /// Text without such characters is in form NFC if its marks are in canonical order: of all others the quick check of
    /// UAX #15 says Yes.
    pub(super) const fn is_unsettled(self) -> bool {
        self.0 & UNSETTLED != 0
    }

    /// `Extended_Pictographic`, a skin tone, or the selector of emoji presentation.
    pub(super) const fn is_emoji(self) -> bool {
        self.0 & EMOJI != 0
    }

    /// The classes of both.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The combining class of a character.
pub(super) fn combining(c: char) -> CanonicalCombiningClass {
    CodePointMapData::<CanonicalCombiningClass>::new().get(c)
}

/// The classes of all code points.
pub(super) fn all() -> &'static [u16] {
    &TABLE.classes
}

/// How a script is written, as its characters' properties show.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Custom {
    /// Its letters join or form conjuncts: some character has `Joining_Type` D, or is a virama or an invisible stacker.
    pub(super) joins: bool,
    /// It is written without spaces between words: some character has `Line_Break` SA.
    pub(super) runs_on: bool,
    /// It runs from right to left: some character has `Bidi_Class` R or AL.
    pub(super) is_rtl: bool,
}

/// How the script of this number is written.
pub(super) fn custom(script: u8) -> Custom {
    TABLE.customs[usize::from(script)]
}

/// Its code of four letters (ISO 15924).
pub(super) fn name(script: u8) -> &'static str {
    let script = TABLE.scripts.get(usize::from(script)).copied().unwrap_or(Script::Unknown);
    PropertyNamesShort::<Script>::new().get(script).unwrap_or("Zzzz")
}

/// Whether its letters belong to no script of their own.
pub(super) const fn is_shared(script: u8) -> bool {
    script < MYANMAR
}

/// The number of Burmese script.
pub(super) const MYANMAR: u8 = 3;

/// The number of Latin script.
pub(super) const LATIN: u8 = 4;

/// Scripts of known numbers; the others are numbered as they are met.
const FIRST: [Script; 5] = [Script::Unknown, Script::Common, Script::Inherited, Script::Myanmar, Script::Latin];

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

struct Table {
    classes: Vec<u16>,
    scripts: Vec<Script>,
    customs: [Custom; 256],
}

impl Table {
    fn new() -> Self {
        let (classes, scripts) = (vec![0; 0x11_0000], FIRST.to_vec());
        let mut table = Self { classes, scripts, customs: [Custom::default(); 256] };
        for range in CodePointMapData::<Script>::new().iter_ranges() {
            let number = table.number(range.value);
            table.add(range.range, u16::from(number));
        }
        table.add_categories();
        table.add_sets();
        table.add_unsettled();
        table.add_customs();
        table
    }

    /// The number of a script; that of unknown ones should there be more than 256.
    fn number(&mut self, script: Script) -> u8 {
        let known = self.scripts.iter().position(|&it| it == script);
        let number = known.unwrap_or_else(|| {
            self.scripts.push(script);
            self.scripts.len() - 1
        });
        u8::try_from(number).unwrap_or(0)
    }

    fn add(&mut self, range: impl Iterator<Item = u32>, class: u16) {
        range.for_each(|c| self.classes[c as usize] |= class);
    }

    fn add_categories(&mut self) {
        let categories = CodePointMapData::<GeneralCategory>::new();
        for (group, class) in [(GeneralCategoryGroup::Letter, LETTER), (GeneralCategoryGroup::Mark, MARK)] {
            categories.iter_ranges_for_group(group).for_each(|range| self.add(range, class));
        }
        let controls = categories.iter_ranges_for_value(GeneralCategory::Control).flatten();
        self.add(controls.filter(|c| !['\t', '\n'].map(u32::from).contains(c)), SPECIAL);
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let formats = categories.iter_ranges_for_value(GeneralCategory::Format).flatten();
        self.add(formats.filter(|&c| ignorable.contains32(c)), SPECIAL);
        self.classes[char::REPLACEMENT_CHARACTER as usize] |= SPECIAL;
    }

    fn add_sets(&mut self) {
        let combining = CodePointMapData::<CanonicalCombiningClass>::new();
        let combined = combining.iter_ranges_for_value_complemented(CanonicalCombiningClass::NotReordered);
        combined.for_each(|range| self.add(range, COMBINES | CONTINUES));
        CodePointSetData::new::<ExtendedPictographic>().iter_ranges().for_each(|range| self.add(range, EMOJI));
        CodePointSetData::new::<EmojiModifier>().iter_ranges().for_each(|range| self.add(range, EMOJI));
        self.classes[0xfe0f] |= EMOJI;
    }

    /// Characters that NFC changes even where they stand alone, and those that it may join to what is before.
    fn add_unsettled(&mut self) {
        let (composing, decomposing) =
            (ComposingNormalizerBorrowed::new_nfc(), DecomposingNormalizerBorrowed::new_nfd());
        let categories = CodePointMapData::<GeneralCategory>::new();
        let is_assigned = |c: &char| categories.get(*c) != GeneralCategory::Unassigned;
        for c in (0..0x11_0000).filter_map(char::from_u32).filter(is_assigned) {
            let mut buffer = [0; 4];
            let alone: &str = c.encode_utf8(&mut buffer);
            if !composing.is_normalized(alone) {
                self.classes[c as usize] |= UNSETTLED;
            }
            let parts = decomposing.normalize(alone);
            parts.chars().skip(1).for_each(|part| self.classes[part as usize] |= CONTINUES | UNSETTLED);
        }
    }

    fn add_customs(&mut self) {
        self.note(|it| it.joins = true, &[JoiningType::DualJoining]);
        self.note(|it| it.joins = true, &[IndicSyllabicCategory::Virama, IndicSyllabicCategory::InvisibleStacker]);
        self.note(|it| it.runs_on = true, &[LineBreak::ComplexContext]);
        self.note(|it| it.is_rtl = true, &[BidiClass::RightToLeft, BidiClass::ArabicLetter]);
    }

    /// Notes a custom for the scripts of all assigned characters that have one of these values.
    fn note<T: EnumeratedProperty + PartialEq + Copy>(&mut self, custom: fn(&mut Custom), values: &[T]) {
        for range in values.iter().flat_map(|&value| CodePointMapData::<T>::new().iter_ranges_for_value(value)) {
            for c in range {
                let script = Class(self.classes[c as usize]).script();
                if !is_shared(script) {
                    custom(&mut self.customs[usize::from(script)]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(is: fn(Custom) -> bool) -> Vec<&'static str> {
        (0..=u8::MAX).filter(|&script| is(custom(script))).map(name).collect()
    }

    #[test]
    fn scripts_have_the_customs_that_people_know() {
        let joins = scripts(|it| it.joins);
        for script in ["Arab", "Syrc", "Mong", "Nkoo", "Deva", "Beng", "Sinh", "Khmr", "Mymr"] {
            assert!(joins.contains(&script), "{script}");
        }
        assert!(!joins.iter().any(|script| ["Latn", "Hebr", "Thai", "Laoo", "Hani", "Zyyy", "Zzzz"].contains(script)));
        let runs_on = scripts(|it| it.runs_on);
        assert!(["Thai", "Laoo", "Khmr", "Mymr"].iter().all(|script| runs_on.contains(script)), "{runs_on:?}");
        assert!(!runs_on.contains(&"Hani") && !runs_on.contains(&"Latn"));
        let rtl = scripts(|it| it.is_rtl);
        assert!(["Hebr", "Arab", "Thaa", "Adlm"].iter().all(|script| rtl.contains(script)), "{rtl:?}");
        assert!(!rtl.contains(&"Latn"));
    }

    #[test]
    fn characters_have_their_classes() {
        assert!(Class::of('é').is_letter() && name(Class::of('é').script()) == "Latn");
        assert_eq!((Class::of('က').script(), Class::of('a').script()), (MYANMAR, LATIN));
        assert!(is_shared(Class::of('ー').script()) && !is_shared(Class::of('カ').script()));
        for c in ['\u{200b}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{e0020}', '\0', '\r', '\u{7f}', '\u{85}'] {
            assert!(Class::of(c).is_special(), "{c:?}");
        }
        assert!(!Class::of('\u{600}').is_special() && !Class::of('\u{fe0f}').is_special());
        assert!(Class::of('\u{301}').combines() && Class::of('\u{301}').is_unsettled());
        assert!(Class::of('\u{e48}').combines() && !Class::of('\u{e48}').is_unsettled());
        assert!(!Class::of('\n').is_special() && Class::of('\u{fffd}').is_special());
    }
}
