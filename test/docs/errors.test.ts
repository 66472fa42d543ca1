import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { hops as doctorHops } from '../../src/doctor/hops.ts'
import { codes, eventReason, isCode } from '../../src/errors/codes.ts'
import type { Explanation } from '../../src/errors/explanation.ts'
import { explanations, explanationsOf, sections } from '../../src/errors/explanations.ts'
import { issuerFindingCodes } from '../../src/oidc/evaluate/finding.ts'
import { alarmCodes } from '../../src/publish/watch/alarm.ts'
import { pullSecretProblems } from '../../src/registry/check-pull-secret.ts'
import { renderErrorsPage } from '../../tools/render-errors-page.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'
import { errorCases } from './error-cases/error-cases.ts'
import { normalizeMessage } from './normalize-message.ts'

const explained = sections.flatMap(explanationsOf)
const errorCodes = Object.entries(codes).filter(([, exitCode]) => exitCode !== null)
const cases = new Map(Object.entries(errorCases))
const codesWith = (isOne: (explanation: Explanation) => unknown): string[] =>
  explained.filter(([, one]) => isOne(one)).map(([code]) => code)

const namesCommand = (fix = ''): boolean => /(?:^|: )(?:kubectl|aws|az|gcloud|pullpass) [a-z]/.test(fix)

/** Commands that a program should not run as the fix, and sentences about one. */
const commandsInSentences: ReadonlyMap<string, string> = new Map([
  ['CONDITION_REFUSED', 'states what trust apply does'],
  ['REGISTRY_DENIED', 'states what trust apply does'],
  ['CREDENTIAL_FILE_INVALID', 'the form of a command, with parts to fill in'],
  ['CREDENTIAL_SOURCE_INVALID', 'lists the Secrets that exist'],
  ['KUBECONFIG_INVALID', 'shows the configuration'],
  ['KUBERNETES_UNAUTHENTICATED', 'shows the identity'],
  ['KUBERNETES_FORBIDDEN', 'prints rules, which have to be reviewed and applied'],
  ['KUBERNETES_REFUSED', 'shows the policy or webhook'],
  ['KUBERNETES_QUOTA_EXCEEDED', 'shows the quota'],
  ['SECRET_CONFLICT', 'shows the other writers'],
])

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

  test('an error has a hop and an example, a finding or alarm has neither', () => {
    const expected = errorCodes.map(([code]) => code).toSorted()
    assert.deepEqual(codesWith(({ hops }) => hops).toSorted(), expected)
    assert.deepEqual(codesWith(({ example }) => example).toSorted(), expected)
  })

  test('every code is reported by something, and doctor reports it at hops that exist', () => {
    assert.deepEqual(
      codesWith(({ hops, doctor, issuerCheck, alarm, event }) => !(hops || doctor || issuerCheck || alarm || event)),
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

  test('issuer watch raises the alarms that the page attributes to it', () => {
    assert.deepEqual(codesWith(({ alarm }) => alarm).toSorted(), alarmCodes.toSorted())
  })

  test('an alarm has a name in the format of an Event reason', () => {
    assert.equal(eventReason('KEY_UNPUBLISHED'), 'KeyUnpublished')
    assert.equal(eventReason('API_SERVERS_UNKNOWN'), 'ApiServersUnknown')
  })

  test('an example without a fix states what to write as expected', () => {
    assert.deepEqual(
      codesWith(({ example }) => example && !/(?:\n {2}|; )fix: /.test(example)),
      ['VARIABLE_INVALID', 'DOCUMENT_INVALID'],
    )
    assert.deepEqual(
      codesWith(({ example }) => example && !/(?:\n {2}|; )expected /.test(example)),
      [],
    )
  })

  test('what an example expects says more than what was seen', () => {
    const wordsIn = (text: string) => new Set(text.match(/[A-Za-z0-9]+/g))
    const repeats = ({ example = '' }: Explanation) => {
      const [seen = '', ...lines] = example.split('\n')
      const expected = lines.find((line) => line.startsWith('  expected '))?.slice('  expected '.length) ?? ''
      const added = [...wordsIn(expected)].filter(
        (word) => !wordsIn(seen.replaceAll(/"[^"]*"/g, '')).has(word) && !little.has(word),
      )
      return expected !== '' && added.length === 0
    }
    const little = wordsIn('a an the to be is are of in at for with and or no not one once only it that which')
    assert.deepEqual(codesWith(repeats), [])
  })

  // A usage error is text: its flags are not read.
  const withCommand = codesWith(({ example }) => namesCommand(/\n {2}fix: (.*)/.exec(example ?? '')?.[1]))
  for (const code of withCommand.filter((one) => one !== 'USAGE_INVALID')) {
    test(`the fix of ${code} has its command in a field of its own`, async (t) => {
      const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
      const run = await cases.get(code)?.({ ...sandbox, flags: ['--log-format', 'json'] })
      const lines = (run?.stderr ?? '').split('\n').filter((line) => line.includes(`"code":"${code}"`))
      assert.equal(lines.length, 1, run?.stderr)
      const { fix, command }: { fix?: string; command?: string } = JSON.parse(lines[0] ?? '')
      assert.equal(namesCommand(fix), commandsInSentences.has(code), fix)
      assert.ok(command !== undefined || commandsInSentences.has(code))
    })
  }

  for (const [code, exitCode] of errorCodes) {
    test(`${code} has its hop, and the output of a run as example`, async (t) => {
      const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
      const runInto = cases.get(code)
      assert.ok(runInto, 'no run fails with it')
      const run = await runInto(sandbox)
      const { hops = [], example } = (isCode(code) && explanations[code]) || {}
      assert.equal(normalizeMessage(run.stderr, sandbox), example)
      assert.equal(run.exitCode, code === 'INTERRUPTED' ? 143 : exitCode) // as in a shell: 128 + SIGTERM
      const hop = /^[A-Z_]+ \(([a-z/-]+)\)/.exec(run.stderr)?.[1] ?? ''
      assert.ok(hops.includes(hop) || hops.includes('any'), `${hops.join()} for ${hop}`)
    })
  }
})
