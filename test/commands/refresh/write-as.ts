/** Writes to the pull secret of team-a under another field manager. */
import assert from 'node:assert/strict'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'

/** The data of a pull secret with one entry, `USER:PASSWORD`. */
export function dockerConfigData(host: string, auth: string): { '.dockerconfigjson': string } {
  const config = { auths: { [host]: { auth: Buffer.from(auth).toString('base64') } } }
  return { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') }
}

export const patchAs = (sandbox: TestSandbox, namespace: string, fieldManager: string, body: object): Promise<void> =>
  writeAs(sandbox, { namespace, fieldManager, contentType: 'application/merge-patch+json' }, body)

export const applyAs = (
  sandbox: TestSandbox,
  namespace: string,
  fieldManager: string,
  fields: SecretFields,
): Promise<void> =>
  writeAs(
    sandbox,
    { namespace, fieldManager, contentType: 'application/apply-patch+yaml' },
    { apiVersion: 'v1', kind: 'Secret', ...fields, metadata: { name: 'regcred', namespace, ...fields.metadata } },
  )

interface SecretFields {
  readonly metadata?: object
  readonly type: unknown
  readonly data?: unknown
}

interface Writer {
  readonly namespace: string
  readonly fieldManager: string
  readonly contentType: string
}

async function writeAs({ cluster, kubeconfig }: TestSandbox, writer: Writer, body: object): Promise<void> {
  const { namespace, fieldManager, contentType } = writer
  const token = /token: "?([^"\n]+)"?/.exec(kubeconfig)?.[1] ?? ''
  const response = await cluster.handle({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/secrets/regcred`,
    query: new URLSearchParams({ fieldManager }),
    headers: { authorization: `Bearer ${token}`, 'content-type': contentType },
    body: Buffer.from(JSON.stringify(body)),
    signal: new AbortController().signal,
  })
  assert.ok(response.status === 200 || response.status === 201)
}
