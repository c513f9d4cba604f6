//! What differs between two answers of one version. It says nothing about another version, so it is left out there, and it
//! is kept for the evidence.
//!
//! Noise is of a kind: a value that differs every time is not compared, and has its type all the same.

use std::collections::BTreeMap;

use super::difference::{Difference, Kind};

/// What was seen to differ, and in how many pairs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noise {
    seen: BTreeMap<(String, Kind), u32>,
}

impl Noise {
    /// Keeps what differed in one control pair.
    pub(crate) fn learn(&mut self, differences: &[Difference]) {
        let mut places: Vec<(String, Kind)> =
            differences.iter().map(|difference| (difference.everywhere.clone(), merged(difference.kind))).collect();
        places.sort();
        places.dedup();
        for place in places {
            *self.seen.entry(place).or_default() += 1;
        }
    }

    /// Whether a difference is of the same kind at the same place, or below a place that changes its type.
    pub(crate) fn covers(&self, difference: &Difference) -> bool {
        let place = &difference.everywhere;
        self.seen.contains_key(&(place.clone(), merged(difference.kind)))
            || self.seen.keys().any(|(above, kind)| *kind == Kind::Type && is_at_or_below(place, above))
    }

    /// Every place with its kind, and in how many control pairs it differed.
    pub(crate) fn seen(&self) -> impl Iterator<Item = (&str, Kind, u32)> {
        self.seen.iter().map(|((place, kind), pairs)| (place.as_str(), *kind, *pairs))
    }
}

/// What is sometimes there is missing in one order of a pair and extra in the other.
fn merged(kind: Kind) -> Kind {
    match kind {
        Kind::Extra => Kind::Missing,
        Kind::Missing | Kind::Type | Kind::Value | Kind::Order => kind,
    }
}

fn is_at_or_below(place: &str, above: &str) -> bool {
    // A body that is not always JSON has no places of which anything is known.
    above == "body" && (place == "body" || place.starts_with('$'))
        || place.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
