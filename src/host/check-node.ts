/** Checks that this Node.js version can run pullpass. Older versions must be able to run this file: it imports nothing. */

/** `engines` in package.json is older: with 18, cli.ts starts, and finds the Node.js of the package (bundled-node.ts). */
const oldest = { major: 22, minor: 18 }

/** The error for an older version; undefined if it is supported. */
export function checkNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return undefined
  return [
    `USAGE_INVALID (run): this is Node.js ${version}`,
    `  expected Node.js ${oldest.major}.${oldest.minor} or newer`,
    '  fix: install the package with its own Node.js (npm install without --omit=optional), or a newer Node.js: node --version',
  ].join('\n')
}

/**
 * Node.js reads these variables before it runs any code: `https` prints bearer tokens and client keys, and the output of other
 * values changes between releases. https://nodejs.org/api/cli.html#node_debugmodule
 */
const debugging = ['NODE_DEBUG', 'NODE_DEBUG_NATIVE']

/** The error if debug output of Node.js is enabled; undefined if it is not. */
export function checkDebugging(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const name = debugging.find((one) => environment[one])
  if (name === undefined) return undefined
  return [
    `USAGE_INVALID (run): ${name} is set: Node.js would print tokens and keys to standard error`,
    `  expected no ${name}`,
    `  fix: unset ${name}; --log-level debug logs each request without secrets`,
  ].join('\n')
}
