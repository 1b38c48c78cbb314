//! Values of a strided tensor, copied in logical order.
//!
//! A stretch of logical order is a few boxes, at most two a dimension. A box is copied plane by plane: one axis of the
//! plane is that whose neighbours lie nearest in the file, along which runs are read; the other is the last of the
//! rest. Runs are collected in a tile and dealt from there in the order wanted, so that a transposed matrix is neither
//! read nor written by single values all over memory.
//!
//! Runs are borrowed from a map, or else read by position: those less than 4 KiB apart through windows that grow to
//! 256 KiB, others one by one. The limit is one system call a run: a stretch of a transposed matrix costs as many as
//! the matrix has columns, however short its piece of each of them.

use std::ops::Range;

use crate::error::Result;
use crate::weights::source::{Bytes, Tensor};

/// Bytes of runs collected before they are dealt.
const TILE: usize = 256 << 10;
/// Bytes that cost no more to read over than to ask again.
const NEAR: u64 = 4 << 10;
/// Most bytes read ahead.
const WINDOW: u64 = 256 << 10;

/// A copy of values, and where it goes through; kept for the memory.
#[derive(Debug, Default)]
pub struct Gathered {
    copy: Vec<u8>,
    tile: Vec<u8>,
    window: Vec<u8>,
}

impl Gathered {
    /// The values of `tensor` in a range of logical order.
    pub fn read(&mut self, tensor: &Tensor, strides: &[u64], values: Range<u64>) -> Result<&[u8]> {
        let size = tensor.stored_bytes(1) as usize;
        self.copy.resize((values.end - values.start) as usize * size, 0);
        let source = Source::of(&tensor.bytes, &mut self.window)?;
        let mut gather = Gather { source, tile: &mut self.tile, size };
        let mut rest = &mut self.copy[..];
        for part in boxes(&tensor.shape, strides, values) {
            let (copy, after) = rest.split_at_mut(part.len * size);
            gather.copy(tensor.offset + part.start * size as u64, &part.axes, copy)?;
            rest = after;
        }
        Ok(&self.copy)
    }
}

/// A range of indices along one dimension.
#[derive(Clone, Copy, Debug)]
struct Axis {
    len: usize,
    /// Values between neighbours in the file.
    from: u64,
    /// Values between neighbours in the copy.
    to: usize,
}

const POINT: Axis = Axis { len: 1, from: 0, to: 1 };

/// Values whose indices lie in a range along each dimension, and which logical order keeps together.
struct Block {
    /// Place of the first in the file, in values after the tensor's first.
    start: u64,
    len: usize,
    /// Outermost first, none of a single index.
    axes: Vec<Axis>,
}

/// The boxes that a range of logical order falls into, in order.
fn boxes(shape: &[u64], strides: &[u64], values: Range<u64>) -> impl Iterator<Item = Block> {
    let mut at = values.start;
    std::iter::from_fn(move || {
        let found = (at < values.end).then(|| largest(shape, strides, at..values.end))?;
        at += found.len as u64;
        Some(found)
    })
}

/// The largest box at the start of a range: some slices of the outermost dimension of which one begins there and fits.
fn largest(shape: &[u64], strides: &[u64], values: Range<u64>) -> Block {
    let index = unravel(values.start, shape);
    let mut found = Block { start: index.iter().zip(strides).map(|(i, s)| i * s).sum(), len: 1, axes: Vec::new() };
    for ((size, stride), i) in shape.iter().zip(strides).zip(index).rev() {
        let fits = (values.end - values.start) / found.len as u64;
        let len = fits.min(size - i) as usize;
        prepend(&mut found.axes, Axis { len, from: *stride, to: found.len });
        found.len *= len;
        if len < *size as usize {
            break;
        }
    }
    found.axes.reverse();
    found
}

/// Adds the next axis further out to `axes`, innermost first, or lengthens the last where it goes on as that does.
fn prepend(axes: &mut Vec<Axis>, next: Axis) {
    match axes.last_mut() {
        _ if next.len == 1 => {}
        Some(inner) if next.from == inner.from * inner.len as u64 => inner.len *= next.len,
        _ => axes.push(next),
    }
}

fn unravel(mut at: u64, shape: &[u64]) -> Vec<u64> {
    let mut index = vec![0; shape.len()];
    for (i, d) in index.iter_mut().zip(shape).rev() {
        (*i, at) = (at % d, at / d);
    }
    index
}

struct Gather<'a> {
    source: Source<'a>,
    tile: &'a mut Vec<u8>,
    /// Bytes of a value.
    size: usize,
}

