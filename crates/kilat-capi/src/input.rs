//! What C hands over: descriptions of streams and of blocks.

use std::ffi::{CStr, c_char};
use std::mem::offset_of;
use std::sync::Arc;

use kilat_core::engine::live::{Around, MOST_CHANNELS, Options, Quality};
use kilat_core::engine::plan::{ChannelSpec, Plan};
use kilat_core::{Channel, Config, Kind, SampleRate, Timestamp};

use crate::error::{Failure, kilat_status};
use crate::grows::{Grows, read};

/// One channel of a stream.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct kilat_channel {
    /// sizeof(kilat_channel).
    pub size: usize,
    /// Name, UTF-8: Ua, V1, Ia and the like say what it is.
    pub name: *const c_char,
    /// V, A or multiples such as kV; NULL to take it from the name.
    pub unit: *const c_char,
    /// Units per code.
    pub scale: f64,
    /// Units at code zero.
    pub offset: f64,
}

/// A stream.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct kilat_config {
    /// sizeof(kilat_config).
    pub size: usize,
    /// Samples per second of each channel.
    pub sample_rate_hz: f64,
    /// Udin, in volts.
    pub nominal_voltage_v: f64,
    /// Nominal frequency, in hertz.
    pub nominal_frequency_hz: f64,
    /// Channels, in the order of the blocks.
    pub channels: *const kilat_channel,
    /// How many.
    pub channel_count: usize,
    /// Other settings as TOML, such as "dip_pct = 85.0"; NULL for none.
    pub settings: *const c_char,
    /// When the first sample is taken, in nanoseconds since 1970 UTC; read if has_start.
    pub start_ns: i64,
    /// start_ns is known.
    pub has_start: bool,
    /// Give out the instantaneous flicker sensation too.
    pub p_inst: bool,
    /// Samples around events: seconds before the begin of each; 0 and 0 for none.
    pub waveform_before_s: f64,
    /// And seconds after it.
    pub waveform_after_s: f64,
    /// Results that may wait; 0 for the usual number.
    pub queue: usize,
}

/// What is known of a block.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct kilat_block {
    /// sizeof(kilat_block).
    pub size: usize,
    /// Index of the first sample in the source's own count; read if has_index.
    pub first_index: u64,
    /// When the first sample was taken, in nanoseconds since 1970 UTC; read if has_time.
    pub time_ns: i64,
    /// KILAT_OVERLOAD, KILAT_CLOCK_LOST.
    pub quality: u32,
    /// first_index is known; without it the block follows the one before.
    pub has_index: bool,
    /// time_ns is known.
    pub has_time: bool,
    /// All samples of one channel, then those of the next; else the first sample of every channel, then the second.
    pub planar: bool,
}

/// A converter was at its limit: all values of the block are flagged.
pub const KILAT_OVERLOAD: u32 = 1;
/// The source's clock is not synchronised: the times of blocks are not believed.
pub const KILAT_CLOCK_LOST: u32 = 2;

// SAFETY: `repr(C)`, the size first, numbers and pointers.
unsafe impl Grows for kilat_channel {
    const FIRST: usize = offset_of!(Self, offset) + size_of::<f64>();
}

// SAFETY: the same, and booleans.
unsafe impl Grows for kilat_config {
    const FIRST: usize = offset_of!(Self, queue) + size_of::<usize>();
}

// SAFETY: the same. The byte after the last boolean is padding, and must remain so.
unsafe impl Grows for kilat_block {
    const FIRST: usize = offset_of!(Self, planar) + size_of::<bool>();
}

/// A text of C.
///
/// # Safety
/// `at` is null, or points to a text that ends in a zero byte.
unsafe fn text<'a>(at: *const c_char, what: &str) -> Result<Option<&'a str>, Failure> {
    if at.is_null() {
        return Ok(None);
    }
    // SAFETY: `at` is not null, and the caller promises the rest.
    let text = unsafe { CStr::from_ptr(at) };
    let invalid = |_| Failure::new(kilat_status::KILAT_INVALID, format!("{what} is not UTF-8"));
    text.to_str().map(Some).map_err(invalid)
}

