// `cargo xtask bench browser`: measures the page. Lost data fails; slow results are only reported.
import tests from './playwright.config';

export default { ...tests, testDir: './bench', testMatch: '*.bench.ts', timeout: 180_000 };
