import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderPage } from '../../../src/controller/page/render-page.ts'
import { respondPage } from '../../../src/controller/page/serve-page.ts'
import { hostileFacts, ordinaryFacts, wordsOf } from './page-facts-samples.ts'

suite('the status page', () => {
  test('shows what is fresh, what fails and why, and when each credential is refreshed and expires', () => {
    const words = wordsOf(renderPage(ordinaryFacts))
    for (const shown of [
      '3 of 4 pull secrets are fresh',
      'Leader by Lease pullpass-system/pullpass-controller. 2 queued, for 1 s at most.',
      'EXCHANGE_REFUSED (exchange), first seen 7 min ago: https://sts.googleapis.com/v1/token responded with 403',
      'fix: add the audience to the provider',
      'Secret regcred is fresh in 3 of 4 namespaces. Not in: team-d.',
      'google europe-docker.pkg.dev, us-docker.pkg.dev Expires in 40 min, at 2026-11-24T12:40:00Z; refresh in 19 min.',
      'ecr 123456789012.dkr.ecr.eu-west-1.amazonaws.com 2 namespaces have an entry of an earlier form of the document, valid until 2026-11-24T12:57:00Z, in 57 min.',
      'absent or expired 1 0 to 10 min 1 10 to 20 min 0 20 to 40 min 2 40 to 60 min 0',
      '11:35 0 written 11:40 4 written, 2 exchanged, 1 failed 11:45 0 written',
      'As of 2026-11-24T12:00:00Z.',
    ])
      assert.ok(words.includes(shown), `${shown}\n${words}`)
  })

  test('counts PullSecrets of tenants: it is not all fresh while one of them fails or is invalid', () => {
    const good = { ...ordinaryFacts, failures: [], documents: [] }
    const pageOf = (desired: number, fresh: number, invalid: number) =>
      renderPage({ ...good, tenants: { desired, fresh, invalid } })
    const titleOf = (page: string) => /<title>([^:]*):/.exec(page)?.[1]
    assert.deepEqual([pageOf(0, 0, 0), pageOf(4, 4, 0), pageOf(4, 1, 0), pageOf(4, 4, 5)].map(titleOf), [
      'All fresh',
      'All fresh',
      'Problems',
      'Problems',
    ])
    assert.match(
      wordsOf(pageOf(4, 1, 5)),
      /No ClusterPullSecret is used PullSecrets of tenants: 1 of 4 fresh, 5 invalid\./,
    )
    assert.doesNotMatch(wordsOf(pageOf(0, 0, 0)), /tenants/)
  })

  test('draws each lifetime with its refresh point: here 20 of 60 minutes are over, and it is due after 39', () => {
    assert.match(
      renderPage(ordinaryFacts),
      /<rect class="left" x="33.3%" width="66.7%" height="100%"\/><rect class="due" x="65%" /,
    )
  })

  test('is of bounded size, and escapes every text of others', () => {
    const page = renderPage(hostileFacts())
    assert.ok(page.length < 2_000_000, `${page.length}`)
    assert.doesNotMatch(page, /<script|<\/style>[^<]*long|\u202e/)
    assert.deepEqual(new Set(page.match(/<[a-z!][^\s>]*/g)).has('<script'), false)
    assert.equal(page.match(/<style>/g)?.length, 1)
    const attributes = [...page.matchAll(/ ([a-z-]+)="[^"]*"/g)].map(([, name = '']) => name)
    const known = 'aria-hidden aria-label charset class content height lang name role width x'
    assert.deepEqual(new Set(attributes), new Set(known.split(' ')))
  })

  test('of a standby names the Lease whose holder leads, and nothing else', () => {
    const words = wordsOf(renderPage({ ...ordinaryFacts, role: 'standby', documents: [], failures: [] }))
    assert.match(
      words,
      /Standby Another replica leads, .* holder of Lease pullpass-system\/pullpass-controller\. As of/,
    )
  })

  test('is at / only, forbids scripts and frames, and is not cached', () => {
    const page = (path: string) => respondPage(path, { host: 'localhost:8082', isLocal: true }, () => 'page')
    assert.deepEqual(['/index.html', '/metrics', '/livez'].map(page), [undefined, undefined, undefined])
    const { status, headers = {}, text } = page('/') ?? {}
    assert.deepEqual([status, text, headers['cache-control']], [200, 'page', 'no-store'])
    assert.match(
      headers['content-security-policy'] ?? '',
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
  })

  test('at a loopback address is refused to the pages of other hosts', () => {
    const statusFor = (host: string | undefined, isLocal = true) =>
      respondPage('/', { host, isLocal }, () => 'page')?.status
    for (const host of ['localhost:8082', '127.0.0.1:8082', '[::1]:8082', 'LOCALHOST'])
      assert.equal(statusFor(host), 200)
    for (const host of ['attacker.example:8082', 'localhost.attacker.example', '10.0.0.1', '', undefined])
      assert.equal(statusFor(host), 421, host)
    assert.equal(statusFor('pullpass.example', false), 200)
  })
})
