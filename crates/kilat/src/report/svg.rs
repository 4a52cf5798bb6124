//! Drawings as inline SVG: a frame with two axes, and what is drawn inside it.

use std::fmt::Write as _;

use kilat_core::diagnosis::Lang;

/// Escapes text for HTML and SVG, attributes included.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// One axis of a frame.
pub(super) struct Axis {
    pub lo: f64,
    pub hi: f64,
    /// Name and unit.
    pub label: String,
    /// Unit alone, for the cursor.
    pub unit: &'static str,
    /// Logarithmic, decades as ticks.
    pub log: bool,
}

impl Axis {
    /// A linear axis from `lo` to `hi` exactly.
    pub fn exact(lo: f64, hi: f64, label: impl Into<String>, unit: &'static str) -> Self {
        // An axis needs some length, whatever the data.
        let (lo, hi) = if lo.is_finite() && hi.is_finite() && hi > lo { (lo, hi) } else { (0.0, 1.0) };
        Self { lo, hi, label: label.into(), unit, log: false }
    }

    /// A linear axis that holds all finite `values` with some air, and at least a length of `least`.
    pub fn around(
        values: impl Iterator<Item = f64>,
        least: f64,
        label: impl Into<String>,
        unit: &'static str,
    ) -> Self {
        let (lo, hi) = values
            .filter(|v| v.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        if lo > hi {
            return Self::exact(0.0, least.max(1.0), label, unit);
        }
        let widen = ((least - (hi - lo)) / 2.0).max(0.0);
        let air = ((hi - lo) * 0.06).max(1e-9 * hi.abs().max(1e-9));
        let floor = if lo >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        Self::exact((lo - widen - air).max(floor), hi + widen + air, label, unit)
    }

    /// A logarithmic axis.
    pub fn decades(lo: f64, hi: f64, label: impl Into<String>, unit: &'static str) -> Self {
        Self { log: true, ..Self::exact(lo, hi, label, unit) }
    }

    /// Position of `v`, 0 at the low and 1 at the high end.
    fn at(&self, v: f64) -> f64 {
        if self.log {
            (v / self.lo).ln() / (self.hi / self.lo).ln()
        } else {
            (v - self.lo) / (self.hi - self.lo)
        }
    }

    /// Tick values with their texts, about `n` of them.
    fn ticks(&self, n: usize, lang: Lang) -> Vec<(f64, String)> {
        if self.log {
            let decades = self.lo.log10().ceil() as i32..=self.hi.log10().floor() as i32;
            return decades.map(|d| (10f64.powi(d), time_text(10f64.powi(d)))).collect();
        }
        let raw = (self.hi - self.lo) / n as f64;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= raw * 0.999);
        let step = step.unwrap_or(raw);
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (self.lo / step - 1e-9).ceil() as i64;
        let last = (self.hi / step + 1e-9).floor() as i64;
        // `+ 0.0` turns −0 into 0.
        (first..=last).map(|i| i as f64 * step + 0.0).map(|v| (v, lang.number(v, decimals))).collect()
    }
}