impl Gather<'_> {
    /// Copies a box whose first value is at byte `start` of the file.
    fn copy(&mut self, start: u64, axes: &[Axis], copy: &mut [u8]) -> Result<()> {
        let mut axes = axes.to_vec();
        let nearest = (0..axes.len()).min_by_key(|i| axes[*i].from);
        let run = nearest.map_or(POINT, |i| axes.remove(i));
        let across = axes.pop().unwrap_or(POINT);
        let planes = axes.iter().map(|axis| axis.len as u64).collect::<Vec<_>>();
        for plane in 0..planes.iter().product() {
            let index = unravel(plane, &planes);
            let from: u64 = index.iter().zip(&axes).map(|(i, axis)| i * axis.from).sum();
            let to: usize = index.iter().zip(&axes).map(|(i, axis)| *i as usize * axis.to).sum();
            self.copy_plane(start + from * self.size as u64, [across, run], &mut copy[to * self.size..])?;
        }
        Ok(())
    }

    fn copy_plane(&mut self, start: u64, [across, run]: [Axis; 2], copy: &mut [u8]) -> Result<()> {
        let height = (TILE / self.size / run.len).max(1);
        for first in (0..across.len).step_by(height) {
            let part = Axis { len: height.min(across.len - first), ..across };
            self.tile.clear();
            for i in first..first + part.len {
                self.collect(start + i as u64 * across.from * self.size as u64, run)?;
            }
            let copy = &mut copy[first * across.to * self.size..];
            match self.size {
                1 => deal::<1>(self.tile, [part, run], copy),
                2 => deal::<2>(self.tile, [part, run], copy),
                4 => deal::<4>(self.tile, [part, run], copy),
                _ => deal::<8>(self.tile, [part, run], copy),
            }
        }
        Ok(())
    }

    /// Appends one run to the tile.
    fn collect(&mut self, start: u64, run: Axis) -> Result<()> {
        let together = if run.from == 1 { TILE / self.size } else { 1 };
        for i in (0..run.len).step_by(together) {
            let bytes = together.min(run.len - i) * self.size;
            self.tile.extend_from_slice(self.source.bytes(start + i as u64 * run.from * self.size as u64, bytes)?);
        }
        Ok(())
    }
}

/// Puts the values of a tile, run by run, where they belong in the copy.
fn deal<const N: usize>(tile: &[u8], [across, run]: [Axis; 2], copy: &mut [u8]) {
    let (tile, copy) = (tile.as_chunks::<N>().0, copy.as_chunks_mut::<N>().0);
    if run.to == 1 {
        for (i, values) in tile.chunks(run.len).enumerate() {
            copy[i * across.to..][..run.len].copy_from_slice(values);
        }
        return;
    }
    for i in 0..run.len {
        let values = tile[i..].iter().step_by(run.len);
        copy[i * run.to..].iter_mut().step_by(across.to).zip(values).for_each(|(to, from)| *to = *from);
    }
}

/// Where runs come from.
enum Source<'a> {
    Whole(&'a [u8]),
    Windows(Windows<'a>),
}

impl<'a> Source<'a> {
    fn of(bytes: &'a Bytes, buffer: &'a mut Vec<u8>) -> Result<Self> {
        buffer.clear();
        let windows = Windows { bytes, buffer, start: 0, ahead: 0 };
        Ok(bytes.borrowed()?.map_or(Self::Windows(windows), Self::Whole))
    }

    fn bytes(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        match self {
            Self::Whole(bytes) => Ok(&bytes[offset as usize..offset as usize + len]),
            Self::Windows(windows) => windows.read(offset, len),
        }
    }
}

/// The stretch of a file that was read last.
struct Windows<'a> {
    bytes: &'a Bytes,
    buffer: &'a mut Vec<u8>,
    start: u64,
    ahead: u64,
}

impl Windows<'_> {
    fn read(&mut self, offset: u64, len: usize) -> Result<&[u8]> {
        let end = self.start + self.buffer.len() as u64;
        if offset < self.start || offset + len as u64 > end {
            let is_near = (self.start..end + NEAR).contains(&offset);
            self.ahead = if is_near { (2 * self.ahead).clamp(NEAR, WINDOW) } else { 0 };
            let most = self.bytes.len().saturating_sub(offset);
            let wanted = self.ahead.min(most).max(len as u64) as usize;
            self.bytes.read(offset, wanted, self.buffer)?;
            self.start = offset;
        }
        Ok(&self.buffer[(offset - self.start) as usize..][..len])
    }
}
