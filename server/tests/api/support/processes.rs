//! The processes of the machine, read from `/proc`.

use std::{collections::BTreeMap, fs};

use rustix::process::{Pid, Signal, kill_process};

/// A process at the time of reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    /// The command line, with spaces between the arguments.
    pub(crate) command: String,
    pub(crate) environment: BTreeMap<String, String>,
}

impl Process {
    /// Returns the processes that were started with this environment variable. Zombies have no environment.
    pub(crate) fn with_env(variable: &str, value: &str) -> Vec<Self> {
        let pids = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let processes = pids.filter_map(Self::read);
        processes
            .filter(|process| process.environment.get(variable).is_some_and(|found| found == value))
            .collect()
    }

    /// Counts the zombies among the children of a process.
    pub(crate) fn count_zombies_of(parent: i32) -> usize {
        let stats = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
            entry.file_name().to_str()?.parse::<u32>().ok()?;
            fs::read_to_string(entry.path().join("stat")).ok()
        });
        let is_zombie = |stat: &String| {
            let rest = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default();
            rest.starts_with(&format!("Z {parent} "))
        };
        stats.filter(is_zombie).count()
    }

    fn read(pid: i32) -> Option<Self> {
        // The process may end between two reads.
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pair = |entry: &[u8]| {
            text(entry).split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        Some(Self {
            pid,
            // Follows the name in parentheses and the state.
            parent: stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?,
            command: text(&command).replace('\0', " ").trim().to_owned(),
            environment: environment.split(|byte| *byte == 0).filter_map(pair).collect(),
        })
    }

    /// Returns `true` if the process exists and is not a zombie.
    pub(crate) fn is_alive(&self) -> bool {
        Self::read(self.pid).is_some_and(|now| now.environment == self.environment)
    }

    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Stops the process without ending it.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Resumes a frozen process.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        // The process may have ended.
        let _ = kill_process(Pid::from_raw(self.pid).unwrap(), signal);
    }
}
