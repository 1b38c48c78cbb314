//! The bytes of one file: mapped, read by position, or held in memory.
//!
//! `Mmap` is faster when the file is cached. A map dies with SIGBUS if another program truncates the file
//! while it is read; [`Bytes::prepare`] turns all but a millisecond-wide window of that into an error, and
//! `Pread` turns all of it into one.

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::error::{Error, Result};

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Io {
    /// Through a memory map.
    Mmap,
    /// Through positioned reads into a buffer.
    Pread,
}

#[derive(Debug)]
enum Store {
    Mapped(Mmap),
    File(File),
    Memory(Vec<u8>),
}

/// Read-only bytes with a name.
#[derive(Debug)]
pub struct Bytes {
    path: PathBuf,
    len: u64,
    store: Store,
}

impl Bytes {
    /// Opens the file at `path`.
    pub fn open(path: &Path, io: Io) -> Result<Self> {
        Self::open_inner(path, io).map_err(|e| e.in_file(path))
    }

    fn open_inner(path: &Path, io: Io) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("cannot open", &e))?;
        let meta = file.metadata().map_err(|e| Error::io("cannot stat", &e))?;
        if !meta.is_file() {
            return Err(Error::bad_file("is not a regular file", "give a model file or a directory of them"));
        }
        Self::from_file(path, file, meta.len(), io)
    }

    /// Wraps an open file of `len` bytes; `path` is its name in messages.
    pub fn from_file(path: &Path, file: File, len: u64, io: Io) -> Result<Self> {
        let store = match io {
            Io::Mmap if len > 0 => Store::Mapped(map(&file)?),
            _ => Store::File(file),
        };
        Ok(Self { path: path.to_owned(), len, store })
    }

    /// Bytes already in memory; `name` stands for a path in messages.
    pub fn from_vec(name: &str, bytes: Vec<u8>) -> Self {
        Self { path: PathBuf::from(name), len: bytes.len() as u64, store: Store::Memory(bytes) }
    }

    /// The path, or the name given to bytes in memory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length in bytes when opened.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes `offset .. offset + len`, borrowed from the map or read into `buffer`.
    pub fn read<'a>(&'a self, offset: u64, len: usize, buffer: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        let end = offset.checked_add(len as u64).filter(|end| *end <= self.len);
        let Some(end) = end else { return Err(self.too_short(offset, len)) };
        match &self.store {
            Store::Mapped(map) => Ok(&map[offset as usize..end as usize]),
            Store::Memory(bytes) => Ok(&bytes[offset as usize..end as usize]),
            Store::File(file) => {
                buffer.resize(len, 0);
                read_exact_at(file, buffer, offset).map_err(|e| self.shrank(offset, len, &e))?;
                Ok(buffer)
            }
        }
    }

    /// Asks the kernel to map `offset .. offset + len` at once: one call in place of a fault every 64 KiB,
    /// and an error in place of SIGBUS when the file has been truncated meanwhile.
    pub fn prepare(&self, offset: u64, len: usize) -> Result<()> {
        let Store::Mapped(map) = &self.store else { return Ok(()) };
        populate(map, offset as usize, len).map_err(|e| self.shrank(offset, len, &e))
    }

    fn too_short(&self, offset: u64, len: usize) -> Error {
        let what = format!("needs {len} bytes at offset {offset}, but the file has {} bytes", self.len);
        Error::bad_file(what, "the file is truncated: download or save it again").in_file(&self.path)
    }

    fn shrank(&self, offset: u64, len: usize, cause: &std::io::Error) -> Error {
        let what = format!(
            "cannot read {len} bytes at offset {offset} ({cause}); the file had {} bytes when opened",
            self.len
        );
        Error::bad_file(what, "it changed while it was read: scan again when nothing writes to it").in_file(&self.path)
    }
}

fn map(file: &File) -> Result<Mmap> {
    // SAFETY: the map is read-only; a concurrent truncation can end the process (see the module's notes),
    // it cannot make safe code read outside the map.
    unsafe { Mmap::map(file) }.map_err(|e| Error::io("cannot map", &e))
}

#[cfg(target_os = "linux")]
fn populate(map: &Mmap, offset: usize, len: usize) -> std::io::Result<()> {
    let old_kernel = |e: &std::io::Error| e.kind() == std::io::ErrorKind::InvalidInput;
    match map.advise_range(memmap2::Advice::PopulateRead, offset, len) {
        Err(e) if old_kernel(&e) => Ok(()), // before Linux 5.14: pages fault in one by one
        other => other,
    }
}

#[cfg(not(target_os = "linux"))]
fn populate(_map: &Mmap, _offset: usize, _len: usize) -> std::io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            n => (buffer, offset) = (&mut buffer[n..], offset + n as u64),
        }
    }
    Ok(())
}
