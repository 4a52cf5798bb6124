//! The drawings of the report.

pub(super) mod histogram;
pub(super) mod itic;
pub(super) mod spectrum;
pub(super) mod trends;
pub(super) mod waveforms;

use super::svg::Key;
use super::view::View;

/// Most channels in one drawing; more cannot be told apart.
const CHANNELS: usize = 8;
/// Width of a drawing across the page, in its own units.
const WIDE: f64 = 1030.0;
/// Columns of an envelope across the page.
const COLUMNS: usize = 1000;

/// The channels that fit into one drawing, their legend, and a sentence about the rest.
fn fit(v: &View, channels: &[usize]) -> (Vec<usize>, Vec<Key>, String) {
    let (shown, rest) = channels.split_at(channels.len().min(CHANNELS));
    let keys = shown.iter().map(|&c| Key { name: v.name(c).into(), colour: v.colours[c] }).collect();
    let note = if rest.is_empty() {
        String::new()
    } else {
        format!(r#"<p class="muted">{}: {}</p>"#, v.t.not_drawn, super::svg::escape(&v.names(rest)))
    };
    (shown.to_vec(), keys, note)
}
