/** Errors about one key of the issuer. */
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { type ErrorCases, refreshDocument } from './error-case.ts'

const revoke = (sandbox: TestSandbox, keyId: string) =>
  runPullpass(sandbox, ['issuer', 'revoke', '--to', 'gs://example-cluster', '--', keyId])

function seedAccount({ cluster }: TestSandbox): void {
  const metadata = { namespace: 'default', name: 'default' }
  cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata })
}

export const keyCases: ErrorCases = {
  async KEY_UNPUBLISHED(sandbox) {
    const { keys } = sandbox.cluster
    keys.signWith(await keys.add())
    await sandbox.writeToken()
    sandbox.cluster.authorization.forbid({ verbs: ['get'], resources: ['configmaps'] })
    return await refreshDocument(sandbox, (text) => text, '  issuer: {publishTo: gs://example-cluster}')
  },

  async KEY_PUBLISHED_RECENTLY(sandbox) {
    const { keys } = sandbox.cluster
    sandbox.gcp.adjust({ issuerDocuments: 'cached' })
    const issuer = '  issuer: {publishTo: gs://example-cluster}'
    await sandbox.writeToken()
    await refreshDocument(sandbox, (text) => text, issuer)
    for (const secret of sandbox.cluster.store.list('Secret')) sandbox.cluster.store.remove(secret)
    keys.signWith(await keys.add())
    await sandbox.writeToken()
    return await refreshDocument(sandbox, (text) => text, issuer)
  },

  KEY_UNKNOWN: (sandbox) => revoke(sandbox, 'unknown'),

  KEY_IN_USE(sandbox) {
    seedAccount(sandbox)
    return revoke(sandbox, sandbox.cluster.keys.current.kid)
  },
}
