/** Refreshes while a cloud responds with a secret of the request, and searches all output and errors for it. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import type { SandboxResponse } from '../../sandbox/serve/handler.ts'
import { refusal } from '../vendors/gcp/exchange-at-sandbox.ts'
import { documentText } from './document-text.ts'
import {
  echoes,
  federated,
  grant,
  impersonated,
  plantSecrets,
  setIamResponse,
  setStsResponse,
} from './plant-secrets.ts'

/** Responses of a cloud with a secret in every possible place. */
function responsesWith(words: string): Record<string, SandboxResponse> {
  return {
    'a refusal': { status: 400, body: { error: 'invalid_grant', error_description: words } },
    'a refusal’s word': { status: 400, body: { error: words } },
    'a refusal of Google’s APIs': { status: 403, body: { error: { message: words, status: words } } },
    'its own failure': { status: 503, body: { error: { message: words }, error_description: words } },
    'a page': { status: 200, headers: { 'content-type': 'text/html' }, body: `<p>${words}</p>` },
    'JSON that ends early': { status: 200, body: `{"access_token": "${words}` },
    'a field of another type': { status: 200, body: { access_token: [words], accessToken: { words } } },
    'a token with a space': { status: 200, body: { access_token: ` ${words}`, accessToken: ` ${words}` } },
    'an expiry': { status: 200, body: { access_token: 'a', expires_in: words, accessToken: 'a', expireTime: words } },
  }
}

/** Headers cannot contain control characters. */
const headersWith = (words: string): Record<string, SandboxResponse> => ({
  'a content type': { status: 200, headers: { 'content-type': words }, body: 'no JSON' },
  'a redirect': { status: 307, headers: { location: `https://elsewhere.example/?${words}` } },
  'a time to wait': { status: 429, headers: { 'retry-after': words.slice(0, 60) }, body: '' },
})

/** `isSelected` selects among all encodings of the secret and all kinds of response, for both hops. */
export async function searchCloudResponses(
  t: TestContext,
  isSelected: (spelling: string, kind: string) => boolean,
): Promise<void> {
  const { sandbox, runForPrograms: run, secrets, subjectToken } = await plantSecrets(t)
  const file = await sandbox.write('pull.yaml', documentText(sandbox))
  const gcp = {
    gcp: [`workloadIdentityProvider: ${sandbox.gcp.provider}`, 'serviceAccountEmail: p@p.iam.gserviceaccount.com'],
  }
  for (const [hop, response, secret] of [
    ['exchange', setStsResponse, subjectToken],
    ['impersonation', setIamResponse, federated],
  ] as const) {
    for (const [spelling, echo] of Object.entries(echoes)) {
      const words = echo(secret)
      const headers = /^[\x20-\x7e]*$/.test(words) ? headersWith(words) : {}
      for (const [kind, given] of Object.entries({ ...responsesWith(words), ...headers })) {
        if (!isSelected(spelling, kind)) continue
        const where = `${hop}, ${kind}, ${spelling}`
        response(sandbox.gcp.parts, given)
        const { exitCode, stderr } = await run(where, ['refresh', '-f', file])
        assert.equal(exitCode, 1, where)
        assert.match(stderr, new RegExp(`"hop":"${hop}"`), where)
        const error = await refusal(sandbox, gcp)
        secrets.assertAbsent(inspect(error, { depth: null, showHidden: true }), `${where}, inspect`)
        secrets.assertAbsent(JSON.stringify(error), `${where}, JSON`)
      }
    }
    grant(sandbox)
  }
}

const statusResponse = (status: number, message: string): SandboxResponse => ({
  status,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'Invalid', code: status },
})

