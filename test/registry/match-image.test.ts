import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { matchImage } from '../../src/registry/match-credentials.ts'
import fc from '../support/fast-check.ts'

suite('matchImage', () => {
  test('all matching keys are tried, the longest path first', () => {
    const keys = ['bar.example.com', 'foo.example.com', 'bar.example.com/pong', '*.example.com']
    const image = { host: 'bar.example.com', repository: 'pong/app' }
    assert.deepEqual(matchImage(keys, image), ['bar.example.com/pong', 'bar.example.com', '*.example.com'])
  })

  test('a scheme does not change the order', () => {
    const keys = ['https://quay.io', 'quay.io/org/']
    assert.deepEqual(matchImage(keys, { host: 'quay.io', repository: 'org/app' }), ['quay.io/org/', 'https://quay.io'])
  })

  test('the key that docker login writes serves the images of Docker Hub', () => {
    const keys = ['https://index.docker.io/v1/']
    assert.deepEqual(matchImage(keys, { host: 'docker.io', repository: 'library/busybox' }), keys)
  })

  test("if docker.io has an entry, docker's old key is not tried", () => {
    const keys = ['https://index.docker.io/v1/', 'docker.io']
    assert.deepEqual(matchImage(keys, { host: 'docker.io', repository: 'library/busybox' }), ['docker.io'])
  })

  test("docker's old key is also tried for hosts without a dot", () => {
    const keys = ['https://index.docker.io/v1/']
    assert.deepEqual(matchImage(keys, { host: 'localhost', repository: 'app' }), keys)
    assert.deepEqual(matchImage(keys, { host: 'localhost:5000', repository: 'app' }), [])
  })

  test('keys for other hosts are not tried', () => {
    assert.deepEqual(matchImage(['europe-docker.pkg.dev'], { host: 'quay.io', repository: 'org/app' }), [])
  })

  test('the order of keys in the secret does not matter', () => {
    const keys = ['quay.io', 'quay.io/o', 'quay.io/org/', '*.io', 'q*.io/org', 'example.com']
    const image = { host: 'quay.io', repository: 'org/app' }
    const expected = ['quay.io/org/', 'quay.io/o', 'quay.io', 'q*.io/org', '*.io']
    fc.assert(
      fc.property(fc.shuffledSubarray(keys, { minLength: keys.length }), (shuffled) => {
        assert.deepEqual(matchImage(shuffled, image), expected)
      }),
    )
  })
})
