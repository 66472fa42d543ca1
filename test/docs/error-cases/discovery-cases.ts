/** Errors about issuer metadata: what the cluster serves, and what clouds can read. */
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import type { ErrorCases } from './error-case.ts'

const account = ['--service-account', 'image-system/pullpass']
const show = (sandbox: TestSandbox, ...words: string[]) =>
  runPullpass(sandbox, ['issuer', 'show', ...account, ...words])

const forbidden = 'forbidden: User "jane" cannot get path "/.well-known/openid-configuration"'

/** Injects a response of the cluster for paths of the issuer metadata. */
function injectResponse({ parts }: TestSandbox, path: string, response: SandboxResponse): void {
  parts.kubernetes.faults.inject({ kind: 'response', response }, { when: (request) => request.path.startsWith(path) })
}

export const discoveryCases: ErrorCases = {
  DISCOVERY_NOT_FOUND(sandbox) {
    injectResponse(sandbox, '/.well-known', { status: 404, body: '404 page not found\n' })
    sandbox.cluster.authorization.forbid({ verbs: ['create'], resources: ['serviceaccounts/token'] })
    return show(sandbox)
  },

  DISCOVERY_FORBIDDEN(sandbox) {
    const body = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      message: forbidden,
      reason: 'Forbidden',
      code: 403,
    }
    injectResponse(sandbox, '/.well-known', { status: 403, body })
    return show(sandbox)
  },

  DISCOVERY_MALFORMED(sandbox) {
    injectResponse(sandbox, '/openid', {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<!DOCTYPE html>',
    })
    return show(sandbox)
  },

  DISCOVERY_UNAVAILABLE(sandbox) {
    injectResponse(sandbox, '/.well-known', { status: 406, body: '406 Not Acceptable\n' })
    return show(sandbox)
  },

  ISSUER_UNUSABLE(sandbox) {
    const to = ['--to', sandbox.folder.path, '--issuer-url', 'https://kubernetes.default.svc']
    return runPullpass(sandbox, ['issuer', 'publish', ...account, ...to])
  },

  KEYS_UNUSABLE(sandbox) {
    injectResponse(sandbox, '/openid', {
      status: 200,
      body: { keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'key-1', x: 'AA' }] },
    })
    return runPullpass(sandbox, ['issuer', 'publish', ...account, '--to', sandbox.folder.path])
  },
}
