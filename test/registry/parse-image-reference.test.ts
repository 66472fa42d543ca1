import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseImageReference } from '../../src/registry/image-reference.ts'
import fc from '../support/fast-check.ts'

const sha256 = `sha256:${'0123456789abcdef'.repeat(4)}`

suite('parseImageReference', () => {
  const names: Record<string, [host: string, repository: string, tag?: string | undefined, digest?: string]> = {
    busybox: ['docker.io', 'library/busybox', 'latest'],
    'busybox:1.37': ['docker.io', 'library/busybox', '1.37'],
    'grafana/loki:3': ['docker.io', 'grafana/loki', '3'],
    'docker.io/busybox': ['docker.io', 'library/busybox', 'latest'],
    'index.docker.io/busybox': ['docker.io', 'library/busybox', 'latest'],
    'localhost/app': ['localhost', 'app', 'latest'],
    'localhost:5000/app:v1': ['localhost:5000', 'app', 'v1'],
    'registry:5000/team/app': ['registry:5000', 'team/app', 'latest'],
    'Registry/app': ['Registry', 'app', 'latest'],
    '[2001:db8::1]:5000/app': ['[2001:db8::1]:5000', 'app', 'latest'],
    'europe-docker.pkg.dev/project/images/app:v1': ['europe-docker.pkg.dev', 'project/images/app', 'v1'],
    [`quay.io/org/app@${sha256}`]: ['quay.io', 'org/app', undefined, sha256],
    [`quay.io/org/app:v1@${sha256}`]: ['quay.io', 'org/app', 'v1', sha256],
    'a__b/c--d.e_f': ['docker.io', 'a__b/c--d.e_f', 'latest'],
  }
  for (const [name, [host, repository, tag, digest]] of Object.entries(names)) {
    test(`${name} is ${host}, ${repository}`, () => {
      assert.deepEqual(parseImageReference(name), { host, repository, tag, digest })
    })
  }

  const invalid = {
    'nothing at all': '',
    'a scheme': 'https://quay.io/org/app',
    'capital letters in the path': 'quay.io/Org/app',
    'a blank': 'quay.io/org/my app',
    'an empty tag': 'quay.io/org/app:',
    'two tags': 'quay.io/org/app:a:b',
    'a tag that begins with a dot': 'app:.1',
    'a tag of 129 characters': `app:${'a'.repeat(129)}`,
    'a digest that is too short': 'app@sha256:abcd',
    'a digest in capital letters': `app@${sha256.toUpperCase()}`,
    'a digest of another kind': `app@md5:${'0'.repeat(32)}`,
    'two digests': `app@${sha256}@${sha256}`,
    'an image id': '0123456789abcdef'.repeat(4),
    'a path of 256 characters': `quay.io/${'a'.repeat(256)}`,
    'a host alone': 'quay.io/',
    'three underscores': 'a___b',
    'a path that goes up': '../app',
    'a line break at the end': 'app\n',
  }
  for (const [name, image] of Object.entries(invalid)) {
    test(`an image's name with ${name} is refused`, () => assert.equal(parseImageReference(image), undefined))
  }

  test('the full form of any name is its own full form', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8})?$/)
    const hosts = fc.constantFrom('', 'quay.io/', 'localhost/', 'registry:5000/', 'docker.io/')
    const images = fc.tuple(hosts, fc.array(part, { minLength: 1, maxLength: 4 }))
    fc.assert(
      fc.property(images, ([host, parts]) => {
        const parsed = parseImageReference(`${host}${parts.join('/')}:v1`)
        assert.ok(parsed !== undefined)
        assert.deepEqual(parseImageReference(`${parsed.host}/${parsed.repository}:v1`), parsed)
      }),
    )
  })
})
