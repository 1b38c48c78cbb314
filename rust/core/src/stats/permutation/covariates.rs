//! Permutations under covariates, by Freedman & Lane (Anderson & Robinson 2001 compare the ways): the first column is cut
//! into what linear regression on the covariates explains and what it leaves, and only the latter is permuted.
//!
//! What the covariates explain does not change a partial correlation, so that it need not be added back.

use super::{Exchange, Test};
use crate::stats::statistic::{Pair, Statistic};
use crate::stats::weighted::Ties;

/// The columns of the test, ranks where it is of ranks, the first one without what the covariates explain; `None` for
/// tests without covariates or of other exchanges.
pub fn taken_off(test: &Test<'_>) -> Option<Vec<Vec<f64>>> {
    let mut columns: Vec<Vec<f64>> = match (test.exchange, test.statistic) {
        (Exchange::Pairings, Statistic::Pair(Pair::PartialPearson)) => {
            test.columns.iter().map(|column| column.to_vec()).collect()
        }
        (Exchange::Pairings, Statistic::Pair(Pair::PartialSpearman)) => {
            test.columns.iter().map(|column| Ties::of(column).ranks(&vec![1.0; column.len()])).collect()
        }
        _ => return None,
    };
    let n = columns[0].len();
    let mut basis = vec![vec![1.0; n]];
    for covariate in &columns[2..] {
        let left = residual(covariate.clone(), &basis);
        basis.push(left);
    }
    columns[0] = residual(std::mem::take(&mut columns[0]), &basis);
    Some(columns)
}

/// What is left of `column` when its part along each of `basis`, which are orthogonal, is taken off; twice, for rounding.
fn residual(mut column: Vec<f64>, basis: &[Vec<f64>]) -> Vec<f64> {
    for direction in basis.iter().chain(basis) {
        let square = dot(direction, direction);
        let along = if square > 0.0 { dot(&column, direction) / square } else { 0.0 };
        for (x, d) in column.iter_mut().zip(direction) {
            *x -= along * d;
        }
    }
    column
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::residual;

    #[test]
    fn a_residual_is_orthogonal_to_what_was_taken_off() {
        let column: Vec<f64> = (0..20).map(|i| f64::from(i * i % 7) + 100.0).collect();
        let ones = vec![1.0; 20];
        let line = residual((0..20).map(f64::from).collect(), std::slice::from_ref(&ones));
        let left = residual(column, &[ones.clone(), line.clone()]);
        for direction in [ones, line] {
            assert!(super::dot(&left, &direction).abs() < 1e-10);
        }
    }
}
