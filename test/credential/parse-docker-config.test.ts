import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseDockerConfig, renderDockerConfig } from '../../src/credential/docker-config.ts'
import { Redacted } from '../../src/text/redacted.ts'
import fc from '../support/fast-check.ts'

const parse = (text: string) => {
  const { entries, findings } = parseDockerConfig(new Redacted(text))
  const opened = [...entries].map(([host, { username, password }]) => [host, username, password.reveal()])
  return { entries: opened, findings }
}
const base64 = (text: string) => Buffer.from(text).toString('base64')

suite('parseDockerConfig', () => {
  const accepted: Record<string, [entry: string, username: string, password: string]> = {
    'auth alone': [`{"auth":"${base64('user:pass')}"}`, 'user', 'pass'],
    'user name and password alone': ['{"username":"user","password":"pass"}', 'user', 'pass'],
    'a colon in the password': [`{"auth":"${base64('user:pa:ss')}"}`, 'user', 'pa:ss'],
    'auth without its padding': ['{"auth":"dXNlcjpw"}', 'user', 'p'],
    'auth with padding left out': ['{"auth":"dXNlcjpwYQ"}', 'user', 'pa'],
    'auth in lines': ['{"auth":"dXNl\\r\\ncjpwYQ==\\n"}', 'user', 'pa'],
    'an empty auth next to the pair': ['{"username":"user","password":"pass","auth":""}', 'user', 'pass'],
    'null for what is not set': ['{"username":"user","password":"pass","auth":null,"email":null}', 'user', 'pass'],
    'capital letters, as Go takes them': ['{"Username":"user","PASSWORD":"pass"}', 'user', 'pass'],
    'a list in an unknown field': ['{"username":"user","password":"pass","other":[1]}', 'user', 'pass'],
  }
  for (const [name, [entry, username, password]] of Object.entries(accepted)) {
    test(`${name} is taken`, () => {
      assert.deepEqual(parse(`{"auths":{"registry.example.com":${entry}}}`), {
        entries: [['registry.example.com', username, password]],
        findings: [],
      })
    })
  }

  const breaking: Record<string, [entry: string, seen: string]> = {
    base64url: ['{"auth":"dXNlcjo_Pz8-"}', 'auth is not standard base64, but perhaps base64url'],
    'a blank in auth': ['{"auth":"dXNl cjpw"}', 'auth is not standard base64'],
    'one letter too few': ['{"auth":"dXNlc"}', 'auth is not standard base64, but perhaps base64url'],
    'padding in the middle': ['{"auth":"dXNlcg==OnA="}', 'auth is not standard base64, but perhaps base64url'],
    'auth without a colon': [`{"auth":"${base64('user')}"}`, 'auth contains no ":" between user name and password'],
    'auth of a line break': ['{"auth":"\\n"}', 'auth contains no ":" between user name and password'],
    'a number as password': ['{"username":"user","password":7}', 'password is not a string'],
    'an e-mail address that is not a string': ['{"auth":"dXNlcjpw","email":[]}', 'email is not a string'],
    'text for an entry': ['"dXNlcjpw"', 'it is not an object'],
  }
  for (const [name, [entry, seen]] of Object.entries(breaking)) {
    test(`${name} breaks the pulls of every pod that names the secret; the other entries are still shown`, () => {
      assert.deepEqual(parse(`{"auths":{"bad.example.com":${entry},"good.example.com":{"auth":"dXNlcjpw"}}}`), {
        entries: [['good.example.com', 'user', 'p']],
        findings: [{ effect: 'breaks-pulls', host: 'bad.example.com', seen }],
      })
    })
  }

  const unreadable: Record<string, string> = {
    'it is not JSON': '{"auths":',
    'it is not a JSON object': '[]',
    'auths is not an object': '{"auths":["registry.example.com"]}',
  }
  for (const [seen, text] of Object.entries(unreadable)) {
    test(`a secret is refused where ${seen}`, () => {
      assert.deepEqual(parse(text), { entries: [], findings: [{ effect: 'breaks-pulls', seen }] })
    })
  }

  test('headers that are not strings break pulls, although kubelets do not send them', () => {
    assert.deepEqual(parse('{"HttpHeaders":{"X":1},"auths":{}}').findings, [
      { effect: 'breaks-pulls', seen: 'HttpHeaders is not an object of strings' },
    ])
  })

  for (const text of ['null', '{}', '{"auths":null}', '{"europe-docker.pkg.dev":{"auth":"dXNlcjpw"}}']) {
    test(`${text} has no entries and breaks nothing`, () => {
      assert.deepEqual(parse(text), { entries: [], findings: [{ effect: 'ignored', seen: 'it has no auths' }] })
    })
  }

  test('if auth and the pair differ, auth is used and the difference is reported', () => {
    const entry = `{"username":"old","password":"old","auth":"${base64('new:new')}"}`
    assert.deepEqual(parse(`{"auths":{"host":${entry}}}`), {
      entries: [['host', 'new', 'new']],
      findings: [{ effect: 'ignored', host: 'host', seen: 'username and password differ from auth' }],
    })
  })

  test('an entry without a credential is reported', () => {
    for (const entry of ['null', '{}', '{"auth":"Og=="}']) {
      assert.deepEqual(parse(`{"auths":{"host":${entry}}}`).findings, [
        { effect: 'ignored', host: 'host', seen: 'it has neither user name nor password' },
      ])
    }
  })

  test('an identity token of docker is reported: kubelets do not use it', () => {
    const entry = '{"auth":"dXNlcjpw","identitytoken":"eyJ"}'
    assert.deepEqual(parse(`{"auths":{"host":${entry}}}`).findings, [
      { effect: 'ignored', host: 'host', seen: 'kubelets do not know identitytoken' },
    ])
  })

  test('what is rendered is parsed again, without a finding', () => {
    const host = fc.oneof(fc.domain(), fc.constantFrom('__proto__', '5000', 'quay.io/org/'))
    const username = fc.string({ minLength: 1 }).filter((name) => !name.includes(':'))
    const credential = fc.record({ hosts: fc.array(host, { minLength: 1 }), username, password: fc.string() })
    fc.assert(
      fc.property(credential, ({ hosts, username: name, password }) => {
        const expiresAt = new Date('2025-11-24T12:00:00Z')
        const text = renderDockerConfig([{ hosts, username: name, password: new Redacted(password), expiresAt }])
        const expected = [...new Set(hosts)].map((key) => [key, name, password])
        const parsed = parse(text.reveal())
        assert.deepEqual(new Set(parsed.entries), new Set(expected))
        assert.deepEqual(parsed.findings, [])
      }),
    )
  })

  test('any text is parsed, and no finding shows a part of it', () => {
    const entry = fc.record({ auth: fc.string(), username: fc.jsonValue(), password: fc.jsonValue() })
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      entry.map((value) => JSON.stringify({ auths: { host: value } })),
    )
    fc.assert(fc.property(texts, (text) => assert.ok(parse(text).findings.every(({ seen }) => seen.length < 60))))
  })
})
