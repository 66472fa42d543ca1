import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { inspect, promisify } from 'node:util'
import { readTokenFile } from '../../src/identity/token-file.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = { iss: 'https://issuer.example.com', sub: 'system:serviceaccount:a:b', aud: 'sts', exp: 1_763_985_600 }
const token = `${encode({ alg: 'RS256' })}.${encode(claims)}.c2lnbmF0dXJl`

suite('readTokenFile', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pullpass-'))
  })
  after(() => rm(folder, { recursive: true }))
  const write = async (content: string | Buffer) => {
    const path = join(folder, 'token')
    await writeFile(path, content)
    return path
  }

  test('the token of a projected volume is read, with or without a newline at its end', async () => {
    assert.equal((await readTokenFile(await write(token))).subject, 'system:serviceaccount:a:b')
    const read = await readTokenFile(await write(`${token}\n`))
    assert.equal(read.value.reveal(), token)
  })

  test('a renewed token is read again', async () => {
    await readTokenFile(await write(token))
    const renewed = `${encode({ alg: 'RS256' })}.${encode({ ...claims, sub: 'renewed' })}.c2ln`
    assert.equal((await readTokenFile(await write(renewed))).subject, 'renewed')
  })

  test('a token may be a field of a JSON object', async () => {
    const path = await write(JSON.stringify({ access_token: token, other: 1 }))
    assert.equal((await readTokenFile(path, 'access_token')).subject, 'system:serviceaccount:a:b')
  })

  const unreadable: Record<string, [content: string | Buffer, seen: string, field?: string]> = {
    'an empty file': ['', 'is empty'],
    'white space': [' \n', 'is empty'],
    'binary data': [Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1]), 'contains binary data'],
    '65 KiB': ['a'.repeat(65 * 1024), 'is longer than 65536 bytes'],
    'a token where JSON was announced': [token, 'is not JSON', 'id_token'],
    'JSON without the field': ['{"other":"x"}', 'contains no string in the field "id_token"', 'id_token'],
    'JSON with a number in the field': ['{"id_token":7}', 'contains no string in the field "id_token"', 'id_token'],
    'JSON null': ['null', 'contains no string in the field "id_token"', 'id_token'],
  }
  for (const [name, [content, seen, field]] of Object.entries(unreadable)) {
    test(`${name} is not a token file`, async () => {
      const path = await write(content)
      const refused = { code: 'TOKEN_FILE_UNREADABLE', hop: 'subject-token', seen: `${path} ${seen}` }
      await assert.rejects(readTokenFile(path, field), refused)
    })
  }

  test('a missing file is reported with how to mount it', async () => {
    const path = join(folder, 'absent')
    await assert.rejects(readTokenFile(path), {
      code: 'TOKEN_FILE_UNREADABLE',
      seen: `${path} does not exist`,
      hint: 'mount a projected token there (volumes[].projected.sources[].serviceAccountToken), set the path of the file that contains one, or use a document (-f) with spec.serviceAccountRef, so that pullpass requests one',
    })
  })

  test('a folder is reported as one', async () => {
    await assert.rejects(readTokenFile(folder), { code: 'TOKEN_FILE_UNREADABLE', seen: `${folder} is a folder` })
  })

  test('a pipe without a writer and an endless device are refused immediately', async () => {
    const pipe = join(folder, 'pipe')
    await promisify(execFile)('mkfifo', [pipe])
    for (const path of [pipe, '/dev/zero']) {
      await assert.rejects(readTokenFile(path), {
        code: 'TOKEN_FILE_UNREADABLE',
        seen: `${path} is not a regular file`,
      })
    }
  })

  test('a file with other content is refused without showing it', async () => {
    const path = await write('a-password-in-the-wrong-file')
    await assert.rejects(readTokenFile(path), (error) => {
      assert.ok(!inspect(error).includes('a-password'))
      return true
    })
    await assert.rejects(readTokenFile(path), {
      code: 'TOKEN_MALFORMED',
      seen: `${path} contains no service account token: it has 1 part`,
    })
  })

  test('JSON that cannot be parsed shows nothing of it', async () => {
    const path = await write(`${token}{`)
    await assert.rejects(readTokenFile(path, 'id_token'), (error) => {
      assert.ok(!inspect(error).includes(token.slice(0, 10)))
      return true
    })
  })
})
