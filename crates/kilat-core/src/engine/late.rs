//! What the parts of an analysis ended, with the Urms(1/2) around it: for what is kept of a recording of which not all results are.

use std::mem::take;

use crate::engine::analysis::{Analysis, HalfCycles};
use crate::engine::close_up::Met;
use crate::engine::parts::Parts;
use crate::error::{Result, Warning};

/// Keeps something of the parts of an analysis.
pub trait Keeper {
    /// The next part.
    fn part(&mut self, part: &Analysis);

    /// Events, rapid changes and transients that a part ended, with forms, and with the Urms(1/2) from ten cycles before the first of them
    /// to the end of the last; the other tables are empty.
    fn ended(&mut self, ended: &Analysis);
}

/// Goes through all `parts`, gives each to `each` and then to `keeper`, and returns the warnings of the whole.
pub fn keep(
    mut parts: Parts,
    keeper: &mut impl Keeper,
    mut each: impl FnMut(&Analysis) -> Result<()>,
) -> Result<Vec<Warning>> {
    let mut late = Late::default();
    let mut warnings = Vec::new();
    while let Some(mut part) = parts.next().transpose()? {
        each(&part)?;
        keeper.part(&part);
        late.add(&mut part, &parts, keeper)?;
        // Those of a part are those of all parts before as well.
        warnings = part.warnings;
    }
    late.settle(&parts, keeper)?;
    warnings.extend(late.met.left_out());
    Ok(warnings)
}

/// What is the same in every part: settings, channels, time.
pub fn about(part: &Analysis) -> Analysis {
    Analysis {
        config: part.config.clone(),
        wiring: part.wiring,
        channels: part.channels.clone(),
        power_pairs: part.power_pairs.clone(),
        time: part.time.clone(),
        ..Analysis::default()
    }
}

/// Urms(1/2) that are held before the first that is known to be looked at: those of ten cycles, and of the seconds in which a
/// transient is told from others.
const ROWS_BEFORE: usize = 256;

/// What the last part ended, until the Urms(1/2) after it are there; and the Urms(1/2) that this, and what goes on, look back to.
#[derive(Default)]
struct Late {
    seen: Analysis,
    met: Met,
}

impl Late {
    fn add(&mut self, part: &mut Analysis, parts: &Parts, keeper: &mut impl Keeper) -> Result<()> {
        if self.seen.channels.is_empty() {
            self.seen = about(part);
            self.seen.half_cycles = vec![HalfCycles::default(); part.channels.len()];
        }
        for (all, more) in self.seen.half_cycles.iter_mut().zip(&mut part.half_cycles) {
            all.start_sample.append(&mut more.start_sample);
            all.stop_sample.append(&mut more.stop_sample);
            all.u_rms_v.append(&mut more.u_rms_v);
            all.flags.append(&mut more.flags);
        }
        self.settle(parts, keeper)?;
        self.seen.events = take(&mut part.events);
        self.seen.rvc = take(&mut part.rvc);
        self.seen.transients = take(&mut part.transients);
        self.forget(parts.due_since());
        Ok(())
    }

    /// Looks at what the part before ended.
    fn settle(&mut self, parts: &Parts, keeper: &mut impl Keeper) -> Result<()> {
        parts.look_closer(&mut self.seen, &mut self.met)?;
        keeper.ended(&self.seen);
        Ok(())
    }

    /// Lets go of the Urms(1/2) that nothing will look back to: neither what the last part ended, nor what is to come.
    fn forget(&mut self, due_since: Option<f64>) {
        let s = &mut self.seen;
        let ended = s.events.iter().map(|e| e.start_sample).chain(s.rvc.iter().map(|r| r.start_sample));
        let ended = ended.chain(s.transients.iter().map(|t| t.start_sample as f64));
        let first = ended.chain(due_since).fold(f64::INFINITY, f64::min);
        for h in &mut s.half_cycles {
            let until = h.stop_sample.partition_point(|s| *s <= first).saturating_sub(ROWS_BEFORE);
            h.start_sample.drain(..until);
            h.stop_sample.drain(..until);
            h.u_rms_v.drain(..until);
            h.flags.drain(..until);
        }
    }
}
