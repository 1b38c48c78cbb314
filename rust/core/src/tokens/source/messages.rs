//! Messages of Arrow IPC, taken without trust in the lengths that they state.
//!
//! The library makes room for what a length says before it looks for the bytes, and room that cannot be had ends the
//! process. So messages are read here: one of a stream grows as its bytes come, one of a file must lie inside it, and what
//! a compressed buffer says of its size is held against [`MOST`] and asked of the allocator.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::convert::fb_to_schema;
use arrow_ipc::reader::{read_dictionary, read_footer_length, read_record_batch};
use arrow_ipc::{Block, MessageHeader, root_as_footer, root_as_message};
use arrow_schema::{ArrowError, SchemaRef};

pub(super) type Result<T> = std::result::Result<T, ArrowError>;

/// A compressed buffer holds at most this many times its bytes: Zstandard gives 128 KiB for 4, LZ4 less.
const MOST: usize = 1 << 15;
/// The length of the foot of a file: four bytes of a length, and the magic number.
const FOOT: u64 = 10;
const CONTINUATION: [u8; 4] = [0xff; 4];

/// What stands in front of the data of a message, as flatbuffers; and the data.
pub(super) struct Message {
    head: Vec<u8>,
    body: Buffer,
}

impl Message {
    /// The next message of a stream; none at its end, which may be marked or not.
    pub(super) fn next(stream: &mut impl Read) -> Result<Option<Self>> {
        let Some(length) = head_length(stream)? else { return Ok(None) };
        let head = taken(stream, length)?;
        let body = taken(stream, parsed(&head)?.bodyLength())?;
        Ok(Some(Self { head, body: body.into() }))
    }

    /// The message of a file that `block` names.
    fn at(file: &mut (impl Read + Seek), block: &Block) -> Result<Self> {
        let mut head = piece(file, block.offset(), block.metaDataLength().into())?;
        let body_start = block.offset().saturating_add(block.metaDataLength().into());
        let body = piece(file, body_start, block.bodyLength())?;
        let prefix = if head.starts_with(&CONTINUATION) { 8 } else { 4 };
        head.drain(..prefix.min(head.len()));
        Ok(Self { head, body: body.into() })
    }
}

/// The length that stands in front of a message; none where there is no more.
fn head_length(stream: &mut impl Read) -> Result<Option<i64>> {
    let mut word = [0; 4];
    match stream.read_exact(&mut word) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        done => done?,
    }
    if word == CONTINUATION {
        stream.read_exact(&mut word)?;
    }
    Ok(Some(i32::from_le_bytes(word).into()).filter(|&length| length != 0))
}

fn parsed(head: &[u8]) -> Result<arrow_ipc::Message<'_>> {
    root_as_message(head).map_err(|e| ArrowError::ParseError(format!("no message: {e}")))
}

/// The next `length` bytes, for which room is made as they come.
fn taken(stream: &mut impl Read, length: i64) -> Result<Vec<u8>> {
    let length = u64::try_from(length).map_err(|_| ArrowError::IpcError(format!("a length of {length}")))?;
    let mut bytes = Vec::new();
    stream.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length { Err(std::io::Error::from(ErrorKind::UnexpectedEof).into()) } else { Ok(bytes) }
}

