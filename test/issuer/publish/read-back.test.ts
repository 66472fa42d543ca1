import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Transport } from '../../../src/http/transport.ts'
import type { SubjectToken } from '../../../src/identity/subject-token.ts'
import { buildDocuments, documentStore, documentUrl } from '../../../src/oidc/issuer-documents.ts'
import { readBack } from '../../../src/publish/confirm.ts'
import { confirmationAlarms } from '../../../src/publish/watch/key-alarms.ts'
import { issuer, keysOf, rsaJwk } from '../public/public-facts.ts'

const documents = buildDocuments(issuer, keysOf(rsaJwk))
const outcome = { documents, changes: {}, keys: [], before: {} }
const noToken: SubjectToken | string = 'not tried: none was requested'

/** The document at each URL; 404 for others. */
const serving =
  (texts: Readonly<Record<string, string>>): Transport =>
  async ({ url }) => ({ status: texts[url] === undefined ? 404 : 200, headers: {}, body: texts[url] ?? '' })

const published = {
  [documentUrl(issuer, 'discovery')]: documents.discovery.text,
  [documentUrl(issuer, 'jwks')]: documents.jwks.text,
}

async function readBackFrom(texts: Readonly<Record<string, string>>, publicTransport = serving(texts)) {
  const { signal } = new AbortController()
  const context = {
    transport: serving(texts),
    publicTransport,
    signal,
    now: () => new Date(0),
    lookUp: async () => [],
    vendors: {},
  }
  const target = { publicUrl: issuer, facts: documentStore() }
  return await readBack(context, { issuer, target, mode: 'write' }, outcome, async () => noToken)
}

suite('what was published, read back', () => {
  test('is readable by anonymous clients if a public authority issued the server’s certificate', async () => {
    const [discovery, jwks] = await readBackFrom(published)
    assert.equal(discovery?.seen, `readable by anonymous clients at ${documentUrl(issuer, 'discovery')}`)
    assert.equal(jwks?.seen, `readable by anonymous clients at ${documentUrl(issuer, 'jwks')}`)
  })

  test('is not reported as readable by anonymous clients if only this run trusts the certificate', async () => {
    const refusing: Transport = async () => {
      throw Object.assign(new Error('untrusted'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
    }
    const confirmations = await readBackFrom(published, refusing)
    for (const [at, name] of (['discovery', 'jwks'] as const).entries()) {
      assert.deepEqual(confirmations[at], {
        check: name,
        state: 'ok',
        url: documentUrl(issuer, name),
        seen: `read at ${documentUrl(issuer, name)} with the certificate authorities of this run: its certificate is not issued by a public authority (SELF_SIGNED_CERT_IN_CHAIN)`,
        hint: 'check which clouds refuse that certificate',
        command: `pullpass issuer check ${issuer}`,
      })
    }
  })

  const causes: Record<string, [texts: Readonly<Record<string, string>>, subject: string, seen: RegExp]> = {
    'no discovery document': [
      {},
      'discovery',
      /openid-configuration returns 404 to anonymous clients: it does not exist/,
    ],
    'no keys where it leads': [
      { [documentUrl(issuer, 'discovery')]: documents.discovery.text },
      'jwks',
      /jwks returns 404 to anonymous clients: it does not exist/,
    ],
  }
  for (const [title, [texts, subject, seen]] of Object.entries(causes)) {
    test(`${title}: one alarm, not one for each document that could not be read`, async () => {
      const confirmations = await readBackFrom(texts)
      assert.deepEqual(
        confirmations.map(({ because }) => because),
        subject === 'discovery' ? [undefined, 'discovery', 'discovery'] : [undefined, undefined, 'jwks'],
      )
      const [alarm, ...others] = confirmationAlarms(confirmations, issuer)
      assert.deepEqual([alarm?.subject, others], [subject, []])
      assert.match(alarm?.seen ?? '', seen)
    })
  }
})
