//! A settable time of day for one gateway. Monotonic clocks are unchanged.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    process::Command,
};

use super::Setup;

/// The time of day of a gateway, shifted by a preloaded library.
pub(crate) struct TestClock {
    shift: File,
}

impl TestClock {
    /// Compiles the library and adds it to the gateway's environment.
    ///
    /// A C compiler is present, because parts of the gateway are C.
    pub(crate) fn install(setup: Setup) -> (Setup, Self) {
        let (library, shift) = (setup.path("clock.so"), setup.path("clock-shift"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/support/clock.c");
        #[expect(clippy::disallowed_methods, reason = "the test compiles a library")]
        let mut cc = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        let compiled = cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).output().unwrap();
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        fs::write(&shift, 0_i64.to_ne_bytes()).unwrap();
        let clock = Self { shift: File::options().read(true).write(true).open(&shift).unwrap() };
        (setup.set("LD_PRELOAD", library).set("CLOCK_SHIFT", shift), clock)
    }

    /// Sets the time of day to the real time plus `seconds`.
    pub(crate) fn set(&self, seconds: i64) {
        self.shift.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }
}
