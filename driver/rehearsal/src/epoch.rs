//! Timestamps as AWS's JSON 1.1 protocol writes them: a number of seconds since the epoch, with milliseconds.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A moment on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(pub(crate) Timestamp);

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit 53 bits until the year 287396")]
        serializer.serialize_f64(self.0.as_millisecond() as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_0_timestamps_are_seconds_with_milliseconds() {
        let at = Timestamp::from_millisecond(1_543_431_490_226).unwrap();
        assert_eq!(serde_json::to_string(&Epoch(at)).unwrap(), "1543431490.226");
    }
}
