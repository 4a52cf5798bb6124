//! The terminal.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kilat::Error;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Row, Table};

use super::feed::{Handle, Next};
use super::model::{Model, place, unit};
use crate::failure::Failure;
use crate::print::{fit, fixed};

/// Time between two looks at the keyboard.
const LOOK: Duration = Duration::from_millis(50);
/// Fastest and slowest speed that keys reach.
const SPEEDS: (f64, f64) = (1.0 / 64.0, 4096.0);

/// Shows the stream until somebody quits. The terminal is as before after this, and after a panic.
pub fn run(mut model: Model, handle: &Handle) -> Result<(), Failure> {
    let io = |e| Error::io("terminal", e);
    let mut terminal = ratatui::try_init().map_err(io)?;
    let shown: Result<(), Failure> = (|| {
        let (mut over, mut rate) = (false, Rate::new());
        loop {
            let until = Instant::now() + LOOK;
            while !over && Instant::now() < until {
                match handle.next_now()? {
                    Next::Batch(batch) => model.take(batch),
                    Next::Later => break,
                    Next::Over => over = true,
                }
            }
            rate.note(model.position_s);
            let state = State {
                over,
                paused: handle.paused.load(Ordering::Relaxed),
                asked: handle.speed(),
                real: rate.times,
            };
            terminal.draw(|frame| draw(frame, &model, &state)).map_err(io)?;
            if event::poll(until.saturating_duration_since(Instant::now())).map_err(io)?
                && let Event::Key(key) = event::read().map_err(io)?
                && key.kind != KeyEventKind::Release
            {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                    KeyCode::Char('c') if control => return Ok(()),
                    KeyCode::Char(' ') => drop(handle.paused.fetch_xor(true, Ordering::Relaxed)),
                    KeyCode::Char('+' | '=') => handle.set_speed((handle.speed() * 2.0).min(SPEEDS.1)),
                    KeyCode::Char('-') => handle.set_speed((handle.speed() / 2.0).max(SPEEDS.0)),
                    _ => {}
                }
            }
        }
    })();
    ratatui::try_restore().map_err(io)?;
    shown
}

/// The speed that is reached, over the last second or so.
struct Rate {
    since: Instant,
    from_s: f64,
    times: f64,
}

impl Rate {
    fn new() -> Self {
        Self { since: Instant::now(), from_s: 0.0, times: f64::NAN }
    }

    fn note(&mut self, position_s: f64) {
        let elapsed_s = self.since.elapsed().as_secs_f64();
        if elapsed_s >= 1.0 {
            self.times = (position_s - self.from_s) / elapsed_s;
            (self.since, self.from_s) = (Instant::now(), position_s);
        }
    }
}

/// How it goes on.
struct State {
    over: bool,
    paused: bool,
    asked: f64,
    real: f64,
}

fn draw(frame: &mut Frame<'_>, model: &Model, state: &State) {
    let channels = model.plan.channels.len() as u16;
    let [top, system, table, events, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(2),
        Constraint::Length(channels + 2),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(head(model, state, top.width), top);
    frame.render_widget(system_line(model, system.width), system);
    draw_channels(frame, model, table);
    draw_events(frame, model, events);
    frame.render_widget(Line::from(" q quit   space pause   + - speed").dim(), keys);
}

/// File, place, speed.
fn head(model: &Model, state: &State, width: u16) -> Line<'static> {
    let clock = |s: f64| format!("{}:{:04.1}", (s / 60.0) as u64, s % 60.0);
    let of = model.duration_s.map_or(String::new(), |d| format!(" of {}", clock(d)));
    let how = if state.over {
        "end".to_owned()
    } else if state.paused {
        "paused".to_owned()
    } else if state.asked > 0.0 && model.duration_s.is_some() {
        format!("{}×", state.asked)
    } else {
        format!("{}×", fixed(state.real, 1))
    };
    let moment = model.time.map_or(String::new(), |t| place(t, true) + "  ");
    let right = format!("{moment}{}{of}  {how} ", clock(model.position_s));
    let room = (width as usize).saturating_sub(right.chars().count() + 1);
    let file: String = model.file.chars().take(room).collect();
    Line::from(vec![Span::from(format!(" {file:<room$}")).bold(), Span::from(right)])
}

