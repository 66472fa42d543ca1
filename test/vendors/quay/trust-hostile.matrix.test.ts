import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import type { Context } from '../../../src/http/context.ts'
import type { QuaySettings } from '../../../src/vendors/quay/settings.ts'
import { desiredRobots } from '../../../src/vendors/quay/trust/desired.ts'
import { isOfClusters } from '../../../src/vendors/quay/trust/federation.ts'
import { quayResources, trust } from '../../../src/vendors/quay/trust/trust.ts'
import type { TrustNeed } from '../../../src/vendors/trust/contract.ts'
import { fakeContext } from '../../support/fake-context.ts'
import fc from '../../support/fast-check.ts'
import { faultOf, loadRegistry } from '../exchange-registry.ts'
import {
  anyResponses,
  checkAnyResponse,
  checkResponses,
  issuer,
  longMessage,
  type ResponseCase,
  shownMessage,
  terraformLine,
  trustNeed,
} from '../trust-responses.ts'
import { apply, subject } from '../trust-runs.ts'
import { start } from './start-trust.ts'

const operatorToken = 'operator'.repeat(5)

const needOf = async (changes?: Partial<TrustNeed<QuaySettings>>): Promise<TrustNeed<QuaySettings>> =>
  await trustNeed(trust, 'hosts: [quay.io], quay: {robot: acme+puller, trust: {repositories: [acme/app]}}', changes)

const accepting = { replace: [], sharing: 'accepted' } as const
const refusing = { replace: [], sharing: 'refused' } as const

suite('the resources at Quay', () => {
  test('are one robot, with an entry for each issuer and subject, and one permission for each repository', async () => {
    const need = await needOf()
    const cluster = { ...need.cluster, name: 'second', issuer: 'https://second.example.com' }
    const other = {
      ...need,
      subject: 'system:serviceaccount:image-system:other',
      repository: 'acme/app, acme/team/web',
    }
    const robots = desiredRobots([need, other, { ...need, cluster }])
    assert.deepEqual(
      robots.map(({ robot, entries, repositories }) => [robot, entries.length, repositories.map(({ name }) => name)]),
      [['acme+puller', 3, ['acme/app', 'acme/team/web']]],
    )
    assert.match(
      robots[0]?.description ?? '',
      /^pullpass:[0-9a-f]{12} pullpass:[0-9a-f]{12} pulls images for the cluster of https:/,
    )
    const names = quayResources(robots, fakeContext()).map(({ name }) => name)
    assert.equal(new Set(names).size, 6)
  })

  test('of several clusters are refused, unless sharing is accepted, and clusters with one issuer always', async () => {
    const need = await needOf()
    const second = { ...need.cluster, name: 'second', issuer: 'https://second.example.com' }
    const transport: Context['transport'] = async () => ({ status: 200, headers: {}, body: '{"robots": []}' })
    const context = { ...fakeContext({ environment: { QUAY_TOKEN: operatorToken } }), transport }
    const [robot] = quayResources(desiredRobots([need, { ...need, cluster: second }]), context)
    const refused = await robot?.observe(refusing)
    assert.deepEqual([refused?.verdict, refused?.fault?.code, refused?.changes], ['refused', 'TRUST_DOMAIN_SHARED', []])
    assert.equal((await robot?.observe(accepting))?.verdict, 'create')
    const same = { ...need.cluster, name: 'second' }
    assert.throws(
      () => desiredRobots([need, { ...need, cluster: same }]),
      /the clusters cluster and second have the same issuer/,
    )
  })

  test('of two servers are distinct, and the token of the operator is sent only to quay.io, or to that of QUAY_URL', async () => {
    const need = await needOf()
    const settings = { ...need.registry.settings, endpoint: 'https://quay.example.com' }
    const robots = desiredRobots([need, { ...need, registry: { ...need.registry, settings } }])
    const observed = async (url: string | undefined) => {
      const hosts = new Set<string>()
      const transport: Context['transport'] = async ({ url: target }) => {
        hosts.add(new URL(target).host)
        return { status: 200, headers: {}, body: '{"robots": [], "permissions": {}}' }
      }
      const environment = { QUAY_TOKEN: operatorToken, ...(url && { QUAY_URL: url }) }
      const resources = quayResources(robots, { ...fakeContext({ environment }), transport })
      assert.equal(new Set(resources.map(({ name }) => name)).size, 6)
      const findings = await Promise.all(resources.map((one) => one.observe(accepting)))
      return { findings, hosts: [...hosts] }
    }
    const without = await observed(undefined)
    assert.deepEqual(without.hosts, ['quay.io'])
    assert.match(
      without.findings[3]?.fault?.seen ?? '',
      /names https:\/\/quay\.example\.com, which is not a server of Quay/,
    )
    const { findings, hosts } = await observed('https://quay.example.com/')
    assert.deepEqual(hosts, ['quay.example.com'])
    assert.deepEqual(
      findings.map(({ verdict }) => verdict),
      ['unknown', 'unknown', 'unknown', 'create', 'create', 'grant'],
    )
    assert.match(
      findings[0]?.fault?.seen ?? '',
      /^variable QUAY_URL is "https:\/\/quay\.example\.com\/", and the document names https:\/\/quay\.io: variable QUAY_TOKEN was not sent there$/,
    )
    // The provider of Terraform is configured for one server.
    assert.deepEqual([findings[3]?.hcl.block, findings[3]?.hcl.requires.block], ['', undefined])
  })

  test('have a description of at most 255 characters, the longest that Quay accepts', async () => {
    const { cluster } = await needOf()
    const [robot] = desiredRobots([await needOf({ cluster: { ...cluster, issuer: `${issuer}/${'a'.repeat(300)}` } })])
    assert.equal(robot?.description.length, 255)
  })

  test('are of the organization of the robot', async () => {
    const need = await needOf()
    for (const repository of ['other/app', 'acme', 'acme/../other/app', 'acme/app?x', 'acme/App'])
      assert.throws(
        () => desiredRobots([{ ...need, repository }]),
        /is not a repository of the organization of its robot/,
      )
    assert.throws(() => desiredRobots([{ ...need, repository: undefined }]), /does not name the repositories/)
    const registry = 'hosts: [quay.io], quay: {robot: acme+puller, trust: {repositories: [acme/app, quay.io/acme/app]}}'
    const fault = await faultOf(loadRegistry(registry))
    assert.match(fault.seen, /repositories\[1\] is "[^"]+", not of the organization of the robot/)
    assert.match(fault.expected ?? '', /acme\/NAME/)
  })

  test('name the repository of an image of quay.io, and of another host only where the document names one', () => {
    const ofImage: typeof trust.repositories.ofImage = (...image) => trust.repositories.ofImage(...image)
    assert.equal(ofImage({ host: 'quay.io', repository: 'acme/app' }), 'acme/app')
    assert.equal(ofImage({ host: 'docker.io', repository: 'library/nginx' }), undefined)
    assert.equal(
      ofImage({ host: 'quay.example.com', repository: 'acme/app' }, 'acme/web,acme/app'),
      'acme/web,acme/app',
    )
    assert.equal(ofImage({ host: 'quay.example.com', repository: 'acme/other' }, 'acme/web'), 'acme/other')
  })

  test('are those of the cluster also for an issuer with a trailing slash or another case of its host, and not of its path', async () => {
    const [robot] = desiredRobots([await needOf({ cluster: { ...(await needOf()).cluster, issuer: `${issuer}/a` } })])
    assert.ok(robot !== undefined)
    const isOwn = (of: string) => isOfClusters(robot, { issuer: of, subject })
    assert.deepEqual(
      [`${issuer}/a`, `${issuer}/a/`, 'https://Issuer.Example.com/a', `${issuer}/A`, `${issuer}/b`, 'x'].map(isOwn),
      [true, true, true, false, false, false],
    )
  })

  const text = fc.oneof(
    fc.string(),
    fc.constant(operatorToken),
    fc.constantFrom(subject, issuer, `${issuer}/`, 'acme+puller', 'read', 'admin', 'app'),
  )
  const robot = fc.record(
    {
      name: text,
      description: text,
      repositories: fc.oneof(fc.array(text), text),
      teams: fc.array(fc.record({ name: text })),
      token: text,
    },
    { requiredKeys: [] },
  )
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc.array(robot, { maxLength: 4 }).map((robots) => JSON.stringify({ robots })),
    fc
      .array(fc.record({ issuer: text, subject: text, audiences: text }, { requiredKeys: ['issuer'] }))
      .map((all) => JSON.stringify(all)),
    fc.dictionary(text, fc.record({ role: text })).map((permissions) => JSON.stringify({ permissions })),
    fc.record({ error_message: text, message: text }, { requiredKeys: [] }).map((error) => JSON.stringify(error)),
  )

  test('have a verdict for any response of Quay, and no secret is repeated', async () => {
    const robots = desiredRobots([await needOf()])
    await checkAnyResponse({
      resources: (context) => quayResources(robots, context),
      body,
      environment: { QUAY_TOKEN: operatorToken },
      token: operatorToken,
      replace: ['subjects', 'role'],
    })
  })
})

