//! The channels of one transient, each with its own peak.

use std::ops::Deref;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Two systems of three phases with their neutrals.
const MOST: usize = 8;

/// Channels, as indices in ascending order, and the peak of each over its nominal peak voltage, signed. Reads as a slice and owns
/// no memory.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Peaks {
    of: [(usize, f64); MOST],
    count: u8,
}

impl Peaks {
    /// Of one channel.
    pub fn one(channel: usize, peak_pu: f64) -> Self {
        let mut of = [(0, 0.0); MOST];
        of[0] = (channel, peak_pu);
        Self { of, count: 1 }
    }

    /// The channels of both, each with its larger peak; `None` when they are too many for one.
    pub fn joined(mut self, other: &Self) -> Option<Self> {
        for &(channel, peak) in other.iter() {
            let count = usize::from(self.count);
            match self.of[..count].binary_search_by_key(&channel, |p| p.0) {
                Ok(k) if self.of[k].1.abs() < peak.abs() => self.of[k].1 = peak,
                Ok(_) => {}
                Err(_) if count == MOST => return None,
                Err(k) => {
                    self.of.copy_within(k..count, k + 1);
                    self.of[k] = (channel, peak);
                    self.count += 1;
                }
            }
        }
        Some(self)
    }
}

impl Deref for Peaks {
    type Target = [(usize, f64)];

    fn deref(&self) -> &Self::Target {
        &self.of[..usize::from(self.count)]
    }
}

impl std::fmt::Debug for Peaks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for Peaks {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(&**self)
    }
}

impl<'de> Deserialize<'de> for Peaks {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let all = Vec::<(usize, f64)>::deserialize(d)?;
        let join = |sum: Option<Self>, p: &(usize, f64)| sum?.joined(&Self::one(p.0, p.1));
        let too_many = || D::Error::invalid_length(all.len(), &"the channels of one transient");
        all.iter().fold(Some(Self::default()), join).ok_or_else(too_many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_joined_in_order_with_their_larger_peaks_as_long_as_there_is_room() {
        let all = [(4, 0.3), (1, -0.5), (4, -0.4), (1, 0.2), (9, 0.1)];
        let join = |sum: Peaks, p: &(usize, f64)| sum.joined(&Peaks::one(p.0, p.1)).unwrap();
        let peaks = all.iter().fold(Peaks::default(), join);
        assert_eq!(&*peaks, &[(1, -0.5), (4, -0.4), (9, 0.1)]);
        let full = (0..MOST).map(|c| (c, 0.1)).fold(Peaks::default(), |sum, p| join(sum, &p));
        assert_eq!(full.joined(&Peaks::one(MOST, 0.1)), None);
        assert_eq!(full.joined(&Peaks::one(3, 0.2)).unwrap()[3], (3, 0.2));
    }
}
