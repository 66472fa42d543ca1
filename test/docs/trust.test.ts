import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { apply } from '../../src/commands/trust/apply.ts'
import { destroy } from '../../src/commands/trust/destroy.ts'
import { plan } from '../../src/commands/trust/plan.ts'
import { loadText } from '../document/load-text.ts'

const page = readFileSync('docs/trust.md', 'utf8')

suite('docs/trust.md', () => {
  test('its example is a valid document with all fields that trust requires', async () => {
    const [document] = await loadText(/```yaml\n(.*?)```/s.exec(page)?.[1] ?? '')
    assert.match(JSON.stringify(document?.registries[0]?.settings), /"uploadKeys":"Never"/)
  })

  test('contains only flags of the commands', () => {
    const known = new Set([plan, apply, destroy].flatMap(({ flags }) => Object.keys(flags)).concat('timeout'))
    const named = [...page.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, flag = '']) => flag)
    assert.deepEqual(
      named.filter((flag) => !known.has(flag)),
      [],
    )
  })
})
