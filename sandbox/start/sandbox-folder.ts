/**
 * The files of a running sandbox, readable only by its user: kubeconfig, CA certificate and projected token. Written synchronously:
 * they are small, and a sandbox that is started for each test writes thousands.
 */
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SandboxFolder {
  readonly path: string
  readonly kubeconfigFile: string
  readonly caFile: string
  readonly tokenFile: string
  /** Writes a file that only the user can read, and returns its path. */
  readonly write: (name: string, content: string) => Promise<string>
  /** Replaces the token atomically, as the kubelet does: a reader gets the old or the new one. */
  readonly writeToken: (token: string) => Promise<void>
  readonly remove: () => Promise<void>
}

/** Folders of this process that have not been removed. */
const openFolders = new Set<string>()

/** On exit, also after a second signal: no token may remain on disk. */
function removeOpenFolders(): void {
  for (const path of openFolders) rmSync(path, { recursive: true, force: true })
}

export async function createSandboxFolder(ca: string): Promise<SandboxFolder> {
  const path = mkdtempSync(join(tmpdir(), 'pullpass-sandbox-')) // synchronous: no signal is handled before the next line
  if (openFolders.add(path).size === 1) process.once('exit', removeOpenFolders)
  chmodSync(path, 0o700)
  const [kubeconfigFile, caFile, tokenFile] = [join(path, 'kubeconfig'), join(path, 'ca.crt'), join(path, 'oidc-token')]
  const write: SandboxFolder['write'] = async (name, content) => {
    writeFileSync(join(path, name), content, { mode: 0o600 })
    return join(path, name)
  }
  writeFileSync(caFile, ca)
  return {
    path,
    kubeconfigFile,
    caFile,
    tokenFile,
    write,
    async writeToken(token) {
      writeFileSync(`${tokenFile}.new`, token, { mode: 0o600 })
      renameSync(`${tokenFile}.new`, tokenFile)
    },
    async remove() {
      rmSync(path, { recursive: true, force: true })
      openFolders.delete(path)
      if (openFolders.size === 0) process.off('exit', removeOpenFolders)
    },
  }
}