/// What a stream is made of.
pub(crate) struct Setup {
    pub(crate) plan: Arc<Plan>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) options: Options,
}

impl Setup {
    /// Reads the description of a stream.
    ///
    /// # Safety
    /// `at` and all its pointers are null or point to what the header says.
    pub(crate) unsafe fn read(at: *const kilat_config) -> Result<Self, Failure> {
        // SAFETY: the caller's promise.
        let c = unsafe { read(at, "config")? };
        if c.channel_count == 0 || c.channel_count > MOST_CHANNELS {
            let message = format!("config: {} channels, not 1 to {MOST_CHANNELS}", c.channel_count);
            return Err(Failure::new(kilat_status::KILAT_INVALID, message));
        }
        let mut specs = Vec::with_capacity(c.channel_count);
        let mut at = c.channels;
        for k in 0..c.channel_count {
            // SAFETY: the caller promises `channel_count` structs, one after the other, each of the size it states.
            let (channel, name, unit) = unsafe {
                let channel = read(at, &format!("channel {k}"))?;
                at = at.byte_add(channel.size);
                (channel, text(channel.name, "a channel's name")?, text(channel.unit, "a channel's unit")?)
            };
            let name = name.ok_or_else(|| Failure::null("a channel's name"))?;
            let unit = unit.unwrap_or(match kilat_core::capture::guess_kind(name, "") {
                Kind::Voltage => "V",
                Kind::Current => "A",
                Kind::Other => "",
            });
            let channel =
                Channel::new(name, unit, Vec::<f64>::new()).with_scale(channel.scale, channel.offset);
            specs.push(ChannelSpec::of(&channel, k));
        }
        let class_a = Config::class_a(c.nominal_voltage_v, c.nominal_frequency_hz);
        // SAFETY: the caller's promise.
        let config = match unsafe { text(c.settings, "settings")? } {
            None => class_a,
            Some(settings) => with_settings(&class_a, settings)?,
        };
        let rate = SampleRate::from_hz(c.sample_rate_hz)?;
        let plan = Arc::new(Plan::new(&config, rate, &specs)?);
        if plan.recorded().len() != specs.len() {
            let message = "each channel must be a voltage or a current, with a finite scale other than zero";
            return Err(Failure::new(kilat_status::KILAT_INVALID, message));
        }
        let around = Around { before_s: c.waveform_before_s, after_s: c.waveform_after_s };
        let usual = Options::default();
        let options = Options {
            queue: if c.queue == 0 { usual.queue } else { c.queue },
            p_inst: c.p_inst,
            waveforms: (around.before_s != 0.0 || around.after_s != 0.0).then_some(around),
        };
        Ok(Self { plan, start: c.has_start.then_some(Timestamp(c.start_ns)), options })
    }
}

/// Settings over those of Class A.
fn with_settings(base: &Config, settings: &str) -> Result<Config, Failure> {
    let invalid = |e: String| Failure::new(kilat_status::KILAT_INVALID, format!("settings: {e}"));
    let mut all = toml::Table::try_from(base).map_err(|e| invalid(e.to_string()))?;
    all.extend(settings.parse::<toml::Table>().map_err(|e| invalid(e.to_string()))?);
    all.try_into().map_err(|e: toml::de::Error| invalid(e.to_string()))
}

/// What is known of a block, checked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known {
    pub(crate) index: Option<u64>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) quality: Quality,
    pub(crate) planar: bool,
}

impl Known {
    /// Reads what is known of a block; null is nothing.
    ///
    /// # Safety
    /// `at` is null or points to what the header says.
    pub(crate) unsafe fn read(at: *const kilat_block) -> Result<Self, Failure> {
        if at.is_null() {
            return Ok(Self::default());
        }
        // SAFETY: the caller's promise.
        let b = unsafe { read(at, "block")? };
        let quality = Quality::from_bits(b.quality).ok_or_else(|| {
            Failure::new(
                kilat_status::KILAT_INVALID,
                format!("block: quality {:#x} has unknown bits", b.quality),
            )
        })?;
        Ok(Self {
            index: b.has_index.then_some(b.first_index),
            time: b.has_time.then_some(Timestamp(b.time_ns)),
            quality,
            planar: b.planar,
        })
    }
}
