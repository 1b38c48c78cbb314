//! Zip archives, read in place: torch checkpoints and `.npz`.
//!
//! The central directory is read by the `zip` crate. A *stored* entry is a range of the file itself, and no byte
//! is copied; its checksum is not verified, for that would read the file twice. A *deflated* entry is inflated,
//! in bounded memory and checksummed, into an unlinked temporary file; it must inflate to exactly the size it
//! declares. Encrypted entries and other methods are not read.
//!
//! A zip bomb is bounded three ways: deflate cannot expand more than 1,032-fold, so a larger claim is refused
//! before any work; each entry is inflated once; and deflated entries that overlap in the file are refused.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use super::{Bytes, Io, Listing, Look, npy, torch};
use crate::error::{Error, Result};

/// Largest expansion of deflate: 258 bytes from two bits.
const MAX_EXPANSION: u64 = 1032;

/// Bytes inflated between two looks at the caller.
const PIECE: u64 = 1 << 20;

const DAMAGED: &str = "download or save the archive again";

/// Lists a zip by its content: a torch checkpoint if it holds `*/data.pkl`, else an `.npz`.
///
/// # Errors
/// `BadFile` for a damaged archive, `Unsupported` when it is neither.
pub fn list(file: &Arc<Bytes>, look: Look<'_>) -> Result<Listing> {
    let archive = Archive::open(file, look)?;
    let holds = |suffix: &str| archive.names().any(|name| name.ends_with(suffix));
    match () {
        () if holds("/data.pkl") => torch::list_archive(archive),
        () if holds(".npy") => Ok(npy::list_archive(archive)),
        () => Err(Error::unsupported(
            "the zip holds neither a torch checkpoint (*/data.pkl) nor arrays (*.npy)",
            "give a .pt, .pth, .bin, .npz, .safetensors or .gguf file",
        )),
    }
    .map_err(|e| e.in_file(file.path()))
}

/// A range of bytes: all that the reader of one entry may touch.
#[derive(Clone, Debug)]
pub struct Region {
    /// The bytes that the range is in.
    pub bytes: Arc<Bytes>,
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub len: u64,
}

impl Region {
    /// All of its bytes, for small entries: borrowed from a map, or read into `buffer`.
    ///
    /// # Errors
    /// `BadFile` when the file shrank meanwhile.
    pub fn read<'a>(&'a self, buffer: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        self.bytes.read(self.offset, self.len as usize, buffer)
    }
}

/// One entry of the central directory.
#[derive(Clone, Copy, Debug)]
struct Entry {
    index: usize,
    header: u64,
    compressed: u64,
    len: u64,
    method: CompressionMethod,
    encrypted: bool,
}

/// An open archive.
pub struct Archive<'l> {
    /// Called between pieces while an entry is inflated.
    look: Look<'l>,
    file: Arc<Bytes>,
    zip: ZipArchive<Cursor>,
    inflated: HashMap<usize, Region>,
    /// Bytes of all deflated entries together, as declared.
    deflated: u64,
}

impl<'l> Archive<'l> {
    /// Reads the central directory of `file`.
    ///
    /// # Errors
    /// `BadFile` when there is none, it is damaged, or it names an entry twice (readers would disagree).
    pub fn open(file: &Arc<Bytes>, look: Look<'l>) -> Result<Self> {
        Self::open_inner(file, look).map_err(|e| e.in_file(file.path()))
    }

    fn open_inner(file: &Arc<Bytes>, look: Look<'l>) -> Result<Self> {
        let cursor = Cursor { file: Arc::clone(file), at: 0 };
        let zip = ZipArchive::new(cursor).map_err(|e| damaged(&e))?;
        if zip.has_duplicate_names() {
            return Err(damaged(&"it names an entry twice"));
        }
        let mut archive = Self { look, file: Arc::clone(file), zip, inflated: HashMap::new(), deflated: 0 };
        archive.deflated = archive.deflated_bytes()?;
        Ok(archive)
    }

    fn deflated_bytes(&self) -> Result<u64> {
        let packed = |entry: Entry| if entry.method == CompressionMethod::Deflated { entry.compressed } else { 0 };
        (0..self.zip.len()).try_fold(0u64, |sum, index| Ok(sum.saturating_add(packed(self.entry(index)?))))
    }

    fn entry(&self, index: usize) -> Result<Entry> {
        let data = self.zip.by_index_data(index).map_err(|e| damaged(&e))?;
        Ok(Entry {
            index,
            header: data.header_start(),
            compressed: data.compressed_size(),
            len: data.size(),
            method: data.compression(),
            encrypted: data.encrypted(),
        })
    }

    /// The archive's path, as text.
    pub fn path(&self) -> String {
        self.file.path().display().to_string()
    }

    /// The file name without its extension: a name for what has none inside.
    pub fn stem(&self) -> String {
        self.file.path().file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    }

