import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { listComplete, listPages, nextPageToken } from '../../src/vendors/trust/pages.ts'

/** A list with one item on each page. */
const pages =
  (count: number) =>
  async (token = '0') => {
    const page = Number(token)
    return { items: [page], next: page + 1 < count ? String(page + 1) : undefined }
  }

suite('a list of a vendor', () => {
  test('has the items of all pages, in order', async () => {
    assert.deepEqual(await listPages(pages(3)), [0, 1, 2])
    assert.equal((await listComplete('the list', pages(20))).length, 20)
  })

  test('with more pages, or without an end, is not used', async () => {
    assert.equal(await listPages(pages(21)), undefined)
    let requests = 0
    const same = async () => ({ items: [requests++], next: 'again' })
    assert.deepEqual([await listPages(same), requests], [undefined, 2])
    await assert.rejects(
      listComplete("Acme's list /roles", async () => ({ items: [], next: 'again' })),
      (fault) => {
        assert.ok(fault instanceof PullpassError && fault.code === 'RESPONSE_TOO_LARGE')
        assert.equal(fault.seen, "Acme's list /roles does not end within 20 pages")
        return true
      },
    )
  })

  test('that goes on without a token for the next page is not used, and with one that cannot be sent neither', async () => {
    assert.equal(await listPages(async () => ({ items: [1], next: '' })), undefined)
    for (const last of [{}, { nextPageToken: '' }, { nextPageToken: null }])
      assert.equal(nextPageToken(last), undefined)
    assert.equal(nextPageToken({ nextPageToken: 'a'.repeat(600) })?.length, 600)
    for (const token of ['a'.repeat(9000), 7, ['next']]) assert.equal(nextPageToken({ nextPageToken: token }), '')
  })
})
