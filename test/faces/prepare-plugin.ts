/** A folder with a configuration and a program, to install on a node. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { findPluginSource, installPlugin } from '../../src/faces/install-plugin.ts'

export interface PreparedPlugin {
  readonly config: string
  readonly program: string
  /** The folder of the node. */
  readonly to: string
  /** Returns what was written. */
  readonly install: (installed?: string, nodePath?: string) => Promise<string[]>
}

/** `node`: the file that is installed as Node.js. Real ones have more than 100 MB, so only install-plugin.matrix.test.ts installs one. */
export async function preparePlugin(t: TestContext, node?: string): Promise<PreparedPlugin> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-plugin-'))
  t.after(() => rm(folder, { recursive: true }))
  const [config, program, to] = [join(folder, 'config'), join(folder, 'program'), join(folder, 'node')]
  await mkdir(config)
  await mkdir(join(program, 'credential-provider'), { recursive: true })
  await writeFile(
    join(program, 'credential-provider/credential-provider.cjs'),
    'console.log(process.argv.slice(2).join(" "))\n',
  )
  await writeFile(join(folder, 'small-node'), 'instead of Node.js')
  await writeFile(join(config, 'kubelet.yaml'), 'kind: CredentialProviderConfig\n')
  await writeFile(join(config, 'pullpass-1a2b3c4d.json'), '{}\n')
  return {
    config,
    program,
    to,
    install: async (installed = to, nodePath = installed) =>
      await installPlugin({
        config,
        to: installed,
        nodePath,
        source: await findPluginSource(node ?? join(folder, 'small-node'), program),
      }),
  }
}
