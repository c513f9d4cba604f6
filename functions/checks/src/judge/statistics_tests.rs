//! The statistics against values that another implementation computed, and what must hold for any samples.
//!
//! The tables come from SciPy 1.17.1: `stats.mannwhitneyu(right, left, alternative="greater", method="asymptotic",
//! use_continuity=True).pvalue`, `np.exp(np.median(np.subtract.outer(np.log(right), np.log(left))))` and
//! `stats.fisher_exact([[f_right, n_right - f_right], [f_left, n_left - f_left]], alternative="greater")[1]`.

use proptest::prelude::*;

use super::*;

fn close(seen: f64, expected: f64, what: &str) {
    let tolerance = 1e-9 * expected.abs().max(1e-3);
    assert!((seen - expected).abs() <= tolerance, "{what}: expected {expected}, got {seen}");
}

#[test]
fn mann_whitney_and_hodges_lehmann_agree_with_scipy() {
    let table: [(&[f64], &[f64], f64, f64); 7] = [
        (&[1., 2., 3., 4., 5.], &[6., 7., 8., 9., 10.], 0.006_092_890_177_672_406, 2.666_666_666_666_666),
        (&[1., 2., 3., 4., 5.], &[1., 2., 3., 4., 5.], 0.542_235_013_311_614_1, 1.0),
        (&[6., 7., 8., 9., 10.], &[1., 2., 3., 4., 5.], 0.996_692_324_517_235_7, 0.375),
        (&[10., 10., 10., 20., 20., 30.], &[10., 20., 20., 30., 30., 30.], 0.102_152_604_560_356_57, 1.5),
        (
            &[41., 43., 39., 47., 52., 38., 44.],
            &[74., 70., 81., 69., 92., 66., 75.],
            0.001_082_514_666_519_187_8,
            1.723_404_255_319_149,
        ),
        (
            &[1., 3., 5., 7., 9., 11., 13., 15.],
            &[2., 4., 6., 8., 10., 12., 14., 16.],
            0.356_595_630_508_036,
            1.126_872_339_638_022,
        ),
        (&[5., 5., 5., 5.], &[5., 5., 5., 5., 6.], 0.251_167_477_180_251_06, 1.0),
    ];
    for (left, right, p, times) in table {
        close(larger(left, right), p, &format!("p of {left:?} and {right:?}"));
        close(ratio(left, right).unwrap(), times, &format!("ratio of {left:?} and {right:?}"));
    }
}

#[test]
fn fisher_agrees_with_scipy() {
    for (right, left, p) in [
        ((0, 100), (0, 100), 1.0),
        ((1, 100), (0, 100), 0.5),
        ((5, 100), (0, 100), 0.029_691_605_234_293_292),
        ((5, 200), (1, 200), 0.107_608_361_847_769),
        ((10, 100), (3, 100), 0.040_897_026_484_489_61),
        ((2, 100), (2, 100), 0.689_398_770_502_257_5),
        ((100, 100), (0, 100), 0.0),
        ((0, 100), (5, 100), 1.0),
    ] {
        close(fails_more_often(left, right), p, &format!("{right:?} against {left:?}"));
    }
}

#[test]
fn without_samples_nothing_is_certain() {
    assert_eq!(larger(&[], &[]).to_bits(), 1.0_f64.to_bits());
    assert_eq!(larger(&[1.0, 2.0], &[]).to_bits(), 1.0_f64.to_bits());
    assert_eq!((ratio(&[], &[1.0]), ratio(&[1.0], &[]), median(&mut [])), (None, None, None));
    assert_eq!(fails_more_often((0, 0), (0, 0)).to_bits(), 1.0_f64.to_bits());
}

#[test]
fn the_median_is_the_middle() {
    assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.5));
    assert_eq!(median(&mut [7.0]), Some(7.0));
}

fn samples() -> impl Strategy<Value = Vec<f64>> {
    // Whole milliseconds, so that there are ties.
    prop::collection::vec((1_u32..2_000).prop_map(f64::from), 1..60)
}

proptest! {
    #[test]
    fn a_probability_is_one(left in samples(), right in samples()) {
        let p = larger(&left, &right);
        prop_assert!((0.0..=1.0).contains(&p), "{p}");
    }

    #[test]
    fn samples_are_never_larger_than_themselves(same in samples()) {
        prop_assert!(larger(&same, &same) >= 0.5);
        prop_assert!((ratio(&same, &same).unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn both_sides_are_never_the_larger_one(left in samples(), right in samples()) {
        prop_assert!(larger(&left, &right) + larger(&right, &left) >= 1.0 - 1e-9);
        prop_assert!((ratio(&left, &right).unwrap() * ratio(&right, &left).unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_order_of_the_samples_and_their_unit_say_nothing(left in samples(), right in samples()) {
        let turned: Vec<f64> = left.iter().rev().copied().collect();
        prop_assert!((larger(&left, &right) - larger(&turned, &right)).abs() < 1e-12);
        let seconds = |values: &[f64]| values.iter().map(|value| value / 1_024.0).collect::<Vec<_>>();
        prop_assert!((larger(&left, &right) - larger(&seconds(&left), &seconds(&right))).abs() < 1e-12);
    }

    #[test]
    fn a_slower_right_side_is_never_less_certain(left in samples(), right in samples(), times in 1.0_f64..4.0) {
        let slower: Vec<f64> = right.iter().map(|value| value * times).collect();
        prop_assert!(ratio(&left, &slower).unwrap() >= ratio(&left, &right).unwrap() - 1e-9);
        // Ties that break move the variance a little.
        prop_assert!(larger(&left, &slower) <= larger(&left, &right) + 0.02);
    }

    #[test]
    fn more_failures_are_never_less_certain(left in 0_u64..50, right in 0_u64..49) {
        let (fewer, more) = (fails_more_often((left, 50), (right, 50)), fails_more_often((left, 50), (right + 1, 50)));
        prop_assert!(more <= fewer + 1e-9 && (0.0..=1.0).contains(&more), "{fewer} then {more}");
    }
}
