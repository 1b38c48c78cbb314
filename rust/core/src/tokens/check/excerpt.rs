//! An example: the text around a place, with what cannot be seen written as its code point.

use std::fmt::Write;

use super::classes::Class;

/// Characters shown before and after.
const AROUND: usize = 16;

/// Some text around byte `at`, which begins a character or is the end.
pub(super) fn excerpt(text: &str, at: usize) -> String {
    let start = text[..at].char_indices().rev().take(AROUND).last().map_or(at, |(start, _)| start);
    let mut shown = if start > 0 { "…".to_owned() } else { String::new() };
    let mut rest = text[start..].char_indices().skip_while(|(offset, _)| start + offset < at).skip(AROUND);
    let end = rest.next().map_or(text.len(), |(offset, _)| start + offset);
    text[start..end].chars().for_each(|c| push(&mut shown, c));
    if end < text.len() {
        shown.push('…');
    }
    shown
}

fn push(shown: &mut String, c: char) {
    if Class::of(c).is_special() || matches!(c, '\t' | '\n' | '\u{2028}' | '\u{2029}') {
        // Writing to a string cannot fail.
        let _ = write!(shown, "<{}>", code_point(c));
    } else {
        shown.push(c);
    }
}

/// As Unicode writes it: U+200B.
pub(super) fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn what_cannot_be_seen_is_written_out_and_what_is_cut_is_marked() {
        assert_eq!(excerpt("a\u{200b}b\r\n", 1), "a<U+200B>b<U+000D><U+000A>");
        let long = "ab".repeat(20);
        assert_eq!(excerpt(&long, 20), format!("…{}…", "ab".repeat(16)));
        assert_eq!(excerpt("é", 2), "é");
        assert_eq!(excerpt("", 0), "");
    }
}