/// Frequency with its trend, unbalance, number of events.
fn system_line(model: &Model, width: u16) -> Line<'static> {
    let Some(i) = &model.latest else { return Line::from(" waiting for the first 10/12 cycles").dim() };
    let mut left = format!(" {} Hz ", fixed(i.frequency_hz, 3));
    let mut right = String::new();
    for (name, value) in [("u2", i.system.u2_pct), ("u0", i.system.u0_pct)] {
        if value.is_finite() {
            let _ = write!(right, "  {name} {:>5} %", fixed(value, 2));
        }
    }
    let _ = write!(right, "  {} events ", model.count);
    let room = (width as usize).saturating_sub(left.chars().count() + right.chars().count()).min(40);
    left += &spark(&model.frequency, room);
    Line::from(vec![Span::from(left), Span::from(right)])
}

fn draw_channels(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let fixed_columns = 12 + 11 + 8 + 9 + 9;
    let room = (area.width as usize).saturating_sub(fixed_columns + 7);
    let rows = model.plan.channels.iter().enumerate().map(|(c, channel)| {
        let info = &channel.info;
        let value = model.latest.as_ref().and_then(|i| i.channels.get(c));
        let rms = value.map_or("–".into(), |m| format!("{} {}", fit(m.rms), unit(info.kind)));
        let thd = value.map_or("–".into(), |m| fixed(m.spectrum.thd_subgroup_pct, 2));
        let (least, most) = model.extremes[c].map_or(("–".into(), "–".into()), |(a, b)| (fit(a), fit(b)));
        let cells = [info.name.clone(), right(&rms, 11), right(&thd, 8), right(&least, 9), right(&most, 9)];
        let mut cells = cells.to_vec();
        cells.push(spark(&model.trends[c], room));
        Row::new(cells)
    });
    let header = [
        "channel".to_owned(),
        right("r.m.s.", 11),
        right("THD %", 8),
        right("min½", 9),
        right("max½", 9),
        "trend".into(),
    ];
    let widths = [12, 11, 8, 9, 9].map(Constraint::Length).into_iter().chain([Constraint::Min(1)]);
    let block = Block::new().borders(Borders::TOP);
    frame.render_widget(Table::new(rows, widths).header(Row::new(header).bold()).block(block), area);
}

fn draw_events(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let rows = model.happenings.iter().map(|h| {
        let long = if h.goes_on { format!("{} …", h.duration) } else { h.duration.clone() };
        // The date is at the top.
        let time = h.time.split_once('T').map_or(h.time.as_str(), |(_, time)| time).to_owned();
        let row = Row::new([time, h.what.clone(), h.channels.clone(), h.size.clone(), right(&long, 12)]);
        if h.goes_on { row.style(Style::new().fg(Color::Red)) } else { row }
    });
    let widths = [15, 20, 10, 19, 12].map(Constraint::Length);
    let long = right("duration", 12);
    let header = ["time", "event", "channels", "size", &long].map(str::to_owned);
    let block = Block::new().borders(Borders::TOP);
    frame.render_widget(
        Table::new(rows, widths).column_spacing(0).header(Row::new(header).bold()).block(block),
        area,
    );
}

/// Flush right in `width` columns.
fn right(text: &str, width: usize) -> String {
    format!("{text:>width$}")
}

/// The last `width` values, each as a bar between the smallest and the largest of them.
fn spark(values: &VecDeque<f64>, width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = values.iter().skip(values.len().saturating_sub(width));
    let finite = shown.clone().copied().filter(|v| v.is_finite());
    let (least, most) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    // A thousandth of the value is the smallest step that is made visible: noise is no trend.
    let span = (most - least).max(most.abs() * 8e-3);
    let bar = |v: f64| if v.is_finite() { BARS[(((v - least) / span * 8.0) as usize).min(7)] } else { ' ' };
    shown.map(|v| bar(*v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_goes_from_the_smallest_to_the_largest() {
        let ramp: VecDeque<f64> = (0..8).map(f64::from).collect();
        assert_eq!(spark(&ramp, 10), "▁▂▃▄▅▆▇█");
        assert_eq!(spark(&ramp, 3), "▁▅█");
        assert_eq!(spark(&VecDeque::from([230.0, f64::NAN, 230.1]), 5), "▁ ▁");
        assert_eq!(spark(&VecDeque::new(), 5), "");
    }
}
