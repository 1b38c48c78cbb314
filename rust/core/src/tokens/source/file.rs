//! One file of a corpus: what its head says, and its streams.

use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use super::head::{self, Head};
use super::options::{Compression, Format, Options};
use super::stored::{self, Broken, Counted, Stamp, Stream};
use crate::error::{Error, Result};

/// How much of a file is looked at to know its format.
const HEAD: usize = 64 << 10;

/// A file, its head read.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    pub(super) compression: Compression,
    /// The number of the language of all documents, unless a field names each one's.
    pub(super) language: u32,
    pub(super) input: Input,
}

/// Where the bytes come from.
pub(super) enum Input {
    /// A file that can be read anywhere, any number of times.
    Regular(Stamp),
    /// A pipe: decompressed bytes, once.
    Pipe(Mutex<Option<Stream>>, Arc<AtomicU64>),
    /// A file without a byte.
    Empty,
}

impl Source {
    pub(super) fn open(path: &Path, options: &Options, language: u32) -> Result<(Self, Begin)> {
        let refused = |e: &io::Error| Error::io("cannot read the file", e).in_file(path);
        if path == Path::new("-") {
            return Self::pipe(path, Box::new(io::stdin()), options, language);
        }
        let metadata = fs::metadata(path).map_err(|e| refused(&e))?;
        let file = File::open(path).map_err(|e| refused(&e))?;
        if !metadata.is_file() {
            return Self::pipe(path, Box::new(file), options, language);
        }
        let mut peeked = peek(path, Box::new(file), options)?;
        let input = if metadata.len() == 0 { Input::Empty } else { Input::Regular(Stamp::of(&metadata)) };
        Ok(Self::new(path, &mut peeked, language, input))
    }

    fn pipe(path: &Path, stored: Stream, options: &Options, language: u32) -> Result<(Self, Begin)> {
        let count = Arc::<AtomicU64>::default();
        let mut peeked = peek(path, Box::new(Counted { inner: stored, count: Arc::clone(&count) }), options)?;
        let stream = std::mem::replace(&mut peeked.stream, Box::new(io::empty()));
        let input = if peeked.empty { Input::Empty } else { Input::Pipe(Mutex::new(Some(stream)), count) };
        Ok(Self::new(path, &mut peeked, language, input))
    }

    fn new(path: &Path, peeked: &mut Peeked, language: u32, input: Input) -> (Self, Begin) {
        let Peeked { format, compression, .. } = *peeked;
        (Self { path: path.to_owned(), format, compression, language, input }, std::mem::take(&mut peeked.begin))
    }

    /// Stored bytes; 0 where that is not known.
    pub(super) fn bytes(&self) -> u64 {
        if let Input::Regular(stamp) = &self.input { stamp.bytes } else { 0 }
    }

    /// All bytes of the file, decompressed, and what counts the stored ones.
    pub(super) fn stream(&self) -> Result<(Stream, Arc<AtomicU64>)> {
        match &self.input {
            Input::Regular(stamp) => {
                let (stored, count) = counted(stamp.open(&self.path, 0)?);
                let refused = |e: io::Error| Error::io("cannot decompress", &e).in_file(&self.path);
                Ok((stored::decompressed(self.compression, stored).map_err(refused)?, count))
            }
            Input::Pipe(stream, count) => {
                let taken = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
                let once = || Error::bad_argument("a pipe can be read once", "give a file").in_file(&self.path);
                Ok((taken.ok_or_else(once)?, Arc::clone(count)))
            }
            Input::Empty => Ok((Box::new(io::empty()), Arc::default())),
        }
    }

    /// The bytes of a file that is not compressed, from `start` on.
    pub(super) fn stream_from(&self, start: u64) -> Result<(Stream, Arc<AtomicU64>)> {
        match &self.input {
            Input::Regular(stamp) => Ok(counted(stamp.open(&self.path, start)?)),
            _ => self.stream(),
        }
    }

    /// The file itself, to be read anywhere.
    pub(super) fn seekable(&self) -> Result<File> {
        match &self.input {
            Input::Regular(stamp) if self.compression == Compression::None => stamp.open(&self.path, 0),
            _ => Err(Error::unsupported("Parquet inside another compression, or from a pipe", "give the file itself")),
        }
    }

    /// Fails when the file is not as it was when it was opened.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        match &self.input {
            Input::Regular(stamp) => stamp.open(&self.path, 0).map(drop),
            _ => Ok(()),
        }
    }
}

fn counted(file: File) -> (Stream, Arc<AtomicU64>) {
    let count = Arc::<AtomicU64>::default();
    (Box::new(Counted { inner: file, count: Arc::clone(&count) }), count)
}

/// The decompressed begin of a file.
#[derive(Default)]
pub(super) struct Begin {
    pub(super) bytes: Vec<u8>,
    /// Whether these are all bytes.
    pub(super) whole: bool,
}

struct Peeked {
    begin: Begin,
    format: Format,
    compression: Compression,
    empty: bool,
    /// All decompressed bytes, those that were looked at too.
    stream: Stream,
}

fn peek(path: &Path, mut stored: Stream, options: &Options) -> Result<Peeked> {
    let (start, error) = begin(&mut stored);
    let compression = match stored::compression(&start) {
        Compression::None if start.len() < 6 => stored::compression_of_stub(&start, &head::extension(path)),
        found => found,
    };
    let empty = start.is_empty() && error.is_none();
    let stored = again(start, error, stored);
    let refused = |e: io::Error| Error::io("cannot decompress", &e).in_file(path);
    let mut stream = stored::decompressed(compression, stored).map_err(refused)?;
    let (start, error) = begin(&mut stream);
    if compression != Compression::None && stored::compression(&start) != Compression::None {
        let what = "the file is compressed twice";
        return Err(Error::unsupported(what, "decompress it once").in_file(path));
    }
    let whole = start.len() < HEAD && error.is_none();
    let format = head::format(path, &Head { bytes: &start, whole }, options).map_err(|e| e.in_file(path))?;
    let begin = Begin { bytes: start.clone(), whole };
    Ok(Peeked { begin, format, compression, empty, stream: again(start, error, stream) })
}

/// The first bytes of a stream, and what stopped it if they are fewer than they could be.
fn begin(stream: &mut Stream) -> (Vec<u8>, Option<io::Error>) {
    let mut bytes = Vec::new();
    let error = stream.take(HEAD as u64).read_to_end(&mut bytes).err();
    (bytes, error)
}

fn again(start: Vec<u8>, error: Option<io::Error>, rest: Stream) -> Stream {
    Box::new(Cursor::new(start).chain(Broken(error)).chain(rest))
}