    /// Names of all entries, in order of the central directory.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.zip.file_names_raw().map(String::from_utf8_lossy)
    }

    /// Whether there is an entry called `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.zip.index_for_name_raw(name.as_bytes()).is_some()
    }

    /// The bytes of the entry called `name`, inflated if need be.
    ///
    /// # Errors
    /// `BadFile` when absent or damaged, `Unsupported` when encrypted or packed by another method.
    pub fn region(&mut self, name: &str) -> Result<Region> {
        let index = self.zip.index_for_name_raw(name.as_bytes());
        let index = index.ok_or_else(|| damaged(&format!("it lacks {name:?}")))?;
        let entry = self.entry(index)?;
        let region = match entry.method {
            _ if entry.encrypted => Err(Error::unsupported("the entry is encrypted", "decrypt the archive first")),
            CompressionMethod::Stored => self.stored(entry),
            CompressionMethod::Deflated => self.inflated(entry),
            method => Err(Error::unsupported(
                format!("the entry is packed by method {method:?}"),
                "pack the archive again, stored or deflated",
            )),
        };
        region.map_err(|e| Error { what: format!("{name}: {}", e.what), ..e })
    }

    fn stored(&self, entry: Entry) -> Result<Region> {
        let offset = data_offset(&self.file, entry.header)?;
        let end = offset.checked_add(entry.len);
        if entry.compressed != entry.len || end.is_none_or(|end| end > self.file.len()) {
            let what = format!("its {} bytes at offset {offset} do not fit the archive", entry.len);
            return Err(Error::bad_file(what, DAMAGED));
        }
        Ok(Region { bytes: Arc::clone(&self.file), offset, len: entry.len })
    }

    fn inflated(&mut self, entry: Entry) -> Result<Region> {
        if let Some(region) = self.inflated.get(&entry.index) {
            return Ok(region.clone());
        }
        self.refuse_bomb(entry)?;
        let region = self.inflate(entry)?;
        self.inflated.insert(entry.index, region.clone());
        Ok(region)
    }

    fn refuse_bomb(&self, entry: Entry) -> Result<()> {
        if self.deflated > self.file.len() {
            return Err(Error::bad_file("the archive's deflated entries overlap", DAMAGED));
        }
        if entry.len / MAX_EXPANSION > entry.compressed {
            let what = format!("{} bytes cannot come from {} deflated ones", entry.len, entry.compressed);
            return Err(Error::bad_file(what, DAMAGED));
        }
        Ok(())
    }

    fn inflate(&mut self, entry: Entry) -> Result<Region> {
        let damage = |e: &dyn fmt::Display| Error::bad_file(format!("cannot inflate: {e}"), DAMAGED);
        let reader = self.zip.by_index(entry.index).map_err(|e| damage(&e))?;
        let mut scratch = tempfile::tempfile().map_err(|e| Error::io("cannot make a temporary file", &e))?;
        // One byte more than declared is asked for, so that excess shows and the checksum is reached.
        let mut reader = reader.take(entry.len.saturating_add(1));
        let mut held = 0;
        loop {
            (self.look)()?;
            match io::copy(&mut reader.by_ref().take(PIECE), &mut scratch).map_err(|e| damage(&e))? {
                0 => break,
                copied => held += copied,
            }
        }
        if held != entry.len {
            return Err(damage(&format!("its size is not the {} bytes declared", entry.len)));
        }
        let bytes = Bytes::from_file(self.file.path(), scratch, held, Io::Mmap)?;
        Ok(Region { bytes: Arc::new(bytes), offset: 0, len: held })
    }
}

fn damaged(why: &dyn fmt::Display) -> Error {
    Error::bad_file(format!("the zip is damaged: {why}"), DAMAGED)
}

/// Where an entry's data begin: after its local header, 30 bytes with the lengths of name and extra field at
/// 26 and 28, and these two.
fn data_offset(file: &Bytes, header: u64) -> Result<u64> {
    let mut buffer = Vec::new();
    let fixed = file.read(header, 30, &mut buffer)?;
    let [b'P', b'K', 3, 4, .., name_low, name_high, extra_low, extra_high] = *fixed else {
        return Err(Error::bad_file(format!("there is no entry at offset {header}"), DAMAGED));
    };
    let lengths = [[name_low, name_high], [extra_low, extra_high]].map(|length| u64::from(u16::from_le_bytes(length)));
    Ok(header + 30 + lengths.iter().sum::<u64>())
}

/// [`Bytes`] as a seekable reader, for the `zip` crate.
#[derive(Debug)]
struct Cursor {
    file: Arc<Bytes>,
    at: u64,
}

impl Read for Cursor {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.file.len().saturating_sub(self.at);
        let count = left.min(out.len() as u64) as usize;
        if count == 0 {
            return Ok(0); // also past the end, where there is nothing to borrow
        }
        let mut buffer = Vec::new();
        let bytes = self.file.read(self.at, count, &mut buffer).map_err(io::Error::other)?;
        out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
