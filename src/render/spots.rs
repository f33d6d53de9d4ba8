//! The violations of a finding, put together where they are about one spot in the text.

use std::collections::HashMap;

use crate::model::Violation;
use crate::report::{Place, PlacedFinding};

/// A spot, and what is wrong there.
#[derive(Debug)]
pub(super) struct Spot<'a> {
    /// Where; `None` where the text is not known.
    pub(super) place: Option<&'a Place>,
    /// The violations with their own places, which begin at the same line and column. Never empty.
    pub(super) violations: Vec<(&'a Violation, Option<&'a Place>)>,
}

/// The spots of a finding, in the order of its violations.
pub(super) fn spots(placed: &PlacedFinding) -> Vec<Spot<'_>> {
    let mut spots: Vec<Spot<'_>> = Vec::new();
    let mut known = HashMap::new();
    for (at, violation) in placed.finding.violations.iter().enumerate() {
        let place = placed.places.get(at);
        let spot = *known.entry(place.map(|place| (place.line, place.column))).or_insert_with(|| {
            spots.push(Spot { place, violations: Vec::new() });
            spots.len() - 1
        });
        if let Some(spot) = spots.get_mut(spot) {
            spot.violations.push((violation, place));
        }
    }
    spots
}

impl Spot<'_> {
    /// How many characters are meant: the most that any of the violations means.
    pub(super) fn width(&self) -> usize {
        self.violations.iter().filter_map(|(_, place)| place.map(|place| place.width)).max().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{finding, place, violation};
    use serde_json::Value;

    #[test]
    fn violations_at_one_spot_come_together() {
        let violations = ["a", "b", "c"].map(|name| violation(&["spec", "x"], name, Value::Null, Value::Null));
        let places = vec![place(2, 3, 4, true, "  abcd"), place(1, 1, 1, false, "x"), place(2, 3, 5, false, "  abcd")];
        let placed = PlacedFinding { finding: finding("privileged", "r", "d", violations.to_vec()), places };
        let spots = spots(&placed);
        assert_eq!(spots.iter().map(|spot| spot.violations.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(spots.iter().map(Spot::width).collect::<Vec<_>>(), [5, 1]);
        assert_eq!(spots[0].violations[1].0.container.as_deref(), Some("c"));
    }

    #[test]
    fn violations_without_a_place_come_together_too() {
        let violations = vec![violation(&["spec"], "a", Value::Null, Value::Null); 2];
        let placed = PlacedFinding { finding: finding("privileged", "r", "d", violations), places: Vec::new() };
        let spots = spots(&placed);
        assert_eq!(spots.len(), 1);
        assert!(spots[0].place.is_none() && spots[0].violations.len() == 2);
    }
}
