/** Errors about the subject token: its source and its claims. */
import { join } from 'node:path'
import { type ErrorCases, refresh, refreshDocument } from './error-case.ts'

export const subjectTokenCases: ErrorCases = {
  TOKEN_FILE_UNREADABLE: (sandbox) => refresh(sandbox, ['--token-file', join(sandbox.folder.path, 'no-token')]),

  TOKEN_MALFORMED: async (sandbox) =>
    refresh(sandbox, ['--token-file', await sandbox.write('token', 'dGhpcyBpcyBubyBKV1Q')]),

  TOKEN_EXPIRED: (sandbox) => {
    sandbox.clock.advance('2 h')
    return refresh(sandbox)
  },

  async AUDIENCE_MISMATCH(sandbox) {
    await sandbox.writeToken({ audiences: ['https://kubernetes.default.svc'] })
    return await refresh(sandbox)
  },

  TOKEN_ISSUER_MISMATCH: (sandbox) =>
    refreshDocument(
      sandbox,
      (text) => text,
      '  issuer: {publishTo: gs://example-cluster, url: https://oidc.example.com/cluster-1}',
    ),

  TOKEN_REQUEST_REFUSED: (sandbox) =>
    refreshDocument(sandbox, (text) => text, '  serviceAccountRef: {namespace: image-system, name: puller}'),
}
