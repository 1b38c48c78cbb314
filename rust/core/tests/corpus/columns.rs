//! Tables: CSV, Parquet, Arrow files and streams, and arrays in memory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, DictionaryArray, LargeStringArray, NullArray, RecordBatch,
    StringArray, StringViewArray, StructArray,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field, Schema};
use glotgap_core::tokens::source::{Columns, Corpus, Fault, Invalid, Lang, Options, Scratch};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::fixtures::{COMPRESSIONS, Place, json_lines, pack, read, sample, separated};

fn by_field() -> Options {
    Options { lang: Lang::Field("lang".into()), ..Options::default() }
}

#[test]
fn every_format_and_compression_gives_the_same_documents() {
    let place = Place::new();
    let documents = sample();
    let mut files = vec![
        ("jsonl", json_lines(&documents)),
        ("csv", separated(&documents, ',')),
        ("tsv", separated(&documents, '\t')),
        ("arrows", stream(&documents)),
    ];
    files.push(("arrow", std::fs::read(arrow(&place, &documents, None)).unwrap()));
    for (extension, bytes) in &files {
        for packed in COMPRESSIONS.into_iter().chain([""]) {
            let path = place.write(format!("all.{extension}.{packed}").trim_end_matches('.'), pack(bytes, packed));
            assert_eq!(read(&path, &by_field()).documents, documents, "{}", path.display());
        }
    }
    for codec in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())] {
        let path = parquet(&place, &documents, codec);
        assert_eq!(read(&path, &by_field()).documents, documents, "{codec}");
    }
    for codec in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        assert_eq!(read(&arrow(&place, &documents, Some(codec)), &by_field()).documents, documents, "{codec:?}");
    }
}

#[test]
fn row_groups_and_record_batches_are_units() {
    let place = Place::new();
    let documents = sample();
    for path in [parquet(&place, &documents, Compression::SNAPPY), arrow(&place, &documents, None)] {
        let corpus = Corpus::open(&[path], &by_field()).unwrap();
        assert_eq!(corpus.units().len(), documents.len().div_ceil(10));
        let outcome = crate::fixtures::outcome(&corpus);
        let rows: Vec<_> = (1..=documents.len() as u64).map(|row| (0, row)).collect();
        assert_eq!(outcome.places, rows);
    }
}

/// Ten rows a row group; the text is `doc.text`, the language a dictionary.
fn parquet(place: &Place, documents: &[(String, String)], codec: Compression) -> PathBuf {
    let rows: Vec<_> = documents.iter().map(|(text, lang)| (Some(text.as_bytes()), Some(lang.as_bytes()))).collect();
    write_parquet(&place.path().join("a.parquet"), &rows, codec);
    place.path().join("a.parquet")
}

type Row<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

fn write_parquet(path: &Path, rows: &[Row], codec: Compression) {
    let schema = "message m { required int32 id; optional binary text (UTF8); optional binary lang (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(codec)
        .set_column_dictionary_enabled("text".into(), false)
        .set_column_encoding("text".into(), Encoding::DELTA_BYTE_ARRAY);
    let mut writer =
        SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::new(properties.build())).unwrap();
    for rows in rows.chunks(10) {
        let mut group = writer.next_row_group().unwrap();
        let ids: Vec<_> = (0..rows.len() as i32).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<parquet::data_type::Int32Type>().write_batch(&ids, None, None).unwrap();
        column.close().unwrap();
        for part in [rows.iter().map(|row| row.0).collect::<Vec<_>>(), rows.iter().map(|row| row.1).collect()] {
            let values: Vec<ByteArray> = part.iter().flatten().map(|bytes| bytes.to_vec().into()).collect();
            let levels: Vec<i16> = part.iter().map(|value| i16::from(value.is_some())).collect();
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn rows_without_text_and_bytes_that_are_no_text_are_located() {
    let place = Place::new();
    let path = place.path().join("a.parquet");
    let en = Some(&b"en"[..]);
    let mut rows: Vec<Row> = vec![(Some(b"good"), en); 25];
    rows[3].0 = None;
    rows[12].0 = Some(b"b\xffd");
    rows[13].1 = None;
    rows[24].0 = Some(b"");
    write_parquet(&path, &rows, Compression::SNAPPY);
    let outcome = read(&path, &by_field());
    let expected = [
        ("invalid UTF-8", 1, vec![13]),
        ("empty document", 1, vec![25]),
        ("no text field", 1, vec![4]),
        ("no language", 1, vec![14]),
    ];
    assert_eq!(outcome.faults(), expected);
    assert_eq!(outcome.documents.len(), 22);
    let replaced = read(&path, &Options { invalid: Invalid::Replace, ..by_field() });
    assert_eq!(replaced.documents[11].0, "b\u{fffd}d");
}

fn batches(documents: &[(String, String)]) -> Vec<RecordBatch> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, true),
        Field::new("text", DataType::LargeUtf8, true),
        Field::new("lang", DataType::Utf8, false),
    ]));
    let batch = |rows: &[(String, String)]| {
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["id"; rows.len()]));
        let texts: ArrayRef = Arc::new(LargeStringArray::from_iter_values(rows.iter().map(|row| &row.0)));
        let langs: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.1)));
        RecordBatch::try_new(Arc::clone(&schema), vec![ids, texts, langs]).unwrap()
    };
    documents.chunks(10).map(batch).collect()
}

