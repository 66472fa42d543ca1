import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseInspectTarget } from '../../../src/commands/inspect/target.ts'

const none = { file: [], audience: undefined, image: undefined }

suite('parseInspectTarget', () => {
  test('without arguments it is the token at the default path, otherwise a file or standard input', () => {
    assert.deepEqual(parseInspectTarget([], none), { kind: 'file', path: undefined })
    assert.deepEqual(parseInspectTarget(['./token'], none), { kind: 'file', path: './token' })
    assert.deepEqual(parseInspectTarget(['-'], { ...none, file: ['gcp.yaml'] }), { kind: 'file', path: '-' })
  })

  test('a service account is named with its namespace', () => {
    assert.deepEqual(parseInspectTarget(['serviceaccount', 'image-system/pullpass'], { ...none, audience: 'sts' }), {
      kind: 'serviceaccount',
      account: { namespace: 'image-system', name: 'pullpass' },
      audience: 'sts',
    })
  })

  test('a Secret can be checked for an image', () => {
    assert.deepEqual(parseInspectTarget(['secret', 'team-a/regcred'], { ...none, image: 'busybox' }), {
      kind: 'secret',
      secret: { namespace: 'team-a', name: 'regcred' },
      image: {
        name: 'busybox',
        reference: { host: 'docker.io', repository: 'library/busybox', tag: 'latest', digest: undefined },
      },
    })
  })

  const invalid: Record<string, [words: string[], flags: object, seen: string]> = {
    'no name': [['secret'], {}, 'the name of the secret is missing'],
    'no namespace': [['secret', 'regcred'], {}, 'the name of the secret is "regcred"'],
    'two slashes': [['serviceaccount', 'a/b/c'], {}, 'the name of the serviceaccount is "a/b/c"'],
    'a namespace that cannot exist': [['secret', 'Team/regcred'], {}, 'the name of the secret is "Team/regcred"'],
    'an unknown kind': [['configmap', 'a/b'], {}, 'unknown kind "configmap"'],
    'a word too many': [['secret', 'a/b', 'c'], {}, 'unexpected argument "c"'],
    'an image for a token': [['./token'], { image: 'busybox' }, '--image does not apply to a token'],
    'an audience for a file': [['./token'], { audience: 'sts' }, '--audience does not apply to a file'],
    'an audience for a Secret': [['secret', 'a/b'], { audience: 'sts' }, '--audience does not apply to a Secret'],
    'documents for a Secret': [['secret', 'a/b'], { file: ['gcp.yaml'] }, '-f does not apply to a Secret'],
    'an image that no Pod can name': [['secret', 'a/b'], { image: 'a b' }, '--image is "a b", not an image name'],
    'standard input twice': [['-'], { file: ['-'] }, '"-" is given for the token and for a document'],
  }
  for (const [name, [words, flags, seen]] of Object.entries(invalid)) {
    test(`${name} is refused before anything is read`, () => {
      assert.throws(() => parseInspectTarget(words, { ...none, ...flags }), { code: 'USAGE_INVALID', seen })
    })
  }
})