/** The same for responses of the API server, to an apply and to a list. */
export async function searchClusterResponses(
  t: TestContext,
  isSelected: (spelling: string, status: number) => boolean,
): Promise<void> {
  const { sandbox, runForPrograms: run, bearer } = await plantSecrets(t)
  const { faults } = sandbox.parts.kubernetes
  const file = await sandbox.write('pull.yaml', documentText(sandbox))
  for (const [spelling, echo] of Object.entries(echoes)) {
    for (const status of [400, 401, 403, 404, 409, 413, 422]) {
      if (!isSelected(spelling, status)) continue
      faults.inject(
        { kind: 'response', response: statusResponse(status, echo(impersonated)) },
        { when: ({ method }) => method === 'PATCH' },
      )
      await run(`an apply, ${status}, ${spelling}`, ['refresh', '-f', file])
      faults.clear()
      faults.inject({ kind: 'response', response: statusResponse(status, echo(bearer)) })
      await run(`a list, ${status}, ${spelling}`, ['refresh', '-f', file])
      faults.clear()
    }
  }
}

/** `kind`: of a response of a cloud. */
type Search = (t: TestContext, isSelected: (spelling: string, kind?: string) => boolean) => Promise<void>

/** A host with two roles responds in one of them with a secret that it received in the other. */
export const hostsWithSeveralRoles: Readonly<Record<string, Search>> = {
  'as token service and IAM': async (t, isSelected) => {
    const { sandbox, runForPrograms: run, secrets, subjectToken } = await plantSecrets(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const gcp = {
      gcp: [`workloadIdentityProvider: ${sandbox.gcp.provider}`, 'serviceAccountEmail: p@p.iam.gserviceaccount.com'],
    }
    for (const [spelling, echo] of selectedEchoes(isSelected)) {
      const words = echo(subjectToken)
      const headers = /^[\x20-\x7e]*$/.test(words) ? headersWith(words) : {}
      for (const [kind, given] of Object.entries({ ...responsesWith(words), ...headers })) {
        if (!isSelected(spelling, kind)) continue
        const where = `impersonation, ${kind}, ${spelling}`
        setIamResponse(sandbox.gcp.parts, given)
        const { exitCode, stderr } = await run(where, ['refresh', '-f', file])
        assert.equal(exitCode, 1, where)
        assert.match(stderr, /"hop":"impersonation"/, where)
        secrets.assertAbsent(
          inspect(await refusal(sandbox, gcp), { depth: null, showHidden: true }),
          `${where}, inspect`,
        )
      }
    }
  },

  'as token service and API server, or registry': async (t, isSelected) => {
    const { sandbox, run, subjectToken } = await plantSecrets(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const { kubernetes, registry } = sandbox.parts
    for (const secret of [subjectToken, federated, impersonated]) {
      for (const [spelling, echo] of selectedEchoes(isSelected)) {
        const words = echo(secret)
        const isApply = { when: ({ method }: { method: string }) => method === 'PATCH' }
        kubernetes.faults.inject({ kind: 'response', response: statusResponse(422, words) }, isApply)
        assert.equal((await run(`an apply, ${spelling}`, ['refresh', '-f', file])).exitCode, 1)
        kubernetes.faults.clear()
        const body = { errors: [{ code: 'DENIED', message: words }] }
        registry.faults.inject({ kind: 'response', response: { status: 403, body } })
        assert.equal((await run(`a registry, ${spelling}`, ['doctor', '-f', file])).exitCode, 1)
        registry.faults.clear()
      }
    }
  },

  'as token service and issuer, with key IDs that contain a secret': async (t, isSelected) => {
    const { sandbox, run, subjectToken } = await plantSecrets(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const { kubernetes } = sandbox.parts
    for (const [spelling, echo] of selectedEchoes(isSelected)) {
      const keys = [{ kty: 'RSA', kid: echo(subjectToken), n: 'AQAB', e: 'AQAB', alg: 'none', use: 'sig' }]
      const isKeys = { when: ({ path }: { path: string }) => path === '/openid/v1/jwks' }
      kubernetes.faults.inject({ kind: 'response', response: { status: 200, body: { keys } } }, isKeys)
      await run(`keys, ${spelling}`, ['doctor', '-f', file])
      await run(`keys, ${spelling}`, ['issuer', 'show'])
      kubernetes.faults.clear()
    }
  },
}

const selectedEchoes = (isSelected: (spelling: string) => boolean) =>
  Object.entries(echoes).filter(([spelling]) => isSelected(spelling))
