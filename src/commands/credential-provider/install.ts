/** pullpass credential-provider install: puts the kubelet's plugin and its configuration on a node, and keeps them up to date. */
import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { findPluginSource, installPlugin, UnsafeFolder } from '../../faces/install-plugin.ts'
import { systemErrorCode, whyUnreadable } from '../../host/read-file.ts'
import type { Command } from '../command-line/command.ts'
import { type Flag, usageFault } from '../command-line/flag.ts'
import { plainPath } from '../manifests/pod-flags.ts'

type Text = Flag & { type: 'string' }

const flags: {
  readonly config: Text
  readonly to: Text
  readonly 'node-path': Text
  readonly once: Flag & { type: 'boolean' }
} = {
  config: {
    type: 'string',
    value: 'FOLDER',
    summary: 'Folder with kubelet.yaml and the configuration of each provider',
  },
  to: { type: 'string', value: 'FOLDER', rule: plainPath, summary: 'Folder of the node, as it is mounted here' },
  'node-path': {
    type: 'string',
    value: 'FOLDER',
    rule: plainPath,
    summary: 'Path of that folder on the node (default: as --to)',
  },
  once: { type: 'boolean', summary: 'Install once and exit' },
}

const checkMs = 60_000

export const install: Command<typeof flags> = {
  usage: ['credential-provider install --config FOLDER --to FOLDER [flags]'],
  details: [
    'Copies Node.js with its libraries, pullpass and the configuration to a folder of the node, and writes the scripts that',
    'kubelets start. Then it checks every minute whether they are up to date. The DaemonSet that pullpass manifests node',
    'prints runs it; --once is for images of nodes. It does not change the flags of the kubelet.',
    '',
    'Example, while an image of a node is built:',
    '  pullpass credential-provider install --config ./node-config --to /opt/pullpass --once',
  ].join('\n'),
  life: 'until-stopped',
  flags,

  async run({ flags: { config, to, 'node-path': nodePath = to, once }, context, terminal }) {
    const fail = (seen: string, expected: string) => usageFault('credential-provider install', seen, expected)
    if (config === undefined) throw fail('--config is missing', 'the folder with the configuration')
    if (to === undefined || nodePath === undefined) throw fail('--to is missing', 'the folder of the node')
    await readdir(config).catch((error: unknown) => {
      throw fail(`--config ${config} ${whyUnreadable(error)}`, 'the directory with the configuration')
    })
    const source = await findPluginSource(process.execPath, dirname(fileURLToPath(import.meta.url))).catch(refuse)
    for (;;) {
      const written = await installPlugin({ config, to, nodePath, source }).catch(refuse)
      for (const path of written) terminal.print(`installed ${nodePath}/${path}`)
      if (once) return 0
      await context.sleep(checkMs, context.signal)
    }
  },
}

function refuse(error: unknown): never {
  if (!(error instanceof Error) || !(error instanceof UnsafeFolder || systemErrorCode(error))) throw error
  throw new PullpassError({
    code: 'OUTPUT_UNWRITABLE',
    hop: 'run',
    seen: `the plugin cannot be installed: ${error.message}`,
    expected: 'a readable configuration, and a folder of this user that no other user may write',
    hint: 'check the hostPath of the DaemonSet: on some systems /opt is read-only; set another folder with --node-path of manifests node',
    cause: error,
  })
}
