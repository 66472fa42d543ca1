/** Each error or finding of doctor that a run prints is explained for its hop: docs/errors.md names the hops of each code. */
import assert from 'node:assert/strict'
import { isCode } from '../../src/errors/codes.ts'
import { explanations } from '../../src/errors/explanations.ts'

const errorLine = /^([A-Z][A-Z_]+) \(([a-z][a-z/-]*)\): /gm

export function checkErrorHops(printed: string): void {
  for (const [, code = '', hop = ''] of printed.matchAll(errorLine)) checkHop('hops', code, hop)
}

export function checkFindingHops(findings: readonly { readonly code: string; readonly hop: string }[]): void {
  for (const { code, hop } of findings) checkHop('doctor', code, hop)
}

function checkHop(list: 'hops' | 'doctor', code: string, hop: string): void {
  const listed = isCode(code) ? (explanations[code]?.[list] ?? []) : []
  const isListed = listed.includes(hop) || listed.includes('any')
  assert.ok(isListed, `${code} at hop ${hop}: its explanation lists ${listed.join(', ') || 'none'} in ${list}`)
}
