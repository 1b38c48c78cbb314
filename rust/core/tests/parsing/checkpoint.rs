//! torch checkpoints made by hand: any pickle, any storages, in a zip.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An archive of `pickle` and entries called `x/NAME`.
pub fn archive(pickle: &[u8], entries: &[(&str, &[u8])]) -> Vec<u8> {
    packed(pickle, entries, CompressionMethod::Stored)
}

pub fn packed(pickle: &[u8], entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in [("data.pkl", pickle)].iter().chain(entries) {
        writer.start_file(format!("x/{name}"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A pickle of one dict whose items are `name: value`, the values being opcodes.
pub fn dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(name, value)| [text(name), value.clone()].concat()).collect();
    [b"\x80\x02}(", &items[..], b"u."].concat()
}

/// Opcodes of a float tensor that views storage `key` of `numel` values.
pub fn tensor(key: &str, numel: u64, offset: u64, shape: &[u64], strides: &[u64]) -> Vec<u8> {
    let storage = [b"(", &text("storage")[..], b"ctorch\nFloatStorage\n", &text(key), &text("cpu"), &int(numel), b"tQ"];
    let view = [&int(offset)[..], &tuple(shape), &tuple(strides), b"\x89N"].concat();
    [b"ctorch._utils\n_rebuild_tensor_v2\n(", &storage.concat()[..], &view, b"tR"].concat()
}

pub fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// LONG1 of nine bytes, so that every u64 is positive.
fn int(number: u64) -> Vec<u8> {
    match i64::try_from(number) {
        Ok(_) => [b"\x8a\x08", &number.to_le_bytes()[..]].concat(),
        Err(_) => [b"\x8a\x09", &number.to_le_bytes()[..], b"\0"].concat(),
    }
}

fn tuple(items: &[u64]) -> Vec<u8> {
    [b"(".to_vec(), items.iter().flat_map(|item| int(*item)).collect(), b"t".to_vec()].concat()
}
