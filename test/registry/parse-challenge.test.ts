import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseChallenge } from '../../src/registry/requests.ts'

const bearer = (realm: string, service?: string) => ({ scheme: 'bearer', realm, service })

const cases: readonly (readonly [
  string,
  string | undefined,
  ReturnType<typeof bearer> | { scheme: 'basic' } | undefined,
])[] = [
  [
    "Artifact Registry's names a realm alone",
    'Bearer realm="https://h.example/v2/token"',
    bearer('https://h.example/v2/token'),
  ],
  [
    "Docker Hub's names a service too",
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
    bearer('https://auth.docker.io/token', 'registry.docker.io'),
  ],
  [
    'an additional error and scope change nothing',
    'bearer scope="a:b,c", realm="https://h.example/t",error="x"',
    bearer('https://h.example/t'),
  ],
  ['unquoted values are values', 'Bearer realm=https://h.example/t, service=s', bearer('https://h.example/t', 's')],
  [
    "ECR's, which requires the password itself",
    'Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr"',
    { scheme: 'basic' },
  ],
  [
    'of two schemes the one with tokens counts',
    'Basic realm="x", Bearer realm="https://h.example/t"',
    bearer('https://h.example/t'),
  ],
  [
    'the first of two realms counts',
    'Bearer realm="https://a.example",realm="https://b.example"',
    bearer('https://a.example'),
  ],
  ['a Bearer without a realm is none', 'Bearer service="s"', undefined],
  ['other schemes are unknown', 'Negotiate', undefined],
  ['none is none', undefined, undefined],
  ['a line that does not end is none', `Bearer realm="${'x'.repeat(9000)}"`, undefined],
]

suite('a challenge', () => {
  for (const [title, header, expected] of cases)
    test(title, () => {
      assert.deepEqual(parseChallenge(header), expected)
    })

  test('of 8 KiB is parsed quickly, whatever it contains', () => {
    for (const unit of ['a', 'a=', 'a="', 'bearer ', ', bearer', '\\"', 'a =', ' ']) {
      const header = `Bearer ${unit.repeat(8192)}`.slice(0, 8192)
      const began = process.cpuUsage() // not the clock's: others work on this machine
      for (let times = 0; times < 10; times++) parseChallenge(header)
      assert.ok(process.cpuUsage(began).user < 500_000, unit)
    }
  })
})
