//! Stretches of strided tensors against a loop over indices, from memory, a map and positioned reads.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::io::Write;
use std::sync::Arc;

use glotgap_core::weights::dtype::DType;
use glotgap_core::weights::source::{Buffers, Bytes, Encoding, Io, Stretch, Tensor};
use proptest::prelude::*;

const FORMATS: [DType; 4] = [DType::U8, DType::F16, DType::F32, DType::F64];

/// A view, and a range of its logical order.
#[derive(Clone, Debug)]
struct View {
    dtype: DType,
    shape: Vec<u64>,
    strides: Vec<u64>,
    lead: u64,
    values: (u64, u64),
}

impl View {
    fn n(&self) -> u64 {
        self.shape.iter().product()
    }

    fn span(&self) -> u64 {
        self.lead + self.shape.iter().zip(&self.strides).map(|(d, s)| (d - 1) * s).sum::<u64>() + 1
    }

    /// Place of a value in the storage, by counting indices up.
    fn place(&self, mut at: u64) -> u64 {
        let mut place = self.lead;
        for (d, s) in self.shape.iter().zip(&self.strides).rev() {
            (place, at) = (place + at % d * s, at / d);
        }
        place
    }

    fn tensor(&self, bytes: Bytes) -> Tensor {
        let offset = self.lead * self.dtype.size() as u64;
        let (shape, strides) = (self.shape.clone(), Some(self.strides.clone()));
        let encoding = Encoding::Plain(self.dtype);
        Tensor { name: "w".into(), bytes: Arc::new(bytes), encoding, shape, strides, offset }.checked().unwrap()
    }
}

/// Dimensions in any order in the storage, with gaps between neighbours.
fn views() -> impl Strategy<Value = View> {
    let dimensions = prop::collection::vec((1u64..9, 0u64..3), 0..5);
    let ordered = dimensions.prop_flat_map(|sizes| {
        let order = (0..sizes.len()).collect::<Vec<_>>();
        (Just(sizes), Just(order).prop_shuffle())
    });
    let end = any::<prop::sample::Index>;
    (ordered, 0..FORMATS.len(), 0u64..5, [end(), end()]).prop_map(|((sizes, order), format, lead, ends)| {
        let (shape, strides) = (sizes.iter().map(|size| size.0).collect::<Vec<_>>(), strides(&sizes, &order));
        let [a, b] = ends.map(|end| end.index(shape.iter().product::<u64>() as usize + 1) as u64);
        View { dtype: FORMATS[format], shape, strides, lead, values: (a.min(b), a.max(b)) }
    })
}

/// Strides of dimensions of these lengths and gaps, the first in `order` innermost.
fn strides(sizes: &[(u64, u64)], order: &[usize]) -> Vec<u64> {
    let mut strides = vec![0; sizes.len()];
    let mut span = 1;
    for i in order {
        strides[*i] = span + sizes[*i].1;
        span = strides[*i] * sizes[*i].0;
    }
    strides
}

/// Distinct bytes, as far as bytes go.
fn storage(len: u64) -> Vec<u8> {
    (0..len).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

fn stored(stretch: Stretch<'_>) -> Vec<u8> {
    match stretch {
        Stretch::Bytes(values) => values.to_vec(),
        Stretch::Pairs(values) => values.as_flattened().to_vec(),
        Stretch::Singles(values) => values.as_flattened().to_vec(),
        Stretch::Doubles(values) => values.as_flattened().to_vec(),
    }
}

fn check(view: &View) {
    let size = view.dtype.size();
    let bytes = storage(view.span() * size as u64 + 3);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let (first, end) = view.values;
    let wanted: Vec<u8> =
        (first..end).flat_map(|at| bytes[view.place(at) as usize * size..][..size].to_vec()).collect();
    let mut buffers = Buffers::default();
    let opened = [Io::Mmap, Io::Pread].map(|io| Bytes::open(file.path(), io).unwrap());
    for bytes in opened.into_iter().chain([Bytes::from_vec("memory", bytes)]) {
        let tensor = view.tensor(bytes);
        let found = stored(tensor.stretch(first, (end - first) as usize, &mut buffers).unwrap());
        assert!(found == wanted, "{view:?}");
    }
}

proptest! {
    #[test]
    fn any_stretch_of_any_view_is_in_logical_order(view in views()) {
        check(&view);
    }
}

#[test]
fn large_views_go_through_many_tiles_and_windows() {
    let dtype = DType::F32;
    for (shape, strides) in [
        (vec![700, 1_100], vec![1, 700]),
        (vec![1_100, 700], vec![1, 1_500]),
        (vec![3, 1_000, 70], vec![1, 210, 3]),
        (vec![300_000], vec![2]),
        (vec![40], vec![20_000]),
        (vec![5, 30_000], vec![30_001, 1]),
        (vec![7, 30_000], vec![0, 1]),
    ] {
        let mut view = View { dtype, shape, strides, lead: 5, values: (0, 0) };
        for values in [(0, view.n()), (view.n() / 3, view.n() / 3 * 2), (1, view.n() - 1)] {
            view.values = values;
            check(&view);
        }
    }
}

#[test]
fn a_scalar_view_is_one_value() {
    check(&View { dtype: DType::F64, shape: vec![], strides: vec![], lead: 2, values: (0, 1) });
}
