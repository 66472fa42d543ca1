import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { codes, isCode } from '../../src/errors/codes.ts'
import { explanations } from '../../src/errors/explanations.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'
import { errorCases } from './error-cases/error-cases.ts'
import { errorMessages } from './error-messages.ts'
import { normalizeMessage } from './normalize-message.ts'

const errorCodes = Object.entries(codes).filter(([, exitCode]) => exitCode !== null)
const cases = new Map(Object.entries(errorCases))
const messages = new Map(errorMessages)

const namesCommand = (fix = ''): boolean => /(?:^|: )(?:kubectl|aws|az|gcloud|pullpass) [a-z]/.test(fix)

/** Commands that a program should not run as the fix, and sentences about one. */
const commandsInSentences: ReadonlyMap<string, string> = new Map([
  ['CONDITION_REFUSED', 'states what trust apply does'],
  ['REGISTRY_DENIED', 'states what trust apply does'],
  ['CREDENTIAL_FILE_INVALID', 'the form of a command, with parts to fill in'],
  ['CREDENTIAL_SOURCE_INVALID', 'lists the Secrets that exist'],
  ['KUBERNETES_UNAUTHENTICATED', 'shows the identity'],
  ['KUBERNETES_FORBIDDEN', 'prints rules, which have to be reviewed and applied'],
  ['KUBERNETES_REFUSED', 'shows the policy or webhook'],
  ['KUBERNETES_QUOTA_EXCEEDED', 'shows the quota'],
  ['SECRET_CONFLICT', 'shows the other writers'],
])

suite('docs/errors.md, against a run that fails with each code:', { concurrency: 4 }, () => {
  // A usage error is text: its flags are not read.
  const withCommand = errorMessages.filter(
    ([code, message]) => code !== 'USAGE_INVALID' && namesCommand(/\n {2}fix: (.*)/.exec(message)?.[1]),
  )
  for (const [code] of withCommand) {
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
    test(`${code} has its hop, and the message of a run`, async (t) => {
      const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
      const runInto = cases.get(code)
      assert.ok(runInto, 'no run fails with it')
      const run = await runInto(sandbox)
      const { hops = [] } = (isCode(code) && explanations[code]) || {}
      assert.equal(normalizeMessage(run.stderr, sandbox), messages.get(code))
      assert.equal(run.exitCode, code === 'INTERRUPTED' ? 143 : exitCode) // as in a shell: 128 + SIGTERM
      const hop = /^[A-Z_]+ \(([a-z/-]+)\)/.exec(run.stderr)?.[1] ?? ''
      assert.ok(hops.includes(hop) || hops.includes('any'), `${hops.join()} for ${hop}`)
    })
  }
})
