//! The readers of JSON lines and CSV against `serde_json` and `csv`.

use std::iter;

use csv_core::ReadRecordResult;
use glotgap_core::tokens::source::{Fault, Invalid, Options};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::fixtures::{Outcome, Place, read};

#[derive(Deserialize)]
struct Row {
    /// None when absent; null is a value.
    #[serde(default, deserialize_with = "some")]
    text: Option<Value>,
}

fn some<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// What a line of JSON is, by serde.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Document(String),
    Other(Fault),
}

fn by_serde(line: &str) -> Line {
    let object = line.trim_start_matches([' ', '\t', '\r']).starts_with('{');
    match serde_json::from_str::<Row>(line) {
        _ if line.trim_ascii().is_empty() => Line::Other(Fault::Empty),
        Ok(Row { text: Some(Value::String(text)) }) if object && text.is_empty() => Line::Other(Fault::Empty),
        Ok(Row { text: Some(Value::String(text)) }) if object => Line::Document(text),
        Ok(Row { text: None | Some(Value::Null) }) if object => Line::Other(Fault::Missing),
        Ok(_) if object => Line::Other(Fault::NotText),
        _ => Line::Other(Fault::Json),
    }
}

fn by_us(outcome: &Outcome, line: u64) -> Line {
    if let Some(i) = outcome.places.iter().position(|place| place.1 == line) {
        return Line::Document(outcome.documents[i].0.clone());
    }
    let at = |fault: &&glotgap_core::tokens::source::Finding| fault.first.iter().any(|place| place.number == line);
    Line::Other(outcome.findings.iter().find(at).unwrap().fault)
}

fn check_lines(lines: &[String]) -> Result<(), TestCaseError> {
    let place = Place::new();
    let text = format!("{{\"first\":1}}\n{}\n", lines.join("\n"));
    let outcome = read(&place.write("a.jsonl", text), &Options { chunk: 100, ..Options::default() });
    for (number, line) in lines.iter().enumerate() {
        let (ours, theirs) = (by_us(&outcome, number as u64 + 2), by_serde(line));
        if ours != theirs {
            // serde_json calls half of a surrogate pair an error of the line, we of its text; it does not decode what it ignores.
            let half = ours == Line::Other(Fault::Invalid) && theirs == Line::Other(Fault::Json);
            prop_assert!(half, "{line:?}: {ours:?} instead of {theirs:?}");
        }
    }
    Ok(())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "\\PC*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        let name = prop_oneof![Just("text".to_owned()), any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4).prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

/// All characters but ASCII as escapes, as Python writes JSON.
fn escaped(json: &str) -> String {
    let unit = |unit: u16| if unit < 128 { char::from(unit as u8).to_string() } else { format!("\\u{unit:04X}") };
    json.encode_utf16().map(unit).collect()
}

/// Lines that are nearly JSON, made of its pieces.
fn nearly() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"text\"",
        "\"te\\u0078t\"",
        "\"a\"",
        "\\",
        "\\u",
        "\\ud83d",
        "\\ude00",
        "\\n",
        "00e9",
        "1",
        "-",
        "0",
        ".",
        "e",
        "E+",
        "true",
        "false",
        "null",
        "nul",
        " ",
        "\t",
        "\r",
        "é",
        "\u{1}",
        "{\"text\":\"",
        "\"}",
        ":\"x\"",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12).prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn json_lines_are_read_as_serde_reads_them(values in prop::collection::vec(json(), 1..8)) {
        let plain: Vec<String> = values.iter().map(Value::to_string).collect();
        let ascii = plain.iter().map(|line| escaped(line)).collect::<Vec<_>>();
        let objects: Vec<String> = plain.iter().zip(&ascii).map(|(a, b)| format!("{{\"a\":{a},\"text\" : {b}}}")).collect();
        check_lines(&plain)?;
        check_lines(&ascii)?;
        check_lines(&objects)?;
    }

    #[test]
    fn lines_that_are_nearly_json_are_judged_as_serde_judges_them(lines in prop::collection::vec(nearly(), 1..12)) {
        check_lines(&lines)?;
        let inside: Vec<String> = lines.iter().map(|line| format!("{{\"a\":1,{line},\"text\":\"b\"}}")).collect();
        check_lines(&inside)?;
        let inside: Vec<String> = lines.iter().map(|line| format!("{{\"text\":\"{line}\"}}")).collect();
        check_lines(&inside)?;
    }

    #[test]
    fn csv_is_read_as_the_csv_crate_reads_it(
        pieces in prop::collection::vec(prop::sample::select(vec!["a", ",", "\"", "\"\"", "\n", "\r\n", "é", "\",\"", " "]), 0..40),
    ) {
        let text = format!("id,text\n{}", pieces.concat());
        let place = Place::new();
        let outcome = read(&place.write("a.csv", &text), &Options { invalid: Invalid::Replace, ..Options::default() });
        let open = outcome.findings.iter().any(|it| it.fault == Fault::Truncated);
        let mut records = records(text.as_bytes());
        records.remove(0);
        if open {
            records.pop();
        }
        let whole = records.iter().filter(|record| record.len() == 2);
        let (theirs, empty): (Vec<&str>, Vec<&str>) = whole.map(|record| record[1].as_str()).partition(|text| !text.is_empty());
        prop_assert_eq!(outcome.texts(), theirs);
        let count = |fault| outcome.findings.iter().find(|it| it.fault == fault).map_or(0, |it| it.count);
        prop_assert_eq!(count(Fault::Fields), records.iter().filter(|record| record.len() != 2).count() as u64);
        prop_assert!(count(Fault::Empty) >= empty.len() as u64);
    }
}

/// The records of a file, its header among them, as the engine of the csv crate reads them.
fn records(mut text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv_core::Reader::new();
    let (mut bytes, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 1]);
    let (mut written, mut ended) = (0, 0);
    let mut records = Vec::new();
    loop {
        let (result, read, more, fields) = reader.read_record(text, &mut bytes[written..], &mut ends[ended..]);
        (text, written, ended) = (&text[read..], written + more, ended + fields);
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record => {
                let starts = iter::once(0).chain(ends[..ended].iter().copied());
                let field = |(start, &end): (usize, &usize)| String::from_utf8(bytes[start..end].to_vec()).unwrap();
                records.push(starts.zip(&ends[..ended]).map(field).collect());
                (written, ended) = (0, 0);
            }
            ReadRecordResult::End => return records,
            full => panic!("{full:?}: a record is no longer than its file"),
        }
    }
}
