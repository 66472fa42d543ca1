import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAuthorities } from '../../src/http/authorities.ts'
import { showPath } from '../../src/text/show.ts'

const pasted = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'

test('a path is shown as it was given, and a credential in its place is not', () => {
  assert.equal(showPath('./keyJournal-of-2026.yaml'), './keyJournal-of-2026.yaml')
  assert.equal(showPath(pasted), 'a path that looks like a credential, not shown,')
})

test('a credential in place of the file of authorities is not shown', async () => {
  await assert.rejects(readAuthorities(pasted), {
    code: 'CA_FILE_INVALID',
    seen: 'a path that looks like a credential, not shown, does not exist',
  })
})