fn arrow(place: &Place, documents: &[(String, String)], codec: Option<CompressionType>) -> PathBuf {
    let path = place.path().join("a.arrow");
    let batches = batches(documents);
    let options = IpcWriteOptions::default().try_with_compression(codec).unwrap();
    let file = File::create(&path).unwrap();
    let mut writer = FileWriter::try_new_with_options(file, &batches[0].schema(), options).unwrap();
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn stream(documents: &[(String, String)]) -> Vec<u8> {
    let batches = batches(documents);
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn arrow_files_cut_short_give_their_whole_batches() {
    let place = Place::new();
    let documents = sample();
    let whole = std::fs::read(arrow(&place, &documents, None)).unwrap();
    for bytes in [whole, stream(&documents)] {
        let mut most = 0;
        for end in (8..bytes.len()).step_by(7).chain(bytes.len() - 9..bytes.len()) {
            let outcome = read(&place.write("cut.arrow", &bytes[..end]), &by_field());
            let read = outcome.documents.len();
            assert_eq!(outcome.documents, documents[..read]);
            assert!(read.is_multiple_of(10) || read == documents.len());
            let told = outcome.findings.iter().any(|it| matches!(it.fault, Fault::Truncated | Fault::Damaged));
            assert!(told || read.is_multiple_of(10) || read == documents.len(), "cut at {end}");
            most = most.max(read);
        }
        assert_eq!(most, documents.len());
    }
}

#[test]
fn a_parquet_file_without_its_footer_is_a_fault_and_damaged_pages_too() {
    let place = Place::new();
    let documents = sample();
    let bytes = std::fs::read(parquet(&place, &documents, Compression::SNAPPY)).unwrap();
    let good = place.write("good.txt", "text\n");
    for end in (4..bytes.len()).step_by(11) {
        let cut = place.write("cut.parquet", &bytes[..end]);
        let options = Options::default();
        let outcome = crate::fixtures::read_all(&[cut, good.clone()], &options);
        assert_eq!(outcome.texts(), ["text"]);
        assert_eq!(outcome.findings[0].fault, Fault::Damaged);
    }
    for at in (4..bytes.len() - 8).step_by(13) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x41;
        let path = place.write("bad.parquet", &bytes);
        let Ok(corpus) = Corpus::open(&[path], &by_field()) else { continue };
        let outcome = crate::fixtures::outcome(&corpus);
        let known = outcome.documents.iter().filter(|document| documents.contains(document)).count();
        assert!(known == documents.len() || !outcome.findings.is_empty() || outcome.documents.len() == documents.len());
    }
}

#[test]
fn a_field_inside_a_struct_is_named_with_dots() {
    let place = Place::new();
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("b"), None]));
    let fields = vec![Arc::new(Field::new("text", DataType::Utf8, true))].into();
    let nulls = Some(vec![true, false, true].into());
    let outer: ArrayRef = Arc::new(StructArray::new(fields, vec![texts], nulls));
    let batch = RecordBatch::try_from_iter([("doc", outer)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    let path = place.write("a.arrows", writer.into_inner().unwrap());
    let options = Options { text_field: "doc.text".into(), ..Options::default() };
    let outcome = read(&path, &options);
    assert_eq!(outcome.texts(), ["a"]);
    assert_eq!(outcome.faults(), [("no text field", 2, vec![2, 3])]);
    let lines = place
        .write("a.jsonl", "{\"doc\":{\"x\":{\"text\":1},\"text\":\"a\"}}\n{\"doc.text\":\"b\"}\n{\"text\":\"c\"}\n");
    let outcome = read(&lines, &options);
    assert_eq!(outcome.texts(), ["a", "b"]);
}

#[test]
fn arrays_of_every_kind_of_text_give_the_same_documents() {
    let values = [Some("a"), None, Some("日本"), Some(""), Some("a long text of more than twelve bytes")];
    let bytes = values.map(|value| value.map(str::as_bytes));
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(values.to_vec())),
        Arc::new(LargeStringArray::from(values.to_vec())),
        Arc::new(StringViewArray::from(values.to_vec())),
        Arc::new(BinaryArray::from(bytes.to_vec())),
        Arc::new(BinaryViewArray::from(bytes.to_vec())),
        Arc::new(values.into_iter().collect::<DictionaryArray<Int8Type>>()),
    ];
    for array in &arrays {
        for (from, length) in [(0, 5), (2, 3), (0, 0)] {
            let array = array.slice(from, length);
            let columns = Columns::new(&by_field()).unwrap();
            let batch = RecordBatch::try_from_iter([("text", Arc::clone(&array)), ("lang", Arc::clone(&array))]);
            let mut texts = Vec::new();
            let report = columns.read(&batch.unwrap(), &mut Scratch::default(), &mut |batch| {
                let language = |number| columns.names().all()[number as usize].to_string();
                texts.extend(batch.documents().map(|it| (it.text.to_owned(), it.place, language(it.language))));
                Ok(())
            });
            let expected: Vec<_> = values[from..from + length]
                .iter()
                .enumerate()
                .filter_map(|(row, value)| {
                    value.filter(|text| !text.is_empty()).map(|text| (text.to_owned(), row as u64 + 1, text.to_owned()))
                })
                .collect();
            assert_eq!(texts, expected, "{:?}", array.data_type());
            let missing = values[from..from + length].iter().filter(|value| value.is_none()).count();
            assert_eq!(report.unwrap().faults.count(Fault::Missing), missing as u64);
        }
    }
}

