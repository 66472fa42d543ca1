/** Errors of the publish target. */
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import type { ErrorCases } from './error-case.ts'

const publish = (sandbox: TestSandbox) =>
  runPullpass(sandbox, ['issuer', 'publish', '--to', join(sandbox.folder.path, 'public')])

/** Writes a file before the run. */
async function put({ folder, clock }: TestSandbox, path: string, text: string): Promise<void> {
  const file = join(folder.path, 'public', path)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, text)
  await utimes(file, clock.now(), clock.now())
}

export const publishCases: ErrorCases = {
  PUBLISHED_BY_VENDOR(sandbox) {
    const issuer = 'https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF'
    const response = { status: 200, body: { issuer, jwks_uri: `${issuer}/keys` } }
    const when = ({ path }: { path: string }) => path.startsWith('/.well-known')
    sandbox.parts.kubernetes.faults.inject({ kind: 'response', response }, { when })
    return publish(sandbox)
  },

  async PUBLISH_NOT_OURS(sandbox) {
    const issuer = 'https://storage.googleapis.com/example-issuer/cluster-2'
    await put(sandbox, '.well-known/openid-configuration', JSON.stringify({ issuer }))
    return await publish(sandbox)
  },

  async PUBLISH_CONFLICT(sandbox) {
    await put(sandbox, 'openid/v1/jwks.lock', '') // another writer that does not finish
    return await publish(sandbox)
  },
}
