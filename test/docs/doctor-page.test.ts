import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { doctor } from '../../src/commands/doctor.ts'
import { issuerCodes } from '../../src/doctor/hops/issuer/remedy.ts'
import { hops as doctorHops } from '../../src/doctor/hops.ts'
import { isCode } from '../../src/errors/codes.ts'
import { explanations } from '../../src/errors/explanations.ts'

const page = readFileSync('docs/doctor.md', 'utf8')

suite('docs/doctor.md', () => {
  test('every hop has a row, in the order of the checks', () => {
    const [, hops = ''] = /\| hop \| what is checked \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(page) ?? []
    assert.deepEqual(
      [...hops.matchAll(/^\| ([a-z-]+) \| /gm)].map(([, hop]) => hop),
      doctorHops.map(({ name }) => name),
    )
  })

  test('the help lists every hop, in the order of the checks', () => {
    const [, list = ''] = /Hops: ([a-z-, \n]+)\./.exec(doctor.details) ?? []
    assert.deepEqual(
      list.split(/,\s+/),
      doctorHops.map(({ name }) => name),
    )
  })

  test('the glossary lists the hops of errors', () => {
    const [row = '', list = ''] = /^\| hop \| [^:|]*: ([a-z-, ]+).*$/m.exec(readFileSync('docs/terms.md', 'utf8')) ?? []
    const printed = Object.values(explanations).flatMap(({ hops = [] }) => hops)
    const known = [...new Set(printed)].filter((hop) => hop !== 'any' && !hop.includes('/'))
    assert.deepEqual(list.trim().split(', ').toSorted(), known.toSorted())
    assert.ok(printed.some((hop) => hop.startsWith('exchange/')) && row.includes('`exchange/NAME`'), row)
  })

  test('every code that only doctor reports is in a test', () => {
    const files = globSync('test/{doctor,commands,vendors}/**/*.ts').filter((file) => /doctor|vendors/.test(file))
    const tests = files.map((file) => readFileSync(file, 'utf8')).join('\n')
    const own = Object.entries(explanations).filter(([, known]) => known.doctor && !known.hops && !known.issuerCheck)
    const unnamed = own.map(([code]) => code).filter((code) => !new RegExp(`\\b${code}\\b`).test(tests))
    assert.ok(own.length > 40, `${own.length}`)
    assert.deepEqual(unnamed, [])
  })

  test('each code of issuer check is explained with the hop at which doctor reports it', () => {
    for (const [code, known] of Object.entries(issuerCodes)) {
      if (known !== 'of the token') assert.ok(isCode(code) && explanations[code]?.doctor?.includes(known.hop), code)
    }
  })
})
