//! What serde has to be told about the engine's state, so that a checkpoint holds it to the last bit.

/// Arrays longer than serde knows by itself.
pub mod wide {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// As a sequence.
    pub fn serialize<S: Serializer, T: Serialize, const N: usize>(
        array: &[T; N],
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.collect_seq(array)
    }

    /// From a sequence of just this length.
    pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>, const N: usize>(
        d: D,
    ) -> Result<[T; N], D::Error> {
        let all = Vec::<T>::deserialize(d)?;
        all.try_into().map_err(|all: Vec<T>| D::Error::invalid_length(all.len(), &"an array of fixed length"))
    }
}
