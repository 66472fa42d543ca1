/** Fails if the lockfile contains a package in two versions, or if an exception is no longer needed. */
import { readFileSync } from 'node:fs'

/** Required by third-party packages in incompatible versions; none of them is loaded by a refresh. */
const exceptions = new Set([
  '@types/node', // types only, of @kubernetes/client-node
  'undici-types', // types only, of the above
  '@oxc-project/types', // types only: knip's and rolldown's parsers
  'agent-base', // google-auth-library (publish, trust) and @kubernetes/client-node
  'tslib', // a dependency of @peculiar/x509 (sandbox) requires an older major version
])

const lock: { packages: Record<string, { version?: string; optional?: true }> } = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
)
const versions = new Map<string, Set<string>>()
for (const [path, { version, optional }] of Object.entries(lock.packages)) {
  const name = path.split('node_modules/').at(-1)
  // Optional packages depend on the platform: WebAssembly fallbacks of tools are not installed.
  if (path.includes('node_modules/') && name && version && !optional)
    versions.set(name, (versions.get(name) ?? new Set()).add(version))
}
const double = [...versions].filter(([, found]) => found.size > 1)
const unknown = double.filter(([name]) => !exceptions.has(name))
const stale = [...exceptions].filter((name) => !double.some(([found]) => found === name))
for (const [name, found] of unknown) console.error(`${name} is locked in versions ${[...found].join(' and ')}`)
for (const name of stale) console.error(`${name} is no longer locked twice: remove its exception`)
if (unknown.length + stale.length > 0) process.exitCode = 1
