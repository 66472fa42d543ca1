/** The home folder of a guide's reader: a kubeconfig, a clone's `deploy`, and `pullpass` on the PATH. */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileCache } from '../../test/support/spawn-pullpass.ts'
import { writePullpassProgram } from '../parts/process/pullpass-program.ts'
import type { GuideCluster } from './guide-cluster.ts'

/** Returns all variables of its shell. */
export async function setUpHome(
  home: string,
  variables: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  for (const name of ['.kube', '.blocks', 'bin']) await mkdir(join(home, name), { recursive: true })
  await cp('deploy', join(home, 'deploy'), { recursive: true })
  const simulatePublicNetwork = fileURLToPath(new URL('./simulate-public-network.ts', import.meta.url))
  await writePullpassProgram(join(home, 'bin'), { nodeFlags: ['--import', simulatePublicNetwork] })
  const path = [join(home, 'bin'), process.env['PATH'] ?? '', '/usr/sbin'].join(delimiter)
  return { PATH: path, HOME: home, TMPDIR: home, LC_ALL: 'C.UTF-8', NO_COLOR: '1', ...compileCache, ...variables }
}

export const writeKubeconfig = (home: string, { kubeconfig }: GuideCluster): Promise<void> =>
  writeFile(join(home, '.kube/config'), kubeconfig(), { mode: 0o600 })
