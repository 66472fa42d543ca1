import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { puller } from '../../../sandbox/yandex/cloud-state.ts'
import { apply } from '../trust-runs.ts'
import { start } from './start-trust.ts'

const other = { id: 'ajeother00123456789a', folderId: 'b1gexample0123456789', name: 'other', status: 'ACTIVE' } as const

suite('two service accounts that pull from one registry of Yandex Cloud', () => {
  const two = async (t: Parameters<typeof start>[0]) => {
    const started = await start(t, { second: other.id })
    started.yandex.state.accounts.set(other.id, other)
    return started
  }
  const members = (bindings: readonly { readonly roleId: string; readonly subject: { readonly id: string } }[]) =>
    bindings.map(({ roleId, subject }) => [roleId, subject.id])

  test('have a federation and a binding each, of which one is removed alone', async (t) => {
    const { run, federations, bindings } = await two(t)
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.equal(new Set(federations().map(({ name }) => name)).size, 2)
    assert.deepEqual(members(bindings()), [
      [puller, 'ajeexample0123456789'],
      [puller, other.id],
    ])
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual([federations(), bindings()], [[], []])
  })

  test('are granted by commands where Terraform is used, since its binding would contain one that is refused', async (t) => {
    const { yandex, run } = await two(t)
    yandex.state.accounts.delete(other.id)
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.equal(terraform.exitCode, 1)
    assert.doesNotMatch(terraform.stdout, /^resource "yandex_container_registry_iam_binding"/m)
    assert.match(
      terraform.stdout,
      /^# Terraform does not grant; run first: yc container registry add-access-binding --id crpexample0123456789 --role container-registry\.images\.puller --service-account-id ajeexample0123456789$/m,
    )
    assert.doesNotMatch(terraform.stdout, new RegExp(`service-account-id ${other.id}`))
  })

  test('one of which is refused, does not keep the other from its role', async (t) => {
    const { yandex, run, bindings } = await two(t)
    yandex.state.accounts.set(other.id, { ...other, status: 'SUSPENDED' })
    assert.equal((await run(apply)).exitCode, 1)
    assert.deepEqual(members(bindings()), [[puller, 'ajeexample0123456789']])
  })
})
