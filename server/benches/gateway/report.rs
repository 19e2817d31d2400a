//! The report: a table for people, JSON for programs.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use serde::Serialize;

/// Unit of a figure.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Unit {
    Count,
    Megabytes,
    Kilobytes,
    Milliseconds,
    Microseconds,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Count => format!("{value}"),
            Self::Megabytes => format!("{value:.2} MB"),
            Self::Kilobytes => format!("{value:.0} KB"),
            Self::Milliseconds if value.abs() < 10.0 => format!("{value:.3} ms"),
            Self::Milliseconds => format!("{value:.0} ms"),
            Self::Microseconds => format!("{value:.2} µs"),
        }
    }
}

/// How the figure of a row is computed.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    /// Count that must equal the target.
    Delivered,
    /// Gateway divided by direct client, per round.
    Ratio,
    /// Gateway minus direct client, per round.
    Added,
    /// Gateway alone.
    Value,
}

/// A figure and its target.
#[derive(Serialize)]
pub(crate) struct Row {
    what: String,
    kind: Kind,
    unit: Unit,
    /// Medians over the rounds, of each value separately.
    median: Round,
    target: f64,
    ok: bool,
    rounds: Vec<Round>,
}

/// Values of one round.
#[derive(Serialize)]
struct Round {
    direct: Option<f64>,
    gateway: f64,
    figure: f64,
}

impl Row {
    /// Creates a row that fails unless everything was delivered.
    pub(crate) fn delivered(what: impl Into<String>, delivered: u32, expected: u32) -> Self {
        let row = Self::value(what, Unit::Count, &[delivered.into()], expected.into());
        Self { kind: Kind::Delivered, ok: delivered == expected, ..row }
    }

    /// Creates a row from pairs of direct and gateway values, for their ratio.
    pub(crate) fn ratio(what: impl Into<String>, unit: Unit, pairs: &[(f64, f64)], target: f64) -> Self {
        let round = |&(direct, gateway)| Round { direct: Some(direct), gateway, figure: gateway / direct };
        Self::new(what.into(), Kind::Ratio, unit, pairs.iter().map(round).collect(), target)
    }

    /// Creates a row from pairs of direct and gateway values, for their difference.
    pub(crate) fn added(what: impl Into<String>, unit: Unit, pairs: &[(f64, f64)], target: f64) -> Self {
        let round = |&(direct, gateway)| Round { direct: Some(direct), gateway, figure: gateway - direct };
        Self::new(what.into(), Kind::Added, unit, pairs.iter().map(round).collect(), target)
    }

    /// Creates a row from values of the gateway alone.
    pub(crate) fn value(what: impl Into<String>, unit: Unit, values: &[f64], target: f64) -> Self {
        let round = |&gateway| Round { direct: None, gateway, figure: gateway };
        Self::new(what.into(), Kind::Value, unit, values.iter().map(round).collect(), target)
    }

    fn new(what: String, kind: Kind, unit: Unit, rounds: Vec<Round>, target: f64) -> Self {
        let median = |value: fn(&Round) -> f64| percentile(rounds.iter().map(value), 50);
        let direct: Option<Vec<_>> = rounds.iter().map(|round| round.direct).collect();
        let median = Round {
            direct: direct.map(|values| percentile(values, 50)),
            gateway: median(|round| round.gateway),
            figure: median(|round| round.figure),
        };
        Self { what, kind, unit, ok: median.figure <= target, median, target, rounds }
    }

    fn cells(&self) -> [String; 6] {
        let figure = self.median.figure;
        let show = |value| self.unit.show(value);
        let (figure, target) = match self.kind {
            Kind::Ratio => (format!("{figure:.2} ×"), format!("≤ {:.2} ×", self.target)),
            Kind::Added if figure >= 0.0 => {
                (format!("+{}", show(figure)), format!("≤ +{}", show(self.target)))
            }
            Kind::Added => (show(figure), format!("≤ +{}", show(self.target))),
            Kind::Value => (show(figure), format!("≤ {}", show(self.target))),
            Kind::Delivered => (show(figure), show(self.target)),
        };
        let verdict = match (self.ok, self.kind) {
            (true, _) => "ok",
            (false, Kind::Delivered) => "LOST",
            (false, _) => "over",
        };
        let direct = self.median.direct.map(show).unwrap_or_default();
        [self.what.clone(), direct, show(self.median.gateway), figure, target, verdict.to_owned()]
    }
}

/// Converts to milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Returns a percentile of the values. 0 if `values` is empty.
pub(crate) fn percentile(values: impl IntoIterator<Item = f64>, percent: usize) -> f64 {
    let mut sorted: Vec<_> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

/// All figures, and the machine that they were measured on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    codex: String,
    processors: usize,
    /// Load average at the start and at the end. A busy machine distorts the figures.
    load: [Option<f64>; 2],
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn new(codex: String) -> Self {
        let processors = std::thread::available_parallelism().map_or(0, usize::from);
        Self { codex, processors, load: [load(), None], rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("  {}", row.cells().join("  "));
        self.rows.push(row);
    }

    pub(crate) fn all_delivered(&self) -> bool {
        self.rows.iter().all(|row| row.ok || !matches!(row.kind, Kind::Delivered))
    }

    pub(crate) fn print(&mut self) {
        self.load[1] = load();
        let head = ["what", "direct", "gateway", "figure", "target", ""].map(str::to_owned);
        let lines: Vec<_> = std::iter::once(head).chain(self.rows.iter().map(Row::cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        println!();
        for [what, figures @ .., verdict] in &lines {
            print!("{what:<0$}", widths[0]);
            for (figure, width) in figures.iter().zip(&widths[1..]) {
                print!("  {figure:>width$}");
            }
            println!("  {verdict}");
        }
        let [before, after] = self.load.map(|load| load.map_or("?".to_owned(), |load| format!("{load:.1}")));
        println!("\n{}; {} processors; load {before} before, {after} after", self.codex, self.processors);
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        fs::write(path, json + "\n").with_context(|| format!("{} cannot be written", path.display()))
    }
}

fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