/// A duration as engineers write it on a logarithmic axis: `100 µs`, `20 ms`, `10 s`.
fn time_text(s: f64) -> String {
    let (v, unit) = match s {
        s if s < 0.999e-3 => (s * 1e6, "µs"),
        s if s < 0.999 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    format!("{v:.0} {unit}")
}

/// A line through points; several pieces when it is interrupted.
pub(super) type Pieces = Vec<Vec<(f64, f64)>>;

/// Points `(x, y)` thinned to at most `2 · columns` per piece by minimum and maximum of each column; NaN and `breaks`
/// (true: a gap lies before the point) cut the line.
pub(super) fn envelope(
    points: impl Iterator<Item = (f64, f64, bool)>,
    count: usize,
    columns: usize,
) -> Pieces {
    let per_column = count.div_ceil(2 * columns).max(1) * 2;
    let thin = count > 2 * columns;
    let mut pieces: Pieces = vec![Vec::new()];
    // Smallest and largest point of the column so far.
    let mut column: Option<[(usize, (f64, f64)); 2]> = None;
    let flush = |pieces: &mut Pieces, column: &mut Option<[(usize, (f64, f64)); 2]>| {
        if let (Some([lo, hi]), Some(piece)) = (column.take(), pieces.last_mut()) {
            let (first, second) = if lo.0 <= hi.0 { (lo, hi) } else { (hi, lo) };
            piece.push(first.1);
            if second.0 != first.0 {
                piece.push(second.1);
            }
        }
    };
    for (i, (x, y, cut)) in points.enumerate() {
        if cut || y.is_nan() {
            flush(&mut pieces, &mut column);
            if pieces.last().is_some_and(|p| !p.is_empty()) {
                pieces.push(Vec::new());
            }
            if y.is_nan() {
                continue;
            }
        }
        match &mut column {
            Some([lo, hi]) => {
                if y < lo.1.1 {
                    *lo = (i, (x, y));
                }
                if y > hi.1.1 {
                    *hi = (i, (x, y));
                }
            }
            None => column = Some([(i, (x, y)); 2]),
        }
        if !thin || (i + 1) % per_column == 0 {
            flush(&mut pieces, &mut column);
        }
    }
    flush(&mut pieces, &mut column);
    pieces.retain(|p| !p.is_empty());
    pieces
}

/// An entry of a legend: name and colour.
pub(super) struct Key {
    pub name: String,
    pub colour: &'static str,
}

/// A drawing under construction.
pub(super) struct Frame {
    w: f64,
    h: f64,
    x: Axis,
    y: Axis,
    lang: Lang,
    body: String,
}

const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 42.0;

impl Frame {
    /// An empty frame of `w` by `h` units with grid, ticks and labels.
    pub fn new(w: f64, h: f64, x: Axis, y: Axis, lang: Lang) -> Self {
        Self { w, h, x, y, lang, body: String::new() }
    }

    pub fn px(&self, x: f64) -> f64 {
        LEFT + self.x.at(x).clamp(-1.0, 2.0) * (self.w - LEFT - RIGHT)
    }

    pub fn py(&self, y: f64) -> f64 {
        self.h - BOTTOM - self.y.at(y).clamp(-1.0, 2.0) * (self.h - TOP - BOTTOM)
    }

    /// A line; `key` is its index in the legend, `name` is shown by the cursor.
    pub fn trace(&mut self, pieces: &Pieces, key: usize, name: &str, colour: &str) {
        for piece in pieces {
            let mut points = String::with_capacity(piece.len() * 12);
            for &(x, y) in piece {
                // Writing to a String cannot fail.
                let _ = write!(points, "{:.1},{:.1} ", self.px(x), self.py(y));
            }
            // A lone point is a line of no length, drawn as a dot by its round caps.
            if let [(x, y)] = piece[..] {
                let _ = write!(points, "{:.1},{:.1}", self.px(x), self.py(y));
            }
            let _ = write!(
                self.body,
                r#"<polyline class="k{key}" data-n="{}" stroke="{colour}" points="{}"/>"#,
                escape(name),
                points.trim_end()
            );
        }
    }

    /// A dashed horizontal line with a text at its right end.
    pub fn level(&mut self, y: f64, text: &str, class: &str) {
        if !(self.y.lo..=self.y.hi).contains(&y) {
            return;
        }
        let (py, x0, x1) = (self.py(y), LEFT, self.w - RIGHT);
        let _ = write!(
            self.body,
            r#"<path class="level {class}" d="M{x0},{py:.1}H{x1}"/><text class="note {class}" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            x1 - 4.0,
            py - 4.0,
            escape(text)
        );
    }

    /// A shaded vertical band from `a` to `b`.
    pub fn band(&mut self, a: f64, b: f64, class: &str) {
        let (a, b) = (self.px(a.max(self.x.lo)), self.px(b.min(self.x.hi)));
        let _ = write!(
            self.body,
            r#"<rect class="{class}" x="{a:.1}" y="{TOP}" width="{:.1}" height="{:.1}"/>"#,
            (b - a).max(1.5),
            self.h - TOP - BOTTOM
        );
    }

    /// A filled area.
    pub fn area(&mut self, corners: &[(f64, f64)], class: &str) {
        let points: Vec<String> =
            corners.iter().map(|&(x, y)| format!("{:.1},{:.1}", self.px(x), self.py(y))).collect();
        let _ = write!(self.body, r#"<polygon class="{class}" points="{}"/>"#, points.join(" "));
    }

    /// A bar from zero to `y`, `from`..`to` wide.
    pub fn bar(&mut self, from: f64, to: f64, y: f64, key: usize, colour: &str, tip: &str) {
        let (a, b, top, foot) = (self.px(from), self.px(to), self.py(y), self.py(self.y.lo));
        let _ = write!(
            self.body,
            r#"<rect class="k{key}" fill="{colour}" x="{a:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"><title>{}</title></rect>"#,
            b - a,
            foot - top,
            escape(tip)
        );
    }

    /// A marked point with a tip; `class` gives its look.
    pub fn point(&mut self, x: f64, y: f64, key: usize, colour: &str, class: &str, tip: &str) {
        let _ = write!(
            self.body,
            r#"<circle class="k{key} {class}" cx="{:.1}" cy="{:.1}" r="5" fill="{colour}" stroke="{colour}"><title>{}</title></circle>"#,
            self.px(x),
            self.py(y),
            escape(tip)
        );
    }

    /// A text at a place in the data, its middle there.
    pub fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let _ = write!(
            self.body,
            r#"<text class="{class}" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            self.px(x),
            self.py(y),
            escape(text)
        );
    }

    /// The finished figure: caption, legend, drawing.
    pub fn figure(self, caption: &str, keys: &[Key]) -> String {
        let mut out = format!("<figure><figcaption><b>{}</b>", escape(caption));
        for (i, k) in keys.iter().enumerate() {
            let _ = write!(
                out,
                r#"<span class="key" data-k="k{i}"><i style="background:{}"></i>{}</span>"#,
                k.colour,
                escape(&k.name)
            );
        }
        let (w, h) = (self.w, self.h);
        let (x0, x1, y0, y1) = (LEFT, w - RIGHT, TOP, h - BOTTOM);
        let _ = write!(
            out,
            r#"</figcaption><svg viewBox="0 0 {w} {h}" role="img" aria-label="{}" data-box="{x0} {x1} {y0} {y1}" data-x="{} {} {}" data-y="{} {} {}">"#,
            escape(caption),
            self.x.lo,
            self.x.hi,
            self.x.unit,
            self.y.lo,
            self.y.hi,
            self.y.unit
        );
        let _ = write!(
            out,
            r#"<clipPath id="c{w}x{h}"><rect x="{x0}" y="{y0}" width="{}" height="{}"/></clipPath>"#,
            x1 - x0,
            y1 - y0
        );
        self.axes(&mut out);
        let _ = write!(
            out,
            r#"<g class="data" clip-path="url(#c{w}x{h})">{}</g><rect class="box" x="{x0}" y="{y0}" width="{}" height="{}"/><path class="cursor" d=""/></svg></figure>"#,
            self.body,
            x1 - x0,
            y1 - y0
        );
        out
    }

    fn axes(&self, out: &mut String) {
        let (x0, x1, y0, y1) = (LEFT, self.w - RIGHT, TOP, self.h - BOTTOM);
        out.push_str(r#"<g class="axes">"#);
        for (v, text) in self.y.ticks(((y1 - y0) / 30.0) as usize, self.lang) {
            let y = self.py(v);
            let _ = write!(
                out,
                r#"<path d="M{x0},{y:.1}H{x1}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{text}</text>"#,
                x0 - 6.0,
                y + 4.0
            );
        }
        for (v, text) in self.x.ticks(((x1 - x0) / 95.0) as usize, self.lang) {
            let x = self.px(v);
            let _ = write!(
                out,
                r#"<path d="M{x:.1},{y0}V{y1}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{text}</text>"#,
                y1 + 16.0
            );
        }
        let _ = write!(
            out,
            r#"<text class="label" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text class="label" transform="translate(14 {:.1}) rotate(-90)" text-anchor="middle">{}</text></g>"#,
            f64::midpoint(x0, x1),
            self.h - 6.0,
            escape(&self.x.label),
            f64::midpoint(y0, y1),
            escape(&self.y.label)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::exact(-0.31, 1.04, "u (V)", "V");
        let ticks: Vec<String> = axis.ticks(6, Lang::En).into_iter().map(|t| t.1).collect();
        assert_eq!(ticks, ["0.0", "0.5", "1.0"]);
        let axis = Axis::exact(0.0, 400.0, "", "");
        assert_eq!(axis.ticks(8, Lang::Id).len(), 9);
        let axis = Axis::decades(1e-4, 100.0, "", "");
        let ticks: Vec<String> = axis.ticks(6, Lang::En).into_iter().map(|t| t.1).collect();
        assert_eq!(ticks, ["100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s"]);
    }

    #[test]
    fn an_envelope_keeps_every_extreme_and_stays_small() {
        let y = |i: usize| {
            if i == 54_321 {
                9.0
            } else if i == 77_777 {
                -9.0
            } else {
                (i as f64 * 0.7).sin()
            }
        };
        let points = (0..100_000).map(|i| (i as f64, y(i), false));
        let pieces = envelope(points, 100_000, 1000);
        assert_eq!(pieces.len(), 1);
        assert!(pieces[0].len() <= 2002, "{}", pieces[0].len());
        assert!(pieces[0].contains(&(54_321.0, 9.0)) && pieces[0].contains(&(77_777.0, -9.0)));
        assert!(pieces[0].windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn few_points_stay_as_they_are_and_gaps_cut_the_line() {
        let points = [
            (0.0, 1.0, false),
            (1.0, f64::NAN, false),
            (2.0, 3.0, false),
            (3.0, 4.0, true),
            (4.0, 5.0, false),
        ];
        let pieces = envelope(points.into_iter(), 5, 100);
        assert_eq!(pieces, vec![vec![(0.0, 1.0)], vec![(2.0, 3.0)], vec![(3.0, 4.0), (4.0, 5.0)]]);
    }

    #[test]
    fn a_degenerate_axis_still_draws() {
        for axis in [
            Axis::exact(1.0, 1.0, "", ""),
            Axis::exact(f64::NAN, 2.0, "", ""),
            Axis::around([].into_iter(), 0.0, "", ""),
            Axis::around([5.0, 5.0].into_iter(), 0.0, "", ""),
        ] {
            assert!(axis.hi > axis.lo && axis.ticks(5, Lang::En).len() < 30);
        }
    }
}
