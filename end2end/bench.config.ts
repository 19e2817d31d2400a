// `cargo xtask bench browser`: figures, not tests. What is lost fails; what is slow is told.
import tests from './playwright.config';

export default { ...tests, testDir: './bench', testMatch: '*.bench.ts', timeout: 180_000 };
