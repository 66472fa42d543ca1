/** Whether this Node can run pullpass, said before anything is loaded that an older one lacks: so this file loads nothing. */

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
