//! Plain text and JSON lines: what a document is, wherever the file is cut.

use glotgap_core::tokens::source::{Documents, Invalid, Lang, Options};

use crate::fixtures::{COMPRESSIONS, Place, json_lines, pack, read, sample};

#[test]
fn a_line_is_a_document_without_its_end() {
    let place = Place::new();
    let path = place.write("a.txt", "one\ntwo\r\n\n \nthr\ree\u{2028}x\n\r\nlast");
    let outcome = read(&path, &Options::default());
    assert_eq!(outcome.texts(), ["one", "two", " ", "thr\ree\u{2028}x", "last"]);
    assert_eq!(outcome.places, [(0, 1), (0, 2), (0, 4), (0, 5), (0, 7)]);
    assert_eq!(outcome.faults(), [("empty document", 2, vec![3, 6])]);
}

#[test]
fn chunks_change_nothing() {
    let place = Place::new();
    let texts = [
        "\u{feff}one\ntwo\n\n\nthree\r\nfour\r\n\r\n \t \nfive\nsix é\n\n\n\nseven",
        "\n\n\na\n",
        "a",
        "\u{feff}",
        "\u{feff}\n\u{feff}a\n",
        "long line of more than a chunk, without an end\n\nx\ny\n \nz\n\n",
    ];
    for (number, text) in texts.iter().enumerate() {
        let path = place.write(&format!("{number}.txt"), text);
        for documents in [Documents::Line, Documents::Blank, Documents::File] {
            let whole = read(&path, &Options { documents, ..Options::default() });
            for chunk in 1..100 {
                let cut = read(&path, &Options { documents, chunk, ..Options::default() });
                assert_eq!(cut, whole, "chunks of {chunk} bytes of {text:?}, {documents:?}");
            }
        }
    }
}

#[test]
fn long_blank_lines_and_long_lines_change_nothing_either() {
    let place = Place::new();
    for spaces in [255, 256, 257, 700] {
        let text =
            format!("{}\n{}\nb\n{}\n\nc{}\nd", "a".repeat(600), " ".repeat(spaces), "é".repeat(300), " ".repeat(9));
        let path = place.write("a.txt", &text);
        let options = Options { documents: Documents::Blank, ..Options::default() };
        let whole = read(&path, &options);
        assert_eq!(whole.documents.len(), if spaces <= 256 { 3 } else { 2 });
        for chunk in (1..300).chain([511, 601, 858, 859, 860]) {
            assert_eq!(read(&path, &Options { chunk, ..options.clone() }), whole, "{spaces} {chunk}");
        }
    }
}

#[test]
fn blank_lines_end_documents() {
    let place = Place::new();
    let path = place.write("a.txt", "\n\none\r\ntwo\r\n\r\n\t \nthree\n\n");
    let options = Options { documents: Documents::Blank, ..Options::default() };
    let outcome = read(&path, &options);
    assert_eq!(outcome.texts(), ["one\r\ntwo", "three"]);
    assert_eq!(outcome.places, [(0, 3), (0, 7)]);
    assert!(outcome.findings.is_empty());
}

#[test]
fn a_file_can_be_a_document() {
    let place = Place::new();
    let path = place.write("a.txt", "\u{feff}one\n\ntwo\n");
    let outcome = read(&path, &Options { documents: Documents::File, ..Options::default() });
    assert_eq!(outcome.texts(), ["one\n\ntwo\n"]);
    assert_eq!(outcome.faults(), [("byte order mark", 1, vec![1])]);
}

#[test]
fn json_lines_in_chunks_and_compressions_are_the_same_documents() {
    let place = Place::new();
    let (documents, options) = (sample(), Options { lang: Lang::Field("lang".into()), ..Options::default() });
    let lines = json_lines(&documents);
    let whole = read(&place.write("a.jsonl", &lines), &options);
    assert_eq!(whole.documents, documents);
    for chunk in [1, 2, 3, 7, 50, 99, 100, 1000] {
        assert_eq!(read(&place.path().join("a.jsonl"), &Options { chunk, ..options.clone() }), whole);
    }
    for packed in COMPRESSIONS {
        let outcome = read(&place.write(&format!("a.{packed}"), pack(&lines, packed)), &options);
        assert_eq!(outcome.documents, documents, "{packed}");
    }
}

#[test]
fn invalid_bytes_are_skipped_or_replaced_in_every_position() {
    let place = Place::new();
    let text = "ab\ncdé\n\nf";
    for (at, bad) in
        (0..=text.len()).flat_map(|at| [&b"\xff"[..], b"\xc3", b"\xe3\x81", b"\xed\xa0\x80"].map(|bad| (at, bad)))
    {
        let mut bytes = text.as_bytes().to_vec();
        bytes.splice(at..at, bad.iter().copied());
        let path = place.write("a.txt", &bytes);
        for chunk in [1, 3, 1000] {
            for invalid in [Invalid::Skip, Invalid::Replace] {
                let outcome = read(&path, &Options { invalid, chunk, ..Options::default() });
                let (texts, faults) = twin(&bytes, invalid);
                assert_eq!(outcome.texts(), texts, "{bytes:?}");
                let found = outcome.findings.iter().find(|it| it.fault.label() == "invalid UTF-8");
                assert_eq!(found.map_or(0, |it| it.count), faults, "{bytes:?}");
            }
        }
    }
}

