//! Metrics of the gateway's process, with the standard names of Prometheus clients.

use std::{
    fmt::Error,
    fs,
    time::{Duration, SystemTime},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};
use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};

/// Collector that reads the values when they are requested.
#[derive(Debug)]
pub(super) struct ProcessCollector {
    /// When the process was started.
    pub started_at: SystemTime,
}

impl Collector for ProcessCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut encoder = encoder;
        let mut encode_metric = |name, help, unit: Option<&Unit>, metric: &dyn EncodeMetric| {
            metric.encode(encoder.encode_descriptor(name, help, unit, metric.metric_type())?)
        };
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let cpu = Duration::try_from(cpu).unwrap_or_default().as_secs_f64();
        encode_metric("process_cpu", "Processor time used", Some(&Unit::Seconds), &ConstCounter::new(cpu))?;
        let started_at =
            self.started_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let help = "When it was started, as Unix time";
        encode_metric("process_start_time", help, Some(&Unit::Seconds), &ConstGauge::new(started_at))?;
        if let Some(bytes) = resident_bytes() {
            encode_metric(
                "process_resident_memory",
                "Memory in use",
                Some(&Unit::Bytes),
                &ConstGauge::new(bytes),
            )?;
        }
        // Some systems hide the files of a process that is not dumpable.
        if let Some(open) = open_files() {
            encode_metric("process_open_fds", "Files that are open", None, &ConstGauge::new(open))?;
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            encode_metric("process_max_fds", "Files that may be open", None, &ConstGauge::new(most))?;
        }
        Ok(())
    }
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn open_files() -> Option<u64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of the files is the directory itself.
    u64::try_from(files.saturating_sub(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_figures_are_read_from_proc() {
        let resident = resident_bytes().unwrap();
        assert!((1 << 20..1 << 40).contains(&resident), "{resident}");
        let before = open_files().unwrap();
        let _file = fs::File::open("/proc/self/statm").unwrap();
        assert_eq!(open_files().unwrap(), before + 1);
    }
}
