import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { deleteResource, readyOf, writeResource } from '../custom-resource.ts'
import { startControllerTest } from '../start-test-controller.ts'
import { advanceUntil } from '../virtual-time.ts'

const step = (description: string) => ({ stepMs: 1_000, description })

suite('the watches of the controller', () => {
  test('of custom resources are for 200 names of Secrets: others are reported, until one is free; files have all', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t)
    sandbox.cluster.installDefinitions()
    const nameOf = (index: number) => `one-${String(index).padStart(3, '0')}`
    for (let index = 0; index <= 200; index++) {
      writeResource(sandbox, { name: nameOf(index), include: ['default'], spec: { secretName: nameOf(index) } })
    }
    const { whenFresh, logged } = await start()
    await whenFresh(2) // of the file
    await advanceUntil(time, step('the status'), () => readyOf(sandbox, nameOf(200))?.reason === 'TooManySecretNames')
    assert.match(readyOf(sandbox, nameOf(200))?.message ?? '', /^DOCUMENT_INVALID: .*; fix: use the same names/)
    await advanceUntil(time, step('the others'), () => readyOf(sandbox, nameOf(199))?.reason === 'Fresh')
    assert.equal(logged.filter((line) => line.includes('custom resources name more objects')).length, 1)
    await deleteResource(sandbox, nameOf(7))
    await advanceUntil(time, step('the last one'), () => readyOf(sandbox, nameOf(200))?.reason === 'Fresh')
  })

  test('of names that are refused are replaced by those of names that wait, however many an author invents', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t)
    sandbox.cluster.installDefinitions()
    const nameOf = (index: number) => `one-${String(index).padStart(3, '0')}`
    const resourceNames = Array.from({ length: 450 }, (_, index) => nameOf(index))
    for (const name of resourceNames) writeResource(sandbox, { name, include: ['default'], spec: { secretName: name } })
    sandbox.cluster.authorization.forbid({ verbs: ['list'], resources: ['secrets'], resourceNames })
    writeResource(sandbox, { name: 'zzz', include: ['default'], spec: { secretName: 'zzz' } })
    const { logged, whenFresh } = await start()
    await whenFresh(2) // of the file
    await advanceUntil(time, step('the last one'), () => readyOf(sandbox, 'zzz')?.reason === 'Fresh')
    for (const name of [nameOf(0), nameOf(449)]) {
      await advanceUntil(time, step(`the status of ${name}`), () => readyOf(sandbox, name)?.reason === 'NotPermitted')
      assert.match(readyOf(sandbox, name)?.message ?? '', new RegExp(`--secret-name ${name}$`))
    }
    const lists = () => sandbox.parts.kubernetes.seen.filter(({ path }) => path === '/api/v1/secrets').length
    const before = lists()
    for (let minutes = 0; minutes < 10; minutes++) await advanceUntil(time, step('a minute'), () => true)
    assert.ok(lists() - before < 450, `${lists() - before} lists`)
    assert.ok(logged.filter((line) => line.startsWith('error a watch failed')).length <= 20)
  })
})
