import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderDockerConfig } from '../../src/credential/docker-config.ts'
import { Redacted } from '../../src/text/redacted.ts'

const expiresAt = new Date('2025-11-24T12:00:00Z')
const google = {
  hosts: ['europe-docker.pkg.dev', 'asia-docker.pkg.dev'],
  username: 'oauth2accesstoken',
  password: new Redacted('ya29.token'),
  expiresAt,
}
const quay = { hosts: ['quay.io/org/'], username: 'org+robot', password: new Redacted('robot:secret'), expiresAt }

const asia =
  '"asia-docker.pkg.dev":{"username":"oauth2accesstoken","password":"ya29.token","auth":"b2F1dGgyYWNjZXNzdG9rZW46eWEyOS50b2tlbg=="}'
const europe =
  '"europe-docker.pkg.dev":{"username":"oauth2accesstoken","password":"ya29.token","auth":"b2F1dGgyYWNjZXNzdG9rZW46eWEyOS50b2tlbg=="}'
const robot =
  '"quay.io/org/":{"username":"org+robot","password":"robot:secret","auth":"b3JnK3JvYm90OnJvYm90OnNlY3JldA=="}'

suite('renderDockerConfig', () => {
  test('many registries are merged into one text, whatever the order of the credentials', () => {
    const text = `{"auths":{${asia},${europe},${robot}}}`
    assert.equal(renderDockerConfig([google, quay]).reveal(), text)
    assert.equal(renderDockerConfig([quay, google]).reveal(), text)
  })

  test('an earlier entry is kept with the new ones', () => {
    const keep = new Map([['quay.io/org/', { username: 'org+robot', password: new Redacted('robot:secret') }]])
    assert.equal(renderDockerConfig([google], keep).reveal(), `{"auths":{${asia},${europe},${robot}}}`)
  })

  test('a new credential replaces the earlier entry of its host', () => {
    const keep = new Map([['quay.io/org/', { username: 'org+robot', password: new Redacted('yesterday') }]])
    assert.equal(renderDockerConfig([quay], keep).reveal(), `{"auths":{${robot}}}`)
  })

  test('a password in letters of any script is encoded as UTF-8', () => {
    const credential = { hosts: ['host'], username: 'user', password: new Redacted('ключ'), expiresAt }
    assert.match(renderDockerConfig([credential]).reveal(), /"auth":"dXNlcjrQutC70Y7Rhw=="/)
  })

  test('printing what was rendered shows no credential', () => {
    assert.equal(String(renderDockerConfig([google])), '[redacted]')
  })
})
