/** Errors in the input: variables, documents, files. */
import { join } from 'node:path'
import { documentText } from '../../support/document-text.ts'
import { type ErrorCases, refresh, refreshDocument } from './error-case.ts'

export const documentCases: ErrorCases = {
  VARIABLE_INVALID: (sandbox) => refresh(sandbox, [], { PROJECT_NUMBER: 'example-project' }),

  DOCUMENT_UNREADABLE: (sandbox) => refresh(sandbox, ['-f', join(sandbox.folder.path, 'pull.yaml')]),

  DOCUMENT_INVALID: (sandbox) => refreshDocument(sandbox, (text) => text.replace('secretName:', 'secretname:')),

  SECRET_CLAIMED_TWICE: (sandbox) =>
    refreshDocument(sandbox, (text) => `${text}---\n${documentText(sandbox, { name: 'other', include: ['team-a'] })}`),

  async CREDENTIAL_FILE_INVALID(sandbox) {
    const file = {
      type: 'external_account',
      audience: `//iam.googleapis.com/${sandbox.gcp.provider}`,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: 'https://sts.googleapis.com/v1/token',
      credential_source: { executable: { command: '/bin/print-token' } },
    }
    await sandbox.write('gcp.json', JSON.stringify(file))
    return await refreshDocument(sandbox, (text) => text.replace(/gcp:.*/s, 'gcp: {credentialFile: gcp.json}\n'))
  },

  CA_FILE_INVALID: async (sandbox) => refresh(sandbox, ['--ca-file', await sandbox.write('proxy.pem', 'none\n')]),
}
