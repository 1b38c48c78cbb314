//! The head of a file: which format it is in, by its first bytes and its name.
//!
//! Binary formats are known by their first bytes, whatever the name. Text formats look alike, so that the name counts:
//! but a first line that is a JSON object with the text field makes JSON lines of any file, and a file whose content
//! contradicts its name is refused.

use std::path::Path;

use super::json::{self, Value};
use super::options::{Format, Options};
use crate::error::{Error, Result};

/// The decompressed begin of a file.
pub(super) struct Head<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether these are all bytes of the file.
    pub(super) whole: bool,
}

const COMPRESSIONS: [&str; 8] = ["gz", "zst", "xz", "bz2", "gzip", "zstd", "bzip2", "bz"];

const FORMATS: [(&str, Format); 16] = [
    ("txt", Format::Text),
    ("text", Format::Text),
    ("jsonl", Format::JsonLines),
    ("ndjson", Format::JsonLines),
    ("jsonlines", Format::JsonLines),
    ("json", Format::JsonLines),
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("tab", Format::Tsv),
    ("conllu", Format::Conllu),
    ("parquet", Format::Parquet),
    ("pq", Format::Parquet),
    ("arrow", Format::ArrowFile),
    ("feather", Format::ArrowFile),
    ("ipc", Format::ArrowFile),
    ("arrows", Format::ArrowStream),
];

/// Begins of files that are certainly not a corpus, and what they are.
const FOREIGN: [(&[u8], &str); 17] = [
    (b"PK\x03\x04", "a zip archive"),
    (b"%PDF", "a PDF"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x04\x22\x4d\x18", "compressed by lz4"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF89a", "a GIF picture"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"Obj\x01", "an Avro file"),
    (b"GGUF", "a GGUF model"),
    (b"\xff\xfe\0\0", "UTF-32 text"),
    (b"\0\0\xfe\xff", "UTF-32 text"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];

/// The last extension of a file's name, in lower case.
pub(super) fn extension(path: &Path) -> String {
    path.extension().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// The file's name without the extensions of formats and compressions.
pub(super) fn bare_name(path: &Path) -> String {
    let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let mut bare = name.as_str();
    while let Some((stem, last)) = bare.rsplit_once('.') {
        if stem.is_empty() || !is_known(&last.to_lowercase()) {
            break;
        }
        bare = stem;
    }
    bare.to_owned()
}

fn is_known(extension: &str) -> bool {
    COMPRESSIONS.contains(&extension) || FORMATS.iter().any(|(known, _)| *known == extension)
}

/// The format that the name of a file says, if it says one.
pub(super) fn named_format(path: &Path) -> Option<Format> {
    let last = extension(path);
    if COMPRESSIONS.contains(&last.as_str()) {
        return named_format(Path::new(path.file_stem()?));
    }
    FORMATS.iter().find(|(known, _)| *known == last).map(|(_, format)| *format)
}

/// The format of a file.
pub(super) fn format(path: &Path, head: &Head, options: &Options) -> Result<Format> {
    if let Some(format) = options.format {
        return Ok(format);
    }
    match binary_format(head.bytes) {
        Some(format) => Ok(format),
        None => text_format(path, head, options),
    }
}

fn binary_format(head: &[u8]) -> Option<Format> {
    match head {
        _ if head.starts_with(b"PAR1") => Some(Format::Parquet),
        _ if head.starts_with(b"ARROW1") => Some(Format::ArrowFile),
        _ if head.starts_with(&[0xff; 4]) => Some(Format::ArrowStream),
        _ => None,
    }
}

fn text_format(path: &Path, head: &Head, options: &Options) -> Result<Format> {
    refuse_foreign(head.bytes)?;
    let bytes = head.bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head.bytes);
    let head = Head { bytes, whole: head.whole };
    let named = named_format(path);
    match named {
        Some(Format::Parquet | Format::ArrowFile | Format::ArrowStream) => Err(contradicted(path)),
        Some(Format::JsonLines) if !holds_objects(&head) => Err(no_objects(head.bytes)),
        Some(Format::JsonLines) => Ok(Format::JsonLines),
        _ if begins_with_record(&head, &options.text_field) => Ok(Format::JsonLines),
        _ => Ok(named.unwrap_or(Format::Text)),
    }
}

fn refuse_foreign(head: &[u8]) -> Result<()> {
    let what = match FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        Some((_, what)) => what,
        None if head.get(257..262) == Some(b"ustar") => "a tar archive",
        None if is_utf16(head) => "UTF-16 text",
        None => return Ok(()),
    };
    let remedy = match what {
        "UTF-16 text" | "UTF-32 text" => "make it UTF-8, as iconv -t UTF-8 -f with that name does",
        _ => "give plain text (UTF-8), JSON lines, CSV, Parquet or Arrow files, or name the format",
    };
    Err(Error::unsupported(format!("the file is {what} and not a corpus"), remedy))
}

/// Whether every other byte is mostly NUL and the rest are not: UTF-16 without a byte order mark. Other NULs are text.
fn is_utf16(head: &[u8]) -> bool {
    let nuls = |from: usize| head.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    even.min(odd) == 0 && even.max(odd) >= 16 && even.max(odd) * 5 >= head.len() * 2
}

fn contradicted(path: &Path) -> Error {
    let what = format!("the file is named .{} and its content is something else", extension(path));
    Error::bad_file(what, "name the format that it is in")
}

fn no_objects(head: &[u8]) -> Error {
    if head.trim_ascii_start().starts_with(b"[") {
        let remedy = "write one object a line, as `jq -c .[]` does";
        return Error::unsupported("the file is one JSON array, not JSON lines", remedy);
    }
    Error::bad_file("the file is named as JSON lines and its first lines are no JSON objects", "name its format")
}

/// Whether some whole line at the begin is a JSON object, or there is no whole line to tell.
fn holds_objects(head: &Head) -> bool {
    let mut lines = whole_lines(head).peekable();
    let none = lines.peek().is_none();
    (none && head.bytes.trim_ascii_start().first().is_none_or(|&byte| byte == b'{')) || lines.any(is_object)
}

/// Lines with something in them, but the last where it may be cut.
fn whole_lines<'a>(head: &Head<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let end = if head.whole { head.bytes.len() } else { memchr::memrchr(b'\n', head.bytes).map_or(0, |at| at + 1) };
    head.bytes[..end].split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

fn is_object(line: &[u8]) -> bool {
    str::from_utf8(line).is_ok_and(|line| json::fields(line, &[]).is_ok())
}

/// Whether the first line is an object that holds the text field; of a line longer than the head, whether it can be one.
fn begins_with_record(head: &Head, field: &str) -> bool {
    let Some(line) = whole_lines(head).next() else { return begins_object(head.bytes) };
    let wanted = [json::Path::new(field)];
    let values = |line| json::fields(line, &wanted).ok();
    str::from_utf8(line).is_ok_and(|line| values(line).is_some_and(|found| matches!(found[0], Value::Text(_))))
}

/// Whether the bytes are JSON as far as they go.
fn begins_object(bytes: &[u8]) -> bool {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let uncut = bytes.len() - valid.len() < 4 && valid.trim_ascii_start().starts_with('{');
    uncut && json::fields(valid, &[]).is_err_and(|flaw| valid.len() - flaw.at.min(valid.len()) < 12)
}