test('a response of Quay', async (t) => {
  const { quay, run, robot, role } = await start(t)
  assert.equal((await run([...apply, '--no-verify'])).exitCode, 0)
  const own = robot() ?? assert.fail()
  const state = () => JSON.stringify([robot(), role()])
  const body = (content: object): SandboxResponse => ({ status: 200, body: content })
  const listed = (changes: object) => body({ robots: [{ name: own.name, description: own.description, ...changes }] })
  const many = Array.from({ length: 5000 }, (_, index) => `r${index}`)
  const ofFederation = ({ path }: { readonly path: string }) => path.endsWith('/federation')
  const cases: Readonly<Record<string, ResponseCase>> = {
    ...anyResponses,
    'an error of the server': [{ status: 503, body: { message: 'read-only' } }, /^TRUST_UNAVAILABLE /m],
    'no list of robots': [body({}), /it contains no list of robots/],
    'the operator’s token': [listed({ description: quay.operator.token }), /but it repeats a credential/],
    'thousands of repositories and control characters': [
      listed({ repositories: [...many, `a\u001b[31m\n${terraformLine}`] }),
      undefined,
    ],
    'a federation that is no list': [body({}), /it is not a list of issuers and subjects/, ofFederation],
    'an entry that is no entry': [
      body([{ issuer: 'https://a.example.com' }]),
      /an entry without a valid issuer/,
      ofFederation,
    ],
    'a shell command as a subject': [
      body([{ issuer: "https://a.example.com/'; rm -rf /; '", subject: '$(id)\n`id`\u202e' }]),
      undefined,
      ofFederation,
    ],
    'control characters in an error': [{ status: 400, body: { message: longMessage } }, shownMessage, ofFederation],
  }
  await checkResponses(t, cases, {
    part: quay.parts.tokens,
    when: ({ path }) => path.endsWith('/robots'),
    run,
    commands: 'curl',
    replace: 'subjects',
    token: quay.operator.token,
    state,
  })
})
