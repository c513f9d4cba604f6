//! The split of a listener's traffic over target groups by weight, smooth and exact: of any `total weight` consecutive
//! requests each group gets exactly its weight, spread evenly. A real load balancer draws lots instead; a person who
//! counts ten requests at 10 % should see one.

/// A group's share of the traffic.
#[derive(Debug)]
struct Share {
    group: String,
    weight: i64,
    credit: i64,
}

/// Smooth weighted round robin (the algorithm of nginx).
#[derive(Debug, Default)]
pub(super) struct Split(Vec<Share>);

impl Split {
    /// A split that begins anew.
    pub(super) fn new(weights: Vec<(String, u32)>) -> Split {
        let share = |(group, weight): (String, u32)| Share { group, weight: i64::from(weight), credit: 0 };
        Split(weights.into_iter().map(share).collect())
    }

    /// The group of the next request; nothing when no weight is above 0.
    pub(super) fn next(&mut self) -> Option<&str> {
        let total: i64 = self.0.iter().map(|share| share.weight).sum();
        let mut best: Option<&mut Share> = None;
        for share in self.0.iter_mut().filter(|share| share.weight > 0) {
            share.credit += share.weight;
            if best.as_ref().is_none_or(|best| share.credit > best.credit) {
                best = Some(share);
            }
        }
        best.map(|share| {
            share.credit -= total;
            share.group.as_str()
        })
    }

    /// Whether the group is named at all: with weight 0 it is behind the listener and health-checked (aws-facts.md §7).
    pub(super) fn names(&self, group: &str) -> bool {
        self.0.iter().any(|share| share.group == group)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(weights: &[u32]) -> Split {
        Split::new(weights.iter().enumerate().map(|(index, weight)| (index.to_string(), *weight)).collect())
    }

    fn count(split: &mut Split, requests: u32, group: &str) -> u32 {
        (0..requests).filter(|_| split.next() == Some(group)).count().try_into().unwrap()
    }

    #[test]
    fn ten_percent_of_any_ten_requests_is_exactly_one() {
        let mut split = split(&[90, 10]);
        for offset in 0..10 {
            assert_eq!(count(&mut split, 10, "1"), 1, "from request {offset} on");
            split.next();
        }
    }

    #[test]
    fn weight_zero_gets_nothing_but_is_named() {
        let mut split = split(&[100, 0]);
        assert_eq!(count(&mut split, 1000, "1"), 0);
        assert!(split.names("1"));
        assert!(!split.names("2"));
    }

    #[test]
    fn no_weight_is_no_group() {
        assert_eq!(split(&[]).next(), None);
        assert_eq!(split(&[0, 0]).next(), None);
    }

    proptest! {
        #[test]
        fn a_round_gives_each_group_its_weight(weights in proptest::collection::vec(0_u32..50, 1..5)) {
            let mut split = split(&weights);
            let total: u32 = weights.iter().sum();
            let mut seen = vec![0; weights.len()];
            for _ in 0..total {
                seen[split.next().unwrap().parse::<usize>().unwrap()] += 1;
            }
            prop_assert_eq!(seen, weights);
        }
    }
}