/// `length` bytes of a file from `start` on, if they lie inside it.
fn piece(file: &mut (impl Read + Seek), start: i64, length: i64) -> Result<Vec<u8>> {
    let size = file.seek(SeekFrom::End(0))?;
    let outside = || ArrowError::IpcError(format!("{length} bytes from byte {start} on are not in the file"));
    let end = start.checked_add(length).and_then(|end| u64::try_from(end).ok()).filter(|&end| end <= size);
    let (Ok(start), Ok(length), Some(_)) = (u64::try_from(start), usize::try_from(length), end) else {
        return Err(outside());
    };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// What turns messages into record batches.
#[derive(Default)]
pub(super) struct Decoder {
    pub(super) schema: Option<SchemaRef>,
    /// The columns that are wanted; None are all.
    pub(super) projection: Option<Vec<usize>>,
    dictionaries: HashMap<i64, ArrayRef>,
}

impl Decoder {
    /// The decoder of a file, which knows its dictionaries, and where its record batches lie.
    pub(super) fn of_file(file: &mut (impl Read + Seek)) -> Result<(Self, Vec<Block>)> {
        let size = file.seek(SeekFrom::End(0))?.min(i64::MAX as u64).cast_signed();
        let start = size - FOOT.cast_signed();
        let foot = piece(file, start, FOOT.cast_signed())?;
        let foot = foot.try_into().map_err(|_| ArrowError::IpcError("no foot".to_owned()))?;
        let length = read_footer_length(foot)? as i64;
        let bytes = piece(file, start - length, length)?;
        let footer = root_as_footer(&bytes).map_err(|e| ArrowError::ParseError(format!("no footer: {e}")))?;
        let mut decoder = Self { schema: Some(schema(footer.schema())?), ..Self::default() };
        for block in footer.dictionaries().into_iter().flatten() {
            decoder.take(&Message::at(file, block)?)?;
        }
        Ok((decoder, footer.recordBatches().into_iter().flatten().copied().collect()))
    }

    /// The record batch of a file that `block` names.
    pub(super) fn batch(&mut self, file: &mut (impl Read + Seek), block: &Block) -> Result<RecordBatch> {
        let batch = self.take(&Message::at(file, block)?)?;
        batch.ok_or_else(|| ArrowError::IpcError("the record batch is missing".to_owned()))
    }

    /// Takes a schema or a dictionary in, or gives a record batch.
    pub(super) fn take(&mut self, message: &Message) -> Result<Option<RecordBatch>> {
        let (head, body) = (parsed(&message.head)?, &message.body);
        let known = || self.schema.clone().ok_or_else(|| ArrowError::IpcError("no schema came before".to_owned()));
        if let Some(dictionary) = head.header_as_dictionary_batch() {
            dictionary.data().map_or(Ok(()), |data| check_sizes(data, body))?;
            let schema = known()?;
            read_dictionary(body, dictionary, &schema, &mut self.dictionaries, &head.version())?;
        } else if let Some(batch) = head.header_as_record_batch() {
            check_sizes(batch, body)?;
            let projection = self.projection.as_deref();
            return read_record_batch(body, batch, known()?, &self.dictionaries, projection, &head.version()).map(Some);
        } else if self.schema.is_none() {
            self.schema = Some(schema(head.header_as_schema())?);
        } else if head.header_type() != MessageHeader::NONE {
            return Err(ArrowError::IpcError(format!("a message of type {:?}", head.header_type())));
        }
        Ok(None)
    }
}

fn schema(written: Option<arrow_ipc::Schema>) -> Result<SchemaRef> {
    let written = written.ok_or_else(|| ArrowError::IpcError("no schema".to_owned()))?;
    if written.endianness().equals_to_target_endianness() {
        Ok(Arc::new(fb_to_schema(written)))
    } else {
        Err(ArrowError::IpcError("its numbers are in the other order of bytes".to_owned()))
    }
}

/// Each compressed buffer begins with its size; 0 and -1 say that it is empty and that it is not compressed.
fn check_sizes(batch: arrow_ipc::RecordBatch, body: &[u8]) -> Result<()> {
    if batch.compression().is_none() {
        return Ok(());
    }
    for buffer in batch.buffers().into_iter().flatten() {
        let start = usize::try_from(buffer.offset()).unwrap_or(usize::MAX);
        let stored = usize::try_from(buffer.length()).unwrap_or(0);
        let bytes = body.get(start..).and_then(|rest| rest.get(..stored)).unwrap_or_default();
        let Some(size) = bytes.first_chunk().copied().map(i64::from_le_bytes) else {
            continue; // The library says what is wrong with it.
        };
        let size = usize::try_from(size).unwrap_or(0);
        if size > stored.saturating_mul(MOST) || !has_room(size) {
            return Err(ArrowError::IpcError(format!("a buffer of {stored} bytes cannot hold {size}")));
        }
    }
    Ok(())
}

fn has_room(size: usize) -> bool {
    let mut room: Vec<u8> = Vec::new();
    black_box(&mut room).try_reserve_exact(size).is_ok()
}
