//! The bytes of one file: mapped, read by position, or held in memory.
//!
//! With `Mmap`, stretches that the page cache holds are borrowed from a map; others are read, since reading a cold
//! file through page faults takes twice as long. A map dies with SIGBUS if another program truncates the file
//! while it is read. Its length is looked at before each stretch, which helps where the file shrinks between stretches;
//! a thread is nearly always within one, so that usually the process dies. `Pread` turns all of it into an error.

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
    Mapped(File, Mmap),
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
        // Looked at before it is opened, for opening a pipe waits until somebody writes to it.
        let meta = std::fs::metadata(path).map_err(|e| Error::io("cannot open", &e))?;
        if !meta.is_file() {
            return Err(Error::bad_file("is not a regular file", "give a model file or a directory of them"));
        }
        let file = File::open(path).map_err(|e| Error::io("cannot open", &e))?;
        Self::from_file(path, file, meta.len(), io)
    }

    /// Wraps an open file of `len` bytes; `path` is its name in messages.
    pub fn from_file(path: &Path, file: File, len: u64, io: Io) -> Result<Self> {
        let store = match io {
            Io::Mmap if len > 0 => {
                let mapped = map(&file)?;
                Store::Mapped(file, mapped)
            }
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
    ///
    /// Mapping the pages at once (`MADV_POPULATE_READ`) was measured too: for cached files 85 ms a GB, against 60 ms
    /// for faults that map 16 pages each.
    pub fn read<'a>(&'a self, offset: u64, len: usize, buffer: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        let end = offset.checked_add(len as u64).filter(|end| *end <= self.len);
        let Some(end) = end else { return Err(self.too_short(offset, len)) };
        let file = match &self.store {
            Store::Memory(bytes) => return Ok(&bytes[offset as usize..end as usize]),
            Store::Mapped(file, map) if self.is_whole(file)? && is_cached(map, offset as usize, len) => {
                return Ok(&map[offset as usize..end as usize]);
            }
            Store::Mapped(file, _) | Store::File(file) => file,
        };
        buffer.resize(len, 0);
        read_exact_at(file, buffer, offset).map_err(|e| self.shrank(&e))?;
        Ok(buffer)
    }

    /// True, or an error when the file is shorter than when it was opened.
    fn is_whole(&self, file: &File) -> Result<bool> {
        let now = file.metadata().map_err(|e| self.shrank(&e))?.len();
        if now < self.len { Err(self.shrank(&std::io::ErrorKind::UnexpectedEof.into())) } else { Ok(true) }
    }

    /// All bytes at once; `None` where they must be read.
    pub fn borrowed(&self) -> Result<Option<&[u8]>> {
        match &self.store {
            Store::Mapped(file, map) => Ok(self.is_whole(file)?.then_some(map)),
            Store::Memory(bytes) => Ok(Some(bytes)),
            Store::File(_) => Ok(None),
        }
    }

    /// Gives back what was mapped for a stretch: resident memory stays small, and unmapping is spread over threads.
    pub fn release(&self, offset: u64, len: usize) {
        if let Store::Mapped(_, map) = &self.store {
            forget(map, offset as usize, len);
        }
    }

    fn too_short(&self, offset: u64, len: usize) -> Error {
        let what = format!("needs {len} bytes at offset {offset}, but the file has {} bytes", self.len);
        Error::bad_file(what, "the file is truncated: download or save it again").in_file(&self.path)
    }

    fn shrank(&self, cause: &std::io::Error) -> Error {
        let what = format!("cannot be read to its end ({cause}); it had {} bytes when opened", self.len);
        let remedy = "if it changed meanwhile, scan again when nothing writes to it";
        Error::bad_file(what, remedy).in_file(&self.path)
    }
}

fn map(file: &File) -> Result<Mmap> {
    // SAFETY: the map is read-only; a concurrent truncation can end the process (see the module's notes),
    // it cannot make safe code read outside the map.
    unsafe { Mmap::map(file) }.map_err(|e| Error::io("cannot map", &e))
}

/// Whether the page cache holds the first, middle and last page of a stretch that lies inside the map. Asking for
/// every page costs as much as mapping them, and for a short stretch more than reading it; a page missed here is read
/// by a fault, later and slower.
#[cfg(target_os = "linux")]
fn is_cached(map: &Mmap, offset: usize, len: usize) -> bool {
    const SHORT: usize = 64 << 10;
    len < SHORT
        || [offset, offset + len / 2, offset + len.saturating_sub(1)].into_iter().all(|at| is_page_cached(map, at))
}

#[cfg(target_os = "linux")]
fn is_page_cached(map: &Mmap, at: usize) -> bool {
    // Pages are at least this large, and a map starts at one.
    const PAGE: usize = 4_096;
    let Some(page) = map.get(at / PAGE * PAGE..) else { return true };
    let mut answer = 0u8;
    // SAFETY: one byte of the map is asked about, from the start of its page, and one byte is written.
    let failed = unsafe { libc::mincore(page.as_ptr().cast_mut().cast(), 1, &raw mut answer) };
    failed != 0 || answer & 1 == 1
}

#[cfg(not(target_os = "linux"))]
fn is_cached(_map: &Mmap, _offset: usize, _len: usize) -> bool {
    true
}

#[cfg(target_os = "linux")]
fn forget(map: &Mmap, offset: usize, len: usize) {
    // SAFETY: the map is shared and of a file: pages given back hold the same bytes when touched again.
    let advised = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, offset, len) };
    // Refused advice costs memory, nothing else.
    let _ = advised;
}

#[cfg(not(target_os = "linux"))]
fn forget(_map: &Mmap, _offset: usize, _len: usize) {}

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
