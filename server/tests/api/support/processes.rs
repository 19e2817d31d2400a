//! A look at the processes of the machine, through /proc.

use std::{collections::BTreeMap, fs};

use rustix::process::{Pid, Signal, kill_process};

/// A process, as it was when one looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    /// Its command line, with spaces between the arguments.
    pub(crate) command: String,
    pub(crate) environment: BTreeMap<String, String>,
}

impl Process {
    /// The processes that have this variable, or had when they were started. (A zombie has none.)
    pub(crate) fn with(variable: &str, value: &str) -> Vec<Self> {
        let pids = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let processes = pids.filter_map(Self::look);
        processes
            .filter(|process| process.environment.get(variable).is_some_and(|found| found == value))
            .collect()
    }

    /// Counts the zombies among the children of a process.
    pub(crate) fn zombies_of(parent: i32) -> usize {
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

    fn look(pid: i32) -> Option<Self> {
        // A process may end between two looks.
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pair = |entry: &[u8]| {
            text(entry).split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        Some(Self {
            pid,
            // After the name, which stands in parentheses, and the state.
            parent: stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?,
            command: text(&command).replace('\0', " ").trim().to_owned(),
            environment: environment.split(|byte| *byte == 0).filter_map(pair).collect(),
        })
    }

    /// Whether it is there, and no zombie.
    pub(crate) fn is_alive(&self) -> bool {
        Self::look(self.pid).is_some_and(|now| now.environment == self.environment)
    }

    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Lets it do nothing any more.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        // It may have ended meanwhile.
        let _ = kill_process(Pid::from_raw(self.pid).unwrap(), signal);
    }
}
