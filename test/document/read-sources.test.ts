import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { loadDocuments } from '../../src/document/load-documents.ts'
import { context, refusal } from './load-text.ts'
import { smallest } from './smallest-document.ts'

async function makeFolder(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-document-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

suite('sources of documents', () => {
  test('no files: the environment describes the document', async () => {
    const environment = {
      PROJECT_NUMBER: '123',
      POOL_ID: 'pool',
      PROVIDER_ID: 'gardener',
      SERVICE_ACCOUNT_EMAIL: 'puller@project.iam.gserviceaccount.com',
      REGISTRY_SECRET_NAME: 'regcred',
      REGISTRY_SECRET_NAMESPACES: 'default',
    }
    const [document] = await loadDocuments([], { ...context(), environment })
    assert.equal(document?.source, 'the environment')
  })

  test('files are read in their order, a folder by its names, with neither hidden files nor others', async (t) => {
    const named = (name: string) => smallest.replace('name: regcred', `name: ${name}`)
    const folder = await makeFolder(t, {
      'b.yml': named('b'),
      'a.yaml': named('a'),
      'c.json': named('c'),
      'README.md': 'not a document',
      '.hidden.yaml': 'not a document',
    })
    await mkdir(join(folder, 'looks-like-a.yaml'))
    await symlink(join(folder, 'a.yaml'), join(folder, 'd.link'))
    const documents = await loadDocuments(['-', folder], context(smallest))
    assert.deepEqual(
      documents.map(({ name, source }) => [name, source.replace(folder, '')]),
      [
        ['regcred', '-:1'],
        ['a', '/a.yaml:1'],
        ['b', '/b.yml:1'],
        ['c', '/c.json:1'],
      ],
    )
  })

  test("the path of a token file is relative to the document's file", async (t) => {
    const folder = await makeFolder(t, {
      'gcp.yaml': smallest.replace('      gcp:', '      tokenFile: tokens/google\n      gcp:'),
    })
    const [document] = await loadDocuments([join(folder, 'gcp.yaml')], context())
    assert.equal(document?.registries[0]?.tokenFile, join(folder, 'tokens/google'))
  })

  test('a file that does not exist, too long, or not text is named', async (t) => {
    const folder = await makeFolder(t, { 'long.yaml': ' '.repeat(1024 * 1024 + 1) })
    await writeFile(join(folder, 'binary.yaml'), Buffer.from([0x1f, 0x8b, 0xff, 0xfe]))
    await mkdir(join(folder, 'empty'))
    const cases = {
      'absent.yaml': 'absent.yaml does not exist',
      'long.yaml': 'long.yaml is longer than 1 MiB',
      'binary.yaml': 'binary.yaml is not text',
      empty: 'empty is a folder that contains no *.yaml, *.yml or *.json',
    }
    for (const [name, seen] of Object.entries(cases)) {
      const error = await refusal([join(folder, name)])
      assert.equal(error.code, 'DOCUMENT_UNREADABLE')
      assert.equal(error.seen, join(folder, seen))
    }
  })

  test('an empty text contains no document', async () => {
    for (const input of ['', '# only words\n', '---\n---\n', 'null']) {
      const error = await refusal(['-'], input)
      assert.equal(error.code, 'DOCUMENT_UNREADABLE')
      assert.equal(error.seen, 'standard input contains no document')
    }
  })

  test('standard input can be named once', async () => {
    const error = await refusal(['-', '-'], smallest)
    assert.equal(error.code, 'USAGE_INVALID')
    assert.equal(error.seen, 'standard input (-) is given twice')
  })

  test('a file that is given twice is refused, also together with its folder', async (t) => {
    const folder = await makeFolder(t, { 'gcp.yaml': smallest })
    const file = join(folder, 'gcp.yaml')
    for (const [files, seen] of [
      [[file, file], `the file ${file} is given twice`],
      [[`${folder}/./gcp.yaml`, folder], `the file ${file} is given twice, as ${folder}/./gcp.yaml too`],
    ] as const) {
      const error = await refusal(files)
      assert.deepEqual([error.code, error.seen, error.expected], ['USAGE_INVALID', seen, 'each file once'])
    }
  })

  test('two documents of one kind and name are refused', async () => {
    const error = await refusal(['-'], `${smallest}---\n${smallest}`)
    assert.equal(error.code, 'DOCUMENT_INVALID')
    assert.equal(error.seen, '-:11: ClusterPullSecret regcred is in -:1 too')
  })
})
