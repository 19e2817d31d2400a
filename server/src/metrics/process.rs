//! The gateway's own process, under the names that all programs give these figures.

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

/// Reads them when they are asked for.
#[derive(Debug)]
pub(super) struct Process {
    /// When it was started.
    pub since: SystemTime,
}

impl Collector for Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut encoder = encoder;
        let mut tell = |name, about, unit: Option<&Unit>, metric: &dyn EncodeMetric| {
            metric.encode(encoder.encode_descriptor(name, about, unit, metric.metric_type())?)
        };
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let cpu = Duration::try_from(cpu).unwrap_or_default().as_secs_f64();
        tell("process_cpu", "Processor time used", Some(&Unit::Seconds), &ConstCounter::new(cpu))?;
        let since = self.since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let about = "When it was started, as Unix time";
        tell("process_start_time", about, Some(&Unit::Seconds), &ConstGauge::new(since))?;
        if let Some(bytes) = resident_bytes() {
            tell("process_resident_memory", "Memory in use", Some(&Unit::Bytes), &ConstGauge::new(bytes))?;
        }
        // Of a process that others may not look at, some systems do not tell.
        if let Some(open) = open_files() {
            tell("process_open_fds", "Files that are open", None, &ConstGauge::new(open))?;
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            tell("process_max_fds", "Files that may be open", None, &ConstGauge::new(most))?;
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
    // One of them is the directory itself.
    u64::try_from(files.saturating_sub(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_itself() {
        let resident = resident_bytes().unwrap();
        assert!((1 << 20..1 << 40).contains(&resident), "{resident}");
        let before = open_files().unwrap();
        let _file = fs::File::open("/proc/self/statm").unwrap();
        assert_eq!(open_files().unwrap(), before + 1);
    }
}
