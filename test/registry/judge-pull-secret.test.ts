import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseDockerConfig } from '../../src/credential/docker-config.ts'
import { evaluatePullSecret, type PullSecretProblem } from '../../src/registry/check-pull-secret.ts'
import { Redacted } from '../../src/text/redacted.ts'

const now = new Date('2025-11-24T12:00:00Z')
const configOf = (auths: object) => parseDockerConfig(new Redacted(JSON.stringify({ auths })))
const entry = { auth: Buffer.from('user:password').toString('base64') }
const hello = { name: 'quay.io/org/hello:1', reference: imageOf('quay.io', 'org/hello') }

function imageOf(host: string, repository: string) {
  return { host, repository, tag: '1', digest: undefined }
}

const record = (hosts: string[], expiresAt: string) => ({ hosts, expiresAt: new Date(expiresAt), mintedFrom: 'x' })

const codeAndSeen = ({ code, seen }: PullSecretProblem) => `${code}: ${seen}`

suite('the evaluation of a pull secret', () => {
  test('each host is shown with user, expiry and order of use', () => {
    const config = configOf({ 'quay.io': entry, 'quay.io/org/': entry, 'example.com': entry, 'quay.io:443': entry })
    const registries = new Map([['quay', record(['quay.io/org/'], '2025-11-24T12:50:00Z')]])
    const { entries, tried, problems, notes } = evaluatePullSecret({ config, registries, image: hello }, now)
    assert.deepEqual(tried, ['quay.io/org/', 'quay.io'])
    assert.deepEqual(entries, [
      { host: 'quay.io', username: 'user', expiresAt: undefined, fit: 'fits' },
      {
        host: 'quay.io/org/',
        username: 'user',
        expiresAt: new Date('2025-11-24T12:50:00Z'),
        fit: 'fits',
      },
      { host: 'example.com', username: 'user', expiresAt: undefined, fit: 'other host' },
      { host: 'quay.io:443', username: 'user', expiresAt: undefined, fit: 'other port' },
    ])
    assert.deepEqual([problems, notes], [[], []])
  })

  test('without an image, no image is evaluated', () => {
    const { entries, tried, problems } = evaluatePullSecret(
      { config: configOf({ host: entry }), registries: new Map() },
      now,
    )
    assert.equal(tried, undefined)
    assert.deepEqual(entries, [{ host: 'host', username: 'user', expiresAt: undefined, fit: undefined }])
    assert.deepEqual(problems, [])
  })

  test('a token as user name is not shown', () => {
    const config = configOf({ host: { username: 'eyJ'.repeat(50), password: '' } })
    const [first] = evaluatePullSecret({ config, registries: new Map() }, now).entries
    assert.equal(first?.username, '(150 characters, perhaps a token: not shown)')
  })

  test('an entry that no kubelet can parse is a problem for every image of the pod', () => {
    const config = configOf({ 'quay.io': entry, 'bad.example.com': { auth: 'no colon' } })
    const { parsing, problems } = evaluatePullSecret({ config, registries: new Map(), image: hello }, now)
    assert.equal(parsing, 'fails')
    assert.deepEqual(problems.map(codeAndSeen), [
      'SECRET_MALFORMED: no kubelet can parse it, so a pod that references this Secret can pull no image: bad.example.com: auth is not standard base64',
    ])
  })

  test('an expired credential is a problem', () => {
    const registries = new Map([['quay', record(['quay.io'], '2025-11-24T12:00:00Z')]])
    assert.deepEqual(
      evaluatePullSecret({ config: configOf({ 'quay.io': entry }), registries }, now).problems.map(codeAndSeen),
      ['SECRET_EXPIRED: quay.io: its credential expired at 2025-11-24T12:00:00Z'],
    )
  })

  test('an image that no host matches is a problem, reported with its full name', () => {
    const image = { name: 'hello', reference: imageOf('docker.io', 'library/hello') }
    for (const auths of [{ 'quay.io': entry }, {}]) {
      assert.deepEqual(
        evaluatePullSecret({ config: configOf(auths), registries: new Map(), image }, now).problems.map(codeAndSeen),
        [
          'IMAGE_NOT_MATCHED: none of its hosts matches hello, which is docker.io/library/hello: a kubelet pulls it without this Secret',
        ],
      )
    }
  })

  test("Docker Hub's old key is shown as tried", () => {
    const image = { name: 'hello', reference: imageOf('docker.io', 'library/hello') }
    const config = configOf({ 'https://index.docker.io/v1/': entry })
    const { entries, tried } = evaluatePullSecret({ config, registries: new Map(), image }, now)
    assert.deepEqual([entries[0]?.fit, tried], ['fits', ['https://index.docker.io/v1/']])
  })

  test('content that kubelets ignore is a note, not a problem', () => {
    const config = configOf({ 'quay.io': { ...entry, identitytoken: 'x' } })
    const { problems, notes } = evaluatePullSecret({ config, registries: new Map() }, now)
    assert.deepEqual([problems, notes], [[], ['quay.io: kubelets do not know identitytoken']])
  })
})