/// Lines by the standard library.
fn twin(bytes: &[u8], invalid: Invalid) -> (Vec<String>, u64) {
    let (mut texts, mut faults) = (Vec::new(), 0);
    for line in bytes.split(|&byte| byte == b'\n') {
        match (String::from_utf8(line.to_vec()), invalid) {
            (Ok(text), _) => texts.push(text),
            (Err(_), Invalid::Skip) => faults += 1,
            (Err(_), Invalid::Replace) => {
                texts.push(String::from_utf8_lossy(line).into_owned());
                faults += 1;
            }
        }
    }
    texts.retain(|text| !text.is_empty());
    (texts, faults)
}

#[test]
fn faults_of_json_lines_are_counted_and_located() {
    let place = Place::new();
    let lines = [
        r#"{"text": "a", "lang": "en"}"#,
        r#"{"text": null, "lang": "en"}"#,
        r#"{"other": 1}"#,
        r#"{"text": 1}"#,
        r#"{"text": "b"}"#,
        "",
        r#"{"text": "c", "lang": "en"} x"#,
        r#"{"text": "d", "lang": 7}"#,
        r#"{"text": "e\ud800", "lang": "en"}"#,
        r#"{"text": "", "lang": "en"}"#,
        r#"{"text": "nul\u0000", "lang": "en"}"#,
        r#"{"text": "x", "text": "y"}"#,
        r#"["text"]"#,
        r#"{"text": "cut"#,
    ];
    let options = Options { lang: Lang::Field("lang".into()), ..Options::default() };
    let path = place.write("a.jsonl", lines.join("\n"));
    for chunk in [5, 1 << 20] {
        let outcome = read(&path, &Options { chunk, ..options.clone() });
        assert_eq!(outcome.texts(), ["a", "b", "d", "nul\0"]);
        let expected = [
            ("invalid UTF-8", 1, vec![9]),
            ("empty document", 2, vec![6, 10]),
            ("no text field", 2, vec![2, 3]),
            ("text is not a string", 1, vec![4]),
            ("not a JSON object", 4, vec![7, 12, 13, 14]),
            ("no language", 2, vec![5, 8]),
            ("NUL character", 1, vec![11]),
        ];
        assert_eq!(outcome.faults(), expected);
    }
    let replaced = read(&path, &Options { invalid: Invalid::Replace, ..options });
    assert_eq!(replaced.texts(), ["a", "b", "d", "e\u{fffd}", "nul\0"]);
}

#[test]
fn a_line_of_many_chunks_is_one_document() {
    let place = Place::new();
    let long = "wörd ".repeat(4 << 20);
    let options = Options { chunk: 64 << 10, ..Options::default() };
    let text = read(&place.write("a.txt", format!("first\n{long}\nlast")), &options);
    assert!(text.texts() == ["first", &long, "last"]);
    let lines = read(&place.write("a.jsonl", format!("{{\"text\":\"{long}\"}}\n{{\"text\":\"last\"}}")), &options);
    assert!(lines.texts() == [&long, "last"]);
}

#[test]
fn long_texts_with_escapes_are_read_in_their_order() {
    let place = Place::new();
    let long = "w\\u00f6rd\\n ".repeat(100_000);
    let (text, half) = ("wörd\n ".repeat(100_000), format!("{long}\\ud83c"));
    let texts = ["a\\t", &long, "b", &half, "c", &long, "d\\n"];
    let lines: Vec<_> = texts.iter().map(|raw| format!("{{\"text\":\"{raw}\",\"lang\":\"x\"}}\n")).collect();
    let path = place.write("a.jsonl", lines.concat());
    for chunk in [64 << 10, 1 << 30] {
        let options = Options { chunk, lang: Lang::Field("lang".into()), ..Options::default() };
        let outcome = read(&path, &options);
        assert!(outcome.texts() == ["a\t", &text, "b", "c", &text, "d\n"]);
        assert_eq!(outcome.faults(), [("invalid UTF-8", 1, vec![4])]);
        let outcome = read(&path, &Options { invalid: Invalid::Replace, ..options });
        assert!(outcome.texts() == ["a\t", &text, "b", &format!("{text}\u{fffd}"), "c", &text, "d\n"]);
    }
}

#[test]
fn a_long_first_line_without_an_extension_is_seen_to_be_json() {
    let place = Place::new();
    let long = "\\n é ".repeat(30_000);
    let outcome = read(&place.write("a", format!("{{\"text\":\"{long}\"}}\n")), &Options::default());
    assert!(outcome.texts() == ["\n é ".repeat(30_000)]);
    let outcome = read(&place.write("b", format!("{{{}}}\n", "text ".repeat(30_000))), &Options::default());
    assert!(outcome.texts()[0].starts_with("{text"));
}
