/** The files of a running sandbox, for its user alone: how to reach it, whom to trust, and the projected token. */
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SandboxFolder {
  readonly path: string
  readonly kubeconfigFile: string
  readonly caFile: string
  readonly tokenFile: string
  /** Replaces the token at once, as the kubelet does: a reader sees the old or the new one, never half of it. */
  readonly writeToken: (token: string) => Promise<void>
  readonly remove: () => Promise<void>
}

export async function createSandboxFolder(kubeconfig: string, ca: string): Promise<SandboxFolder> {
  const path = await mkdtemp(join(tmpdir(), 'pullpass-sandbox-'))
  await chmod(path, 0o700)
  const [kubeconfigFile, caFile, tokenFile] = [join(path, 'kubeconfig'), join(path, 'ca.crt'), join(path, 'oidc-token')]
  await writeFile(kubeconfigFile, kubeconfig, { mode: 0o600 })
  await writeFile(caFile, ca)
  return {
    path,
    kubeconfigFile,
    caFile,
    tokenFile,
    async writeToken(token) {
      await writeFile(`${tokenFile}.new`, token, { mode: 0o600 })
      await rename(`${tokenFile}.new`, tokenFile)
    },
    remove: () => rm(path, { recursive: true, force: true }),
  }
}
