//! Random numbers with a stream that never changes: xoshiro256** seeded by splitmix64 (both public domain algorithms).

/// One stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng {
    s: [u64; 4],
    spare: Option<f64>,
}

impl Rng {
    /// The stream number `stream` of `seed`: equal arguments give equal numbers on every machine.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut x = seed ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03);
        let s = std::array::from_fn(|_| {
            x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = x;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        });
        Self { s, spare: None }
    }

    /// An independent stream, for a device of its own.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.next(), 1)
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.s;
        let out = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in `lo..hi`.
    pub(crate) fn uniform(&mut self, lo: f64, hi: f64) -> f64 {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        lo + (hi - lo) * unit
    }

    /// Normally distributed, mean 0, standard deviation 1 (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(z) = self.spare.take() {
            return z;
        }
        let r = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform(0.0, 1.0)));
        let (sin, cos) = libm::sincos(self.uniform(0.0, std::f64::consts::TAU));
        self.spare = Some(r * sin);
        r * cos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // Reference values of the authors' C code: state 1, 2, 3, 4.
        let mut rng = Rng { s: [1, 2, 3, 4], spare: None };
        let got: Vec<u64> = (0..4).map(|_| rng.next()).collect();
        assert_eq!(got, [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
        // First output of splitmix64 seeded with 0.
        assert_eq!(Rng::new(0, 0).s[0], 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut rng = Rng::new(7, 0);
        let n = 200_000;
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let z = rng.normal();
            sum += z;
            square += z * z;
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 0.01 && (square / n - 1.0).abs() < 0.01);
    }
}
