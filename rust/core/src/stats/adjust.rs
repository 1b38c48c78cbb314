//! p-values adjusted for the number of tests.
//!
//! Bonferroni; Holm (1979) and Hochberg (1988), which control the chance of any false rejection; Benjamini & Hochberg
//! (1995) and Benjamini & Yekutieli (2001), which control the expected share of false ones. As R's `p.adjust`: a NaN stays
//! NaN and counts as no test.

use crate::error::{Error, Result};

/// The adjusted p-values, in the order of `p`.
pub fn adjust(p: &[f64], method: &str) -> Result<Vec<f64>> {
    if let Some(wrong) = p.iter().find(|p| !p.is_nan() && !(0.0..=1.0).contains(*p)) {
        return Err(Error::bad_argument(format!("a p-value of {wrong}"), "give numbers from 0 to 1, or NaN"));
    }
    let mut places: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
    places.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let sorted: Vec<f64> = places.iter().map(|&i| p[i]).collect();
    let adjusted = in_order(&sorted, method)?;
    let mut all = vec![f64::NAN; p.len()];
    places.iter().zip(adjusted).for_each(|(&place, value)| all[place] = value.min(1.0));
    Ok(all)
}

fn in_order(p: &[f64], method: &str) -> Result<Vec<f64>> {
    let m = p.len() as f64;
    let harmonic: f64 = (1..=p.len()).map(|i| 1.0 / i as f64).sum();
    let scaled = |factor: &dyn Fn(f64) -> f64| -> Vec<f64> {
        p.iter().zip(1..).map(|(p, rank)| p * factor(f64::from(rank))).collect()
    };
    Ok(match method {
        "bonferroni" => scaled(&|_| m),
        "holm" => rising(scaled(&|rank| m - rank + 1.0)),
        "hochberg" => falling(scaled(&|rank| m - rank + 1.0)),
        "bh" => falling(scaled(&|rank| m / rank)),
        "by" => falling(scaled(&|rank| harmonic * m / rank)),
        _ => {
            let remedy = "give bonferroni, holm, hochberg, bh or by";
            return Err(Error::bad_argument(format!("method is {method:?}"), remedy));
        }
    })
}

/// The highest so far, from the least p on.
fn rising(mut values: Vec<f64>) -> Vec<f64> {
    (1..values.len()).for_each(|i| values[i] = values[i].max(values[i - 1]));
    values
}

/// The lowest so far, from the greatest p on.
fn falling(mut values: Vec<f64>) -> Vec<f64> {
    (1..values.len()).rev().for_each(|i| values[i - 1] = values[i - 1].min(values[i]));
    values
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::adjust;

    /// R 4.3: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), method).
    #[test]
    fn the_values_are_those_of_r() {
        let p = [0.05, 0.01, f64::NAN, 0.02, 0.04, 0.03];
        let known = [
            ("bonferroni", [0.25, 0.05, 0.10, 0.20, 0.15]),
            ("holm", [0.09, 0.05, 0.08, 0.09, 0.09]),
            ("hochberg", [0.05, 0.05, 0.05, 0.05, 0.05]),
            ("bh", [0.05, 0.05, 0.05, 0.05, 0.05]),
        ];
        for (method, expected) in known {
            let found = adjust(&p, method).unwrap();
            assert!(found[2].is_nan());
            let found: Vec<f64> = found.into_iter().filter(|p| !p.is_nan()).collect();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-15, "{method}: {found} {expected}");
            }
        }
        let by = adjust(&p, "by").unwrap()[0];
        assert!((by - 0.05 * (1.0 + 0.5 + 1.0 / 3.0 + 0.25 + 0.2)).abs() < 1e-15);
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(adjust(&[1.5], "bh").unwrap_err().what.contains("1.5"));
        assert!(adjust(&[0.5], "fdr").unwrap_err().what.contains("fdr"));
        assert!(adjust(&[], "bh").unwrap().is_empty());
    }
}