#[test]
fn an_arrow_message_that_states_a_length_it_cannot_have_is_damaged() {
    let place = Place::new();
    let documents = sample();
    let codec = Some(CompressionType::LZ4_FRAME);
    let whole = std::fs::read(arrow(&place, &documents, codec)).unwrap();
    // The size that a compressed buffer begins with: a frame of LZ4 follows it.
    let frame = whole.windows(4).position(|it| it == [0x04, 0x22, 0x4d, 0x18]).unwrap();
    let stream = whole.windows(4).position(|it| it == [0xff; 4]).unwrap();
    let mut bytes = whole.clone();
    bytes[frame - 8..frame].copy_from_slice(&(1_i64 << 46).to_le_bytes());
    for (name, start) in [("a.arrow", 0), ("a.arrows", stream)] {
        let outcome = read(&place.write(name, &bytes[start..]), &by_field());
        assert!(outcome.findings.iter().any(|it| it.fault == Fault::Damaged), "{name}: {:?}", outcome.findings);
    }
    // The length of a body, wherever it stands: as the footer and as the message has it.
    let body = |bytes: &[u8], at: usize| i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    for at in (0..whole.len() - 8).filter(|&at| (64..4096).contains(&body(&whole, at))) {
        let mut bytes = whole.clone();
        bytes[at + 5] = 0x40;
        for (name, start) in [("b.arrow", 0), ("b.arrows", stream)] {
            if let Ok(corpus) = Corpus::open(&[place.write(name, &bytes[start..])], &by_field()) {
                crate::fixtures::outcome(&corpus);
            }
        }
    }
}

#[test]
fn rows_without_bytes_are_counted_at_once() {
    let place = Place::new();
    let rows = 1 << 45;
    let nulls: ArrayRef = Arc::new(NullArray::new(rows));
    let batch = RecordBatch::try_from_iter([("text", nulls)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    let path = place.write("a.arrows", writer.into_inner().unwrap());
    let outcome = read(&path, &Options::default());
    assert_eq!(outcome.faults(), [("no text field", rows as u64, (1..=16).collect())]);
}
