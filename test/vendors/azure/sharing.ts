/** Tokens of other clusters, services and service accounts that sign in one kind of identity. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { subject } from './azure-registry.ts'
import { start, type TrustWorld } from './start-trust.ts'

const apply = ['trust', 'apply', '--yes']

export function testSharing(identity: NonNullable<TrustWorld['identity']>): void {
  suite(`an ${identity} that other tokens sign in`, () => {
    const signIn = (puller: Awaited<ReturnType<typeof start>>['puller'], name: string, own: object) =>
      puller.credentials.set(name, {
        id: name,
        name,
        issuer: 'https://other.example.com',
        subject: 'repo:acme/app:ref:refs/heads/main',
        audiences: ['api://AzureADTokenExchange'],
        effectiveAt: new Date(0),
        ...own,
      })

    test('of another cluster is refused, unless sharing is accepted, also if that cluster was set up in another run', async (t) => {
      const { run, puller, credential, assigned } = await start(t, { identity })
      signIn(puller, 'pullpass-aaaaaaaaaaaa-bbbbbbbbbbbbbbbb', { subject })
      const plan = await run(['trust', 'plan'])
      assert.equal(plan.exitCode, 1)
      assert.match(
        plan.stderr,
        /^TRUST_DOMAIN_SHARED \(trust\): .* is used by another cluster: system:serviceaccount:image-system:pullpass of another cluster \(issuer https:\/\/other\.example\.com\) signs in as it$/m,
      )
      assert.equal((await run(apply)).exitCode, 1)
      assert.deepEqual([credential().length, assigned().length], [1, 0])
      const shared = await run([...apply, '--share-trust-domain'])
      assert.equal(shared.exitCode, 0, shared.stderr + shared.stdout)
      assert.match(shared.stdout, /shared by clusters: .* of another cluster/)
    })

    test('by a flexible credential of another issuer is refused', async (t) => {
      const { run, puller, assigned } = await start(t, { identity })
      const value = "claims['sub'] matches 'system:serviceaccount:*'"
      const flexible = { subject: null, claimsMatchingExpression: { value, languageVersion: 1 } }
      for (const [own, described] of [
        [flexible, `any subject that matches "${value}"`],
        [{ subject: null }, 'a subject that Azure does not show'],
      ] as const) {
        signIn(puller, 'flexible', own)
        const applied = await run(apply)
        assert.equal(applied.exitCode, 1, applied.stdout)
        assert.match(applied.stderr, /^TRUST_DOMAIN_SHARED \(trust\): /m)
        assert.ok(applied.stderr.includes(`${described} of another cluster (issuer https://other.example.com)`))
        assert.equal(assigned().length, 0)
      }
    })

    test('by a flexible credential of its issuer, or of a service for which Azure supports them, reports it', async (t) => {
      const { sandbox, run, puller, credential } = await start(t, { identity })
      signIn(puller, 'github', { issuer: 'https://token.actions.githubusercontent.com', subject: null })
      signIn(puller, 'pullpass-aaaaaaaaaaaa-bbbbbbbbbbbbbbbb', { issuer: sandbox.cluster.issuer, subject: null })
      const applied = await run([...apply, '--replace', 'subjects'])
      assert.equal(applied.exitCode, 0, applied.stderr)
      for (const issuer of ['https://token.actions.githubusercontent.com', sandbox.cluster.issuer])
        assert.ok(applied.stdout.includes(`a subject that Azure does not show of ${issuer} also signs in as it`))
      assert.equal(credential().length, 3)
    })

    test('of another issuer by a changed credential of this cluster is not shared: --replace issuer restores it', async (t) => {
      const { run, puller, credential, sandbox } = await start(t, { identity })
      await run([...apply, '--no-verify'])
      for (const own of credential()) puller.credentials.set(own.name, { ...own, issuer: 'https://other.example.com' })
      const plan = await run(['trust', 'plan'])
      assert.doesNotMatch(plan.stderr, /TRUST_DOMAIN_SHARED/)
      assert.match(
        plan.stderr,
        /^TRUST_REFUSED \(trust\): federated credential pullpass-\S+ of \S+ has the issuer https:\/\/other/m,
      )
      assert.match(plan.stderr, /^ {2}fix: check who changed it; to restore it: --replace issuer$/m)
      const restored = await run([...apply, '--replace', 'issuer'])
      assert.equal(restored.exitCode, 0, restored.stderr)
      assert.match(restored.stderr, /issuer \S+ instead of https:\/\/other\.example\.com$/m)
      assert.deepEqual(
        credential().map(({ issuer }) => issuer),
        [sandbox.cluster.issuer],
      )
    })

    test('of another cluster is refused also if its credential carries the mark of this one', async (t) => {
      const { run, puller, credential } = await start(t, { identity })
      await run([...apply, '--no-verify'])
      const [mark = ''] = /^pullpass-[0-9a-f]{12}/.exec(credential()[0]?.name ?? '') ?? []
      signIn(puller, `${mark}-bbbbbbbbbbbbbbbb`, { subject: 'system:serviceaccount:image-system:other' })
      assert.match((await run(['trust', 'plan'])).stderr, /^TRUST_DOMAIN_SHARED \(trust\): /m)
    })

    test('that are not of a cluster is used, and they are reported', async (t) => {
      const { run, puller } = await start(t, { identity })
      signIn(puller, 'github', {})
      const applied = await run(apply)
      assert.equal(applied.exitCode, 0, applied.stderr)
      assert.match(
        applied.stdout,
        /repo:acme\/app:ref:refs\/heads\/main of https:\/\/other\.example\.com also signs in as it/,
      )
    })

    test('of a service account that no document names reports it, and removes it if that is requested', async (t) => {
      const { sandbox, run, puller, credential, file } = await start(t, { identity })
      await run(apply)
      const former = credential().map(({ name }) => name)
      const byHand = { issuer: sandbox.cluster.issuer, subject: 'system:serviceaccount:image-system:by-hand' }
      const mark = former[0]?.replace(/^pullpass-(\w+)-.*/, 'pullpass:$1')
      signIn(puller, 'by-hand', { ...byHand, description: `see ${mark}` })
      const renamed = (await readFile(file, 'utf8')).replace('name: pullpass}', 'name: other}')
      await sandbox.write('pull.yaml', renamed)
      const again = await run([...apply, '--no-verify'])
      assert.equal(again.exitCode, 0, again.stderr)
      assert.equal(credential().length, 3)
      assert.match(
        again.stdout,
        /system:serviceaccount:image-system:pullpass still signs in as it \(pullpass-\S+\), which these documents do not use: .*--replace subjects/,
      )
      assert.match(again.stdout, /system:serviceaccount:image-system:by-hand of \S+ also signs in as it/)
      const commands = await run(['trust', 'plan', '-o', 'az', '--replace', 'subjects'])
      assert.match(commands.stdout, /federated-credential delete .*/)
      const plan = await run(['trust', 'plan', '-o', 'json', '--replace', 'subjects'])
      const { resources } = JSON.parse(plan.stdout)
      const [, { result, changes }] = resources
      assert.deepEqual([result, changes.map(({ action }: { action: string }) => action)], ['would-update', ['delete']])
      const terraform = await run(['trust', 'plan', '-o', 'terraform', '--replace', 'subjects'])
      assert.match(terraform.stdout, /^# Terraform does not delete what is not in its state; run: az .* delete /m)
      const removed = await run([...apply, '--no-verify', '--replace', 'subjects'])
      assert.equal(removed.exitCode, 0, removed.stderr)
      const left = credential().map(({ name }) => name)
      assert.equal(left.length, 2)
      assert.ok(left.includes('by-hand') && former.every((name) => !left.includes(name)), left.join())
    })
  })
}
