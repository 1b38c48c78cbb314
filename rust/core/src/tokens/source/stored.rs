//! Stored bytes: files that must not change while they are read, and the compressions around them.
//!
//! Files are read, not mapped: a mapped file that another process cuts short kills the reader (SIGBUS), a read file is an
//! error.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::options::Compression;
use crate::error::{Error, Result};

/// Anything that gives bytes in order.
pub(super) type Stream = Box<dyn Read + Send>;

const BUFFER: usize = 128 << 10;

/// Size and time of change of a file, to notice that another process writes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok() }
    }

    /// Fails when the file is not as it was.
    pub(super) fn check(&self, file: &File, path: &Path) -> Result<()> {
        let now = file.metadata().map_err(|e| Error::io("cannot look at the file", &e).in_file(path))?;
        if Self::of(&now) == *self { Ok(()) } else { Err(changed(path)) }
    }

    /// Opens the file, unchanged, at byte `start`.
    pub(super) fn open(&self, path: &Path, start: u64) -> Result<File> {
        let refused = |e: &io::Error| Error::io("cannot read the file", e).in_file(path);
        let mut file = File::open(path).map_err(|e| refused(&e))?;
        self.check(&file, path)?;
        file.seek(SeekFrom::Start(start)).map_err(|e| refused(&e))?;
        Ok(file)
    }
}

fn changed(path: &Path) -> Error {
    Error::bad_file("the file changed while it was read", "read a copy that nothing writes to").in_file(path)
}

/// Counts the bytes that pass.
pub(super) struct Counted<R> {
    pub(super) inner: R,
    pub(super) count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The compression that the first bytes of a file name.
pub(super) fn compression(head: &[u8]) -> Compression {
    let named = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, found)| *found);
    match named {
        Some(Compression::Bzip2) if !is_bzip2(head) => Compression::None,
        Some(found) => found,
        None => skippable(head),
    }
}

/// A text may begin with `BZh`: a block size and the mark of a block or of the end (digits of pi and of its root) must follow.
fn is_bzip2(head: &[u8]) -> bool {
    let size = head.get(3).is_none_or(|size| matches!(size, b'1'..=b'9'));
    let mark = head.get(4..head.len().min(10)).unwrap_or_default();
    size && [*b"\x31\x41\x59\x26\x53\x59", *b"\x17\x72\x45\x38\x50\x90"].iter().any(|it| it.starts_with(mark))
}

const MAGICS: [(&[u8], Compression); 4] = [
    (&[0x1f, 0x8b, 0x08], Compression::Gzip),
    (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], Compression::Xz),
    (b"BZh", Compression::Bzip2),
];

/// Zstandard files may begin with a frame to skip.
fn skippable(head: &[u8]) -> Compression {
    let skips = head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == [0x2a, 0x4d, 0x18];
    if skips { Compression::Zstd } else { Compression::None }
}

/// The compression of a file cut so short that only its name and the begin of a magic number are left.
pub(super) fn compression_of_stub(head: &[u8], extension: &str) -> Compression {
    let named = match extension {
        "gz" => Compression::Gzip,
        "zst" => Compression::Zstd,
        "xz" => Compression::Xz,
        "bz2" => Compression::Bzip2,
        _ => Compression::None,
    };
    let cut = MAGICS.iter().any(|(magic, of)| *of == named && magic.starts_with(head));
    if cut { named } else { Compression::None }
}

/// The decompressed bytes of `stored`.
pub(super) fn decompressed(compression: Compression, stored: Stream) -> io::Result<Stream> {
    let stored = BufReader::with_capacity(BUFFER, stored);
    Ok(match compression {
        Compression::None => Box::new(stored),
        Compression::Gzip => Box::new(Members(Some(GzDecoder::open(stored)))),
        Compression::Zstd => Box::new(zstandard(stored)?),
        Compression::Xz => Box::new(Members(Some(XzDecoder::open(stored)))),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(stored)),
    })
}

/// Windows beyond 128 MB are refused unless asked for; corpora packed with `--long=31` exist.
fn zstandard<R: BufRead>(stored: R) -> io::Result<zstd::stream::read::Decoder<'static, R>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)?;
    decoder.window_log_max(31)?;
    Ok(decoder)
}

/// A stream that fails, for what came before it was cut short.
pub(super) struct Broken(pub(super) Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

type Stored = BufReader<Stream>;
type GzDecoder = flate2::bufread::GzDecoder<Stored>;
type XzDecoder = liblzma::bufread::XzDecoder<Stored>;

/// The members of a file, one after the other; None after the last.
///
/// The crates' own decoders of many members take what follows the last for the begin of one more, and its lack of an end
/// for a file cut short; that of xz also drops text that it had decoded before.
struct Members<M>(Option<M>);

/// A decoder of one member.
trait Member: Read + Sized {
    /// The first byte of every member.
    const FIRST: u8;

    fn open(stored: Stored) -> Self;

    fn into_stored(self) -> Stored;
}

impl Member for GzDecoder {
    const FIRST: u8 = 0x1f;

    fn open(stored: Stored) -> Self {
        Self::new(stored)
    }

    fn into_stored(self) -> Stored {
        self.into_inner()
    }
}

impl Member for XzDecoder {
    const FIRST: u8 = 0xfd;

    fn open(stored: Stored) -> Self {
        Self::new(stored)
    }

    fn into_stored(self) -> Stored {
        self.into_inner()
    }
}

impl<M: Member> Read for Members<M> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = self.0.as_mut() {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.0 = self.0.take().map(M::into_stored).map_or(Ok(None), next)?;
        }
        Ok(0)
    }
}

/// The member that comes next, if there is one; zeros that fill up a block are none.
fn next<M: Member>(mut stored: Stored) -> io::Result<Option<M>> {
    loop {
        let ahead = stored.fill_buf()?;
        match ahead.first() {
            None => return Ok(None),
            Some(0) => {
                let zeros = ahead.iter().take_while(|&&byte| byte == 0).count();
                stored.consume(zeros);
            }
            Some(&first) if first == M::FIRST => return Ok(Some(M::open(stored))),
            Some(_) => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "other bytes follow the compressed data"));
            }
        }
    }
}
