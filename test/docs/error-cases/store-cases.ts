/** Errors of the store of a publish target. */
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import type { ErrorCases } from './error-case.ts'

const publishTo = (sandbox: TestSandbox, target: string, environment: Record<string, string | undefined> = {}) =>
  runPullpass(sandbox, ['issuer', 'publish', '--to', target], { environment })

/** A run while the store responds with this status. */
function publishWithStatus(sandbox: TestSandbox, status: number) {
  sandbox.gcp.parts.storage.faults.inject({ kind: 'response', response: { status, body: '<!DOCTYPE html>' } })
  return publishTo(sandbox, 'gs://example-cluster')
}

export const storeCases: ErrorCases = {
  PUBLISH_CREDENTIALS_MISSING: (sandbox) =>
    publishTo(sandbox, 'gs://example-issuer/cluster-1', {
      GOOGLE_APPLICATION_CREDENTIALS: undefined,
      CLOUDSDK_CONFIG: undefined,
      HOME: '/home/operator',
      METADATA_SERVER_DETECTION: 'none',
    }),

  PUBLISH_DENIED(sandbox) {
    sandbox.gcp.store.putBucket('example-issuer')
    sandbox.gcp.operators.withhold('storage.objects.get')
    sandbox.gcp.operators.withhold('storage.objects.list')
    return publishTo(sandbox, 'gs://example-issuer/cluster-1')
  },

  PUBLISH_TARGET_NOT_FOUND: (sandbox) => publishTo(sandbox, 'gs://example-isuer/cluster-1'),

  PUBLISH_REFUSED: (sandbox) => publishWithStatus(sandbox, 405),

  PUBLISH_UNAVAILABLE: (sandbox) => publishWithStatus(sandbox, 503),
}
