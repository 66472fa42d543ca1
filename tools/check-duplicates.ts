/** Fails when the lockfile holds a package in two versions, or an exception that is no longer needed. */
import { readFileSync } from 'node:fs'

/** Wanted by other people's packages in versions that exclude each other; none of them is in what a one-shot loads. */
const exceptions = new Set([
  '@types/node', // types alone: @kubernetes/client-node brings its own
  'undici-types', // types alone: of the above
  '@oxc-project/types', // types alone: knip's parser against rolldown's
  'agent-base', // google-auth-library (who publishes, and trust) against @kubernetes/client-node
  'tslib', // @peculiar/x509's container (the sandbox) is a major version behind
])

const lock: { packages: Record<string, { version?: string; optional?: true }> } = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
)
const versions = new Map<string, Set<string>>()
for (const [path, { version, optional }] of Object.entries(lock.packages)) {
  const name = path.split('node_modules/').at(-1)
  // What is optional is some platform's: the WebAssembly that stands in for a tool's binary is installed nowhere here.
  if (path.includes('node_modules/') && name && version && !optional)
    versions.set(name, (versions.get(name) ?? new Set()).add(version))
}
const double = [...versions].filter(([, found]) => found.size > 1)
const unknown = double.filter(([name]) => !exceptions.has(name))
const stale = [...exceptions].filter((name) => !double.some(([found]) => found === name))
for (const [name, found] of unknown) console.error(`${name} is locked in versions ${[...found].join(' and ')}`)
for (const name of stale) console.error(`${name} is no longer locked twice: take its exception away`)
if (unknown.length + stale.length > 0) process.exitCode = 1
