/**
 * fast-check with one seed, so that property tests use the same values in every run. A failure states its seed and path.
 * `PULLPASS_TEST_SEED=N` selects another seed, to search for further cases.
 */
import fc from 'fast-check'

const written = process.env['PULLPASS_TEST_SEED'] ?? '20261124'
const seed = Number(written)
if (!Number.isInteger(seed)) throw new Error(`PULLPASS_TEST_SEED is an integer, not "${written}"`)
fc.configureGlobal({ seed })

export default fc
