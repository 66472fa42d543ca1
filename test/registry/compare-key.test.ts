import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compareKey } from '../../src/registry/match-credentials.ts'
import fc from '../support/fast-check.ts'

const compare = (key: string, image: string) => {
  const slash = image.indexOf('/')
  return compareKey(key, { host: image.slice(0, slash), repository: image.slice(slash + 1) })
}

suite('compareKey', () => {
  const fitting: [key: string, image: string][] = [
    ['quay.io', 'quay.io/org/app'],
    ['https://quay.io', 'quay.io/org/app'],
    ['http://quay.io/', 'quay.io/org/app'],
    ['https://quay.io/v1/', 'quay.io/org/app'],
    ['quay.io/v2/', 'quay.io/org/app'],
    ['https://quay.io/v2/org/', 'quay.io/org/app'],
    ['quay.io/org/', 'quay.io/org/app'],
    ['quay.io/team', 'quay.io/teamwork/app'],
    ['quay.io/org?x=1', 'quay.io/org/app'],
    ['user@quay.io', 'quay.io/org/app'],
    ['quay.io:', 'quay.io/org/app'],
    ['registry:5000', 'registry:5000/app'],
    ['[2001:db8::1]:5000', '[2001:db8::1]:5000/app'],
    ['*.dkr.ecr.*.amazonaws.com', '123456789012.dkr.ecr.eu-west-1.amazonaws.com/app'],
    ['*-docker.pkg.dev/project/', 'europe-docker.pkg.dev/project/images/app'],
    ['e*-d*r.pkg.dev', 'europe-docker.pkg.dev/project/images/app'],
    ['*.*.example.com:1111', 'a.b.example.com:1111/app'],
  ]
  for (const [key, image] of fitting) {
    test(`${key} matches ${image}`, () => assert.equal(compare(key, image), 'fits'))
  }

  const others: [key: string, image: string, verdict: string][] = [
    ['quay.io', 'quay.io.example.com/app', 'other host'],
    ['*.example.com', 'example.com/app', 'other host'],
    ['*.example.com', 'a.b.example.com/app', 'other host'],
    ['*', 'quay.io/app', 'other host'],
    ['Quay.io', 'quay.io/app', 'other host'],
    ['a*a', 'a/app', 'other host'],
    ['HTTPS://quay.io', 'quay.io/app', 'other host'],
    ['[::1]', '[::1]/app', 'other host'],
    ['', 'localhost/app', 'other host'],
    ['quay.io', 'quay.io:443/app', 'other port'],
    ['quay.io:443', 'quay.io/app', 'other port'],
    ['*.example.com:5000', 'a.example.com:5001/app', 'other port'],
    ['quay.io/org/', 'quay.io/organization/app', 'other path'],
    ['quay.io/org/app:v1', 'quay.io/org/app', 'other path'],
    ['quay.io/v2', 'quay.io/org/app', 'other path'],
    ['quay.io/*/', 'quay.io/org/app', 'other path'],
  ]
  for (const [key, image, verdict] of others) {
    test(`${JSON.stringify(key)} does not match ${image}: ${verdict}`, () => assert.equal(compare(key, image), verdict))
  }

  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?$/)
  const host = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'))
  const path = fc
    .array(label, { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join('/'))
    .filter((text) => !/^v[12](?:\/|$)/.test(text)) // of a key, it would be the version of the registry's API

  test('a host matches all its images, with any prefix of the path, with or without scheme and version', () => {
    const prefixes = fc.constantFrom('', 'https://', 'http://')
    const versions = fc.constantFrom('', '/v1', '/v2')
    fc.assert(
      fc.property(host, path, prefixes, fc.tuple(versions, fc.nat(20)), (name, repository, prefix, [version, end]) => {
        const key = `${prefix}${name}${version}/${repository.slice(0, end)}`
        assert.equal(compare(key, `${name}/${repository}`), 'fits')
      }),
    )
  })

  test('a star matches any label, but never a dot', () => {
    fc.assert(
      fc.property(host, path, fc.nat(3), (name, repository, at) => {
        const labels = name.split('.')
        labels[at % labels.length] = '*'
        assert.equal(compare(labels.join('.'), `${name}/${repository}`), 'fits')
        assert.equal(compare(labels.join('.'), `more.${name}/${repository}`), 'other host')
      }),
    )
  })

  test('a star inside a label agrees with a regular expression of the same meaning', () => {
    const glob = fc.stringMatching(/^[ab*]{1,6}$/)
    const text = fc.stringMatching(/^[ab]{1,8}$/)
    fc.assert(
      fc.property(glob, text, (pattern, name) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name)
        assert.equal(compare(`${pattern}.io`, `${name}.io/app`) === 'fits', expected)
      }),
    )
  })

  test('a key of a megabyte of stars is compared immediately', () => {
    assert.equal(compare(`${'*a'.repeat(500_000)}.io`, `${'a'.repeat(60)}.io/app`), 'other host')
  })
})
