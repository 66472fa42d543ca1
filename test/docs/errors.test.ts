import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { hops as doctorHops } from '../../src/doctor/hops.ts'
import { codes, eventReason } from '../../src/errors/codes.ts'
import type { Explanation } from '../../src/errors/explanation.ts'
import { explanations, explanationsOf, sections } from '../../src/errors/explanations.ts'
import { issuerFindingCodes } from '../../src/oidc/evaluate/finding.ts'
import { alarmCodes } from '../../src/publish/watch/alarms.ts'
import { pullSecretProblems } from '../../src/registry/check-pull-secret.ts'
import { statusProblems } from '../../src/status/evaluate.ts'
import { renderErrorsPage } from '../../tools/render-errors-page.ts'
import { errorMessages } from './error-messages.ts'

const explained = sections.flatMap(explanationsOf)
const errorCodes = Object.entries(codes).filter(([, exitCode]) => exitCode !== null)
const codesWith = (isOne: (explanation: Explanation) => unknown): string[] =>
  explained.filter(([, one]) => isOne(one)).map(([code]) => code)

const codesOfMessagesWith = (isOne: (message: string) => unknown): string[] =>
  errorMessages.filter(([, message]) => isOne(message)).map(([code]) => code)

// That each message is the output of a run: error-examples.matrix.test.ts.
suite('docs/errors.md', { concurrency: 4 }, () => {
  test('is what the table of codes renders', () => {
    assert.equal(readFileSync('docs/errors.md', 'utf8'), renderErrorsPage(), 'node tools/schema.ts')
  })

  test('README.md shows the example of this page', () => {
    assert.ok(readFileSync('README.md', 'utf8').includes(`\n${explanations.IMPERSONATION_DENIED?.example}\n`))
  })

  test('explains every code once', () => {
    assert.deepEqual(explained.map(([code]) => code).toSorted(), Object.keys(codes).toSorted())
  })

  test('an error has a hop and one message, a finding or alarm has neither', () => {
    const expected = errorCodes.map(([code]) => code).toSorted()
    assert.deepEqual(codesWith(({ hops }) => hops).toSorted(), expected)
    assert.deepEqual(errorMessages.map(([code]) => code).toSorted(), expected)
  })

  test('every code is reported by something, and doctor reports it at hops that exist', () => {
    assert.deepEqual(
      codesWith(
        ({ hops, doctor, issuerCheck, status, alarm, event }) =>
          !(hops || doctor || issuerCheck || status || alarm || event),
      ),
      [],
    )
    // Doctor reports a step of a vendor's exchange at the hop of its error.
    const steps = explained
      .flatMap(([, { hops = [] }]) => hops)
      .filter((hop) => !doctorHops.some(({ name }) => name === hop))
    const hops = new Set([...doctorHops.map(({ name }) => name), ...steps, 'any'])
    assert.deepEqual(
      codesWith(({ doctor = [] }) => doctor.some((hop) => !hops.has(hop))),
      [],
    )
  })

  test('issuer check reports the codes that the page attributes to it', () => {
    assert.deepEqual(codesWith(({ issuerCheck }) => issuerCheck).toSorted(), issuerFindingCodes.toSorted())
  })

  test('inspect secret reports the codes that the page attributes to it', () => {
    assert.deepEqual(codesWith(({ inspect }) => inspect).toSorted(), pullSecretProblems.toSorted())
  })

  test('status reports the codes that the page attributes to it', () => {
    assert.deepEqual(codesWith(({ status }) => status).toSorted(), [...statusProblems].toSorted())
  })

  test('issuer watch raises the alarms that the page attributes to it', () => {
    assert.deepEqual(codesWith(({ alarm }) => alarm).toSorted(), alarmCodes.toSorted())
  })

  test('an alarm has a name in the format of an Event reason', () => {
    assert.equal(eventReason('KEY_UNPUBLISHED'), 'KeyUnpublished')
    assert.equal(eventReason('API_SERVERS_UNKNOWN'), 'ApiServersUnknown')
  })

  test('a message without a fix states what to write as expected', () => {
    assert.deepEqual(
      codesOfMessagesWith((message) => !/(?:\n {2}|; )fix: /.test(message)),
      ['VARIABLE_INVALID', 'DOCUMENT_INVALID'],
    )
    assert.deepEqual(
      codesOfMessagesWith((message) => !/(?:\n {2}|; )expected /.test(message)),
      [],
    )
  })

  test('the page states a fix for every code that needs one', () => {
    assert.deepEqual(
      codesWith(({ action, example = '' }) => action === undefined && !/(?:\n {2}|; )fix: /.test(example)),
      ['IMAGE_PUBLIC', 'NAMESPACE_TERMINATING', 'OK', 'NOT_APPLICABLE', 'NOT_NEEDED', 'SAMPLED'],
    )
  })

  test('what a meaning quotes from a vendor is in the message of a run', () => {
    const quoted = explained.flatMap(([code, { meaning }]) =>
      meaning
        .split('`')
        .filter((span, at) => at % 2 === 1 && span.split(' ').length > 5)
        .map((words) => [code, words] as const),
    )
    assert.deepEqual(
      quoted.map(([code]) => code),
      ['ISSUER_REFUSED', 'ISSUER_UNREACHABLE', 'CONDITION_REFUSED', 'PROVIDER_NOT_FOUND'],
    )
    const messages = new Map(errorMessages)
    assert.deepEqual(
      quoted.filter(([code, words]) => messages.get(code)?.includes(words) !== true),
      [],
    )
  })

  test('what a message expects states more than what was seen', () => {
    const wordsIn = (text: string) => new Set(text.match(/[A-Za-z0-9]+/g))
    const repeats = (message: string) => {
      const [seen = '', ...lines] = message.split('\n')
      const expected = lines.find((line) => line.startsWith('  expected '))?.slice('  expected '.length) ?? ''
      const added = [...wordsIn(expected)].filter(
        (word) => !wordsIn(seen.replaceAll(/"[^"]*"/g, '')).has(word) && !little.has(word),
      )
      return expected !== '' && added.length === 0
    }
    const little = wordsIn('a an the to be is are of in at for with and or no not one once only it that which')
    assert.deepEqual(codesOfMessagesWith(repeats), [])
  })
})
