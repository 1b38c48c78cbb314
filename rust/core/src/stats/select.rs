//! Order statistics and quantiles of values in no order.

/// An integer that orders as values do ([`f64::total_cmp`]); comparisons of integers are the faster ones.
#[inline]
pub fn key(x: f64) -> i64 {
    turned(x.to_bits() as i64)
}

/// The value of a key.
#[inline]
pub fn value(key: i64) -> f64 {
    f64::from_bits(turned(key) as u64)
}

/// Negative numbers' bits in the other order; its own inverse.
#[inline]
fn turned(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// Sorts, in the order of [`f64::total_cmp`].
pub fn sort(values: &mut [f64]) {
    as_keys(values, <[i64]>::sort_unstable);
}

fn turn(bits: &mut [i64]) {
    for x in bits {
        *x = turned(*x);
    }
}

/// Does something to the keys of the values.
fn as_keys(values: &mut [f64], work: impl FnOnce(&mut [i64])) {
    let bits: &mut [i64] = bytemuck::cast_slice_mut(values);
    turn(bits);
    work(bits);
    turn(bits);
}

/// Where among n sorted values a quantile lies.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The rank of the value below, from 0, and that of the next; `None` if the share is not a number.
    ranks: Option<[usize; 2]>,
    /// How far the quantile is from the one to the other.
    between: f64,
}

impl Place {
    /// That of the quantile of order `share`.
    pub fn of(share: f64, n: usize) -> Self {
        let place = share.clamp(0.0, 1.0) * (n - 1) as f64;
        let below = place as usize;
        let ranks = (!share.is_nan()).then_some([below, (below + 1).min(n - 1)]);
        Self { ranks, between: place - below as f64 }
    }

    /// The ranks that it asks for.
    pub fn ranks(&self) -> impl Iterator<Item = usize> + use<> {
        self.ranks.into_iter().flatten()
    }

    /// The quantile, if `at` gives the value of a rank.
    pub fn value(&self, at: impl Fn(usize) -> f64) -> f64 {
        let Some([low, high]) = self.ranks else { return f64::NAN };
        let (below, above) = (at(low), at(high));
        if below == above || self.between == 0.0 { below } else { (1.0 - self.between) * below + self.between * above }
    }
}

/// Quantiles of orders `shares`, linear between order statistics; NaN where a value or a share is not a number.
///
/// `values` are reordered. Linear in their number, whatever the number of shares, which is small.
pub fn quantiles(values: &mut [f64], shares: &[f64]) -> Vec<f64> {
    if values.is_empty() || values.iter().any(|x| x.is_nan()) {
        return vec![f64::NAN; shares.len()];
    }
    let places: Vec<Place> = shares.iter().map(|&share| Place::of(share, values.len())).collect();
    let mut ranks: Vec<usize> = places.iter().flat_map(Place::ranks).collect();
    ranks.sort_unstable();
    ranks.dedup();
    put_in_place(values, &ranks);
    places.iter().map(|place| place.value(|rank| values[rank])).collect()
}

/// Puts the order statistics of `ranks`, which are sorted, in their places, lesser values before and greater ones after.
pub fn put_in_place(values: &mut [f64], ranks: &[usize]) {
    as_keys(values, |keys| put_keys_in_place(keys, 0, ranks));
}

/// The same for keys, which begin at rank `first`.
fn put_keys_in_place(keys: &mut [i64], first: usize, ranks: &[usize]) {
    if ranks.is_empty() {
        return;
    }
    let middle = ranks.len() / 2;
    let (below, above) = (&ranks[..middle], &ranks[middle + 1..]);
    let rank = ranks[middle] - first;
    let (low, _, high) = keys.select_nth_unstable(rank);
    put_keys_in_place(low, first, below);
    put_keys_in_place(high, first + rank + 1, above);
}

#[cfg(test)]
mod tests {
    use super::{key, quantiles, sort, value};

    #[test]
    fn keys_order_as_values() {
        let values = [f64::NEG_INFINITY, -2.0, -1e-310, -0.0, 0.0, 1e-310, 1.0, f64::INFINITY];
        assert!(values.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert!(values.iter().all(|&x| value(key(x)).to_bits() == x.to_bits()));
        let mut turned: Vec<_> = values.into_iter().rev().collect();
        sort(&mut turned);
        assert_eq!(turned, values);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        let values: Vec<f64> = (0..1001).map(|i| f64::from(i * 389 % 1001)).collect();
        let shares = [0.0, 0.025, 0.5, 0.975, 0.5, 1.0, 0.1234];
        let found = quantiles(&mut values.clone(), &shares);
        for (found, share) in found.iter().zip(shares) {
            assert!((found - 1000.0 * share).abs() < 1e-9, "{share}: {found}");
        }
    }

    #[test]
    fn one_nan_makes_every_quantile_nan() {
        assert!(quantiles(&mut [1.0, f64::NAN], &[0.5])[0].is_nan());
        assert!(quantiles(&mut [1.0, 2.0], &[f64::NAN])[0].is_nan());
        assert_eq!(quantiles(&mut [7.0], &[0.3]), [7.0]);
    }
}
