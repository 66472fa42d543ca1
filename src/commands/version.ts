/** pullpass version: which pullpass this is, and which Node.js runs it. */
import manifest from '../../package.json' with { type: 'json' }
import type { Command } from './command-line/command.ts'
import { outputFlags } from './command-line/flags.ts'
import { renderResult } from './command-line/output.ts'
import type { Version } from './output/envelope.ts'

/** Set by tools/build.ts; absent where the sources themselves run. */
declare const PULLPASS_COMMIT: string | undefined

export const version: string = manifest.version

const commit = typeof PULLPASS_COMMIT === 'string' ? PULLPASS_COMMIT : 'unknown'

export const showVersion: Command<typeof outputFlags> = {
  usage: ['version [flags]'],
  details: [
    'Also as pullpass --version. The commit is "unknown" where pullpass runs from its sources, or was built outside of a Git',
    'repository.',
  ].join('\n'),
  life: 'one-shot',
  connects: 'never',
  flags: outputFlags,

  async run({ flags: { output }, context, terminal }) {
    const found: Version = { kind: 'Version', version, commit, nodeVersion: process.versions.node }
    terminal.print(
      output === undefined
        ? `pullpass ${version} (commit ${commit}, Node.js ${found.nodeVersion})`
        : await renderResult(found, output, context.secrets),
    )
    return 0
  },
}
