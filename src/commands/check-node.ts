/** Whether this Node can run pullpass, checked before anything is loaded that an older one lacks: so this file loads nothing. */

/** As `engines` in package.json. */
const oldest = { major: 22, minor: 18 }

/** What to tell whoever runs an older Node; undefined where it is new enough. */
export function checkNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return undefined
  return [
    `USAGE_INVALID (run): this is Node ${version}`,
    `  expected Node ${oldest.major}.${oldest.minor} or newer`,
    '  fix: install the package with its own Node (npm install without --omit=optional), or use a newer one: node --version',
  ].join('\n')
}

/**
 * Node reads these before it runs any code, and they cannot be taken back: `https` prints bearer tokens and client keys, and
 * what the others print changes from release to release. https://nodejs.org/api/cli.html#node_debugmodule
 */
const debugging = ['NODE_DEBUG', 'NODE_DEBUG_NATIVE']

/** Why Node's own debug output may not be on; undefined where it is off. */
export function checkDebugging(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const name = debugging.find((one) => environment[one])
  if (name === undefined) return undefined
  return [
    `USAGE_INVALID (run): ${name} is set: Node would print tokens and keys to standard error`,
    `  expected no ${name}`,
    `  fix: unset ${name}; --log-level debug shows each request without secrets`,
  ].join('\n')
}
