import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { Context } from '../../../src/http/context.ts'
import { operatorToken as chainguard } from '../../../src/vendors/chainguard/operator/sign-in.ts'
import { operatorToken as cloudsmith } from '../../../src/vendors/cloudsmith/operator/sign-in.ts'
import { operatorToken as jfrog } from '../../../src/vendors/jfrog/operator/sign-in.ts'
import { operatorToken as quay } from '../../../src/vendors/quay/operator/sign-in.ts'
import { requestTrust, type ServerToken } from '../../../src/vendors/trust/token-api.ts'
import { fakeContext } from '../../support/fake-context.ts'

/** By the hosts of the documents; `named`: by the operator's variable. */
async function sentTo(token: ServerToken, origin: string, named?: string) {
  const value = `${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`
  const environment = { [token.name]: value, ...(named !== undefined && { [token.server]: named }) }
  const received: string[] = []
  const transport: Context['transport'] = async ({ url, headers }) => {
    if (Object.values(headers).some((header) => header.includes(value))) received.push(new URL(url).origin)
    return { status: 200, headers: {}, body: '{}' }
  }
  const api = { token, header: 'bearer', origin: `${origin}/v1`, refusal: () => undefined } as const
  const context = { ...fakeContext({ environment }), transport }
  const fault = await requestTrust(context, api, { method: 'GET', path: '/' }, () => undefined).catch(
    (error: unknown) => error,
  )
  if (fault !== undefined) assert.ok(fault instanceof PullpassError && fault.code === 'TRUST_CREDENTIALS_MISSING')
  return { received, fault }
}

const tokens = [
  [quay, 'https://quay.io'],
  [cloudsmith, 'https://api.cloudsmith.io'],
  [chainguard, 'https://console-api.enforce.dev'],
] as const

suite("the operator's token", () => {
  for (const [token, own] of tokens) {
    const { name, domain } = token

    test(`in ${name} is sent to a server of the vendor that a document names`, async () => {
      assert.deepEqual((await sentTo(token, own)).received, [own])
    })

    for (const other of [
      'https://registry.example.com',
      `https://${domain}.example.com`,
      `https://not${domain}`,
      'https://127.0.0.1:8443',
      `http://${domain}`,
    ])
      test(`in ${name} is not sent to ${other}, which only a document names`, async () => {
        const { received, fault } = await sentTo(token, other)
        assert.deepEqual(received, [])
        assert.match(
          String(fault),
          new RegExp(`the document names ${other}, which is not a server of ${token.service}`),
        )
        assert.deepEqual((await sentTo(token, other, '')).received, [])
      })
  }

  // A platform of any name below jfrog.io can be registered.
  for (const origin of ['https://acme.jfrog.io', 'https://acme.example.com:8443'])
    test(`in ${jfrog.name} is not sent to ${origin}, which only a document names`, async () => {
      const { received, fault } = await sentTo(jfrog, origin)
      assert.deepEqual(received, [])
      assert.deepEqual(String(fault).split('\n'), [
        `PullpassError: TRUST_CREDENTIALS_MISSING (trust): variable JFROG_URL is not set, and the document names ${origin}: variable JFROG_ACCESS_TOKEN was not sent there`,
        '  expected the server of the token in variable JFROG_URL: any customer of JFrog can register one',
        `  fix: if you know that server and the token is of it, name it; otherwise correct the document: export JFROG_URL=${origin}`,
      ])
      assert.deepEqual((await sentTo(jfrog, origin, origin)).received, [origin])
    })

  for (const [token, own] of [...tokens, [jfrog, 'https://acme.jfrog.io'] as const]) {
    const { name, server } = token

    test(`in ${name} is sent to another server where ${server} names the same one`, async () => {
      const other = 'https://registry.example.com'
      for (const named of [other, `${other}/`, `${other}/v1`, 'registry.example.com', ` ${other} `])
        assert.deepEqual((await sentTo(token, other, named)).received, [other], named)
    })

    test(`in ${name} is sent to no server other than the one that ${server} names`, async () => {
      for (const named of [
        'https://other.example.com',
        `https://registry.example.com@${new URL(own).host}`,
        'not a URL',
        'http://registry.example.com',
      ]) {
        const { received, fault } = await sentTo(token, 'https://registry.example.com', named)
        assert.deepEqual(received, [], named)
        assert.match(String(fault), new RegExp(`variable ${server} is ".*", and the document names https://registry`))
      }
      assert.deepEqual((await sentTo(token, own, 'https://registry.example.com')).received, [])
    })
  }
})
