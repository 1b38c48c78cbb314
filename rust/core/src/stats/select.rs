//! Quantiles of values in no order, by quickselect.

/// Quantiles of orders `shares`, linear between order statistics; NaN where a value or a share is not a number.
///
/// `values` are reordered. Linear in their number, whatever the number of shares, which is small.
pub fn quantiles(values: &mut [f64], shares: &[f64]) -> Vec<f64> {
    if values.is_empty() || values.iter().any(|x| x.is_nan()) {
        return vec![f64::NAN; shares.len()];
    }
    let last = values.len() - 1;
    let place = |share: f64| share.clamp(0.0, 1.0) * last as f64;
    let mut ranks: Vec<usize> =
        shares.iter().filter(|share| !share.is_nan()).map(|&share| place(share) as usize).collect();
    ranks.extend(ranks.clone().iter().map(|rank| (rank + 1).min(last)));
    ranks.sort_unstable();
    ranks.dedup();
    put_in_place(values, 0, &ranks);
    shares.iter().map(|&share| if share.is_nan() { f64::NAN } else { at(values, place(share)) }).collect()
}

fn at(values: &[f64], place: f64) -> f64 {
    let low = place as usize;
    let share = place - low as f64;
    let (below, above) = (values[low], values[(low + 1).min(values.len() - 1)]);
    if below == above || share == 0.0 { below } else { (1.0 - share) * below + share * above }
}

/// Puts the order statistics of `ranks`, which are sorted, in their places; `values` begin at rank `first`.
fn put_in_place(values: &mut [f64], first: usize, ranks: &[usize]) {
    if ranks.is_empty() {
        return;
    }
    let middle = ranks.len() / 2;
    let (below, above) = (&ranks[..middle], &ranks[middle + 1..]);
    let rank = ranks[middle] - first;
    let (low, _, high) = values.select_nth_unstable_by(rank, f64::total_cmp);
    put_in_place(low, first, below);
    put_in_place(high, first + rank + 1, above);
}

#[cfg(test)]
mod tests {
    use super::quantiles;

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
