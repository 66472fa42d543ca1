import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { runCurlScript } from '../support/run-curl-script.ts'
import { start as startCloudsmith } from './cloudsmith/start-trust.ts'
import { start as startJfrog } from './jfrog/start-trust.ts'
import { start as startQuay } from './quay/start-trust.ts'

/** The second step of each script. */
const vendors = {
  async Cloudsmith(t: TestContext) {
    const started = await startCloudsmith(t)
    return {
      ...started,
      part: started.cloudsmith.parts.tokens,
      variable: 'CLOUDSMITH_API_KEY',
      step: /create provider /,
    }
  },
  async JFrog(t: TestContext) {
    const started = await startJfrog(t)
    const step = /create mapping /
    return { ...started, part: started.jfrog.parts.tokens, variable: 'JFROG_ACCESS_TOKEN', step }
  },
  async Quay(t: TestContext) {
    const started = await startQuay(t)
    return { ...started, part: started.quay.parts.tokens, variable: 'QUAY_TOKEN', step: /let \S+ of \S+ sign in as / }
  },
}

for (const [title, begin] of Object.entries(vendors)) {
  suite(`the script of curl for ${title}`, () => {
    test('states the step that failed and the response, without the token, and ends there', async (t) => {
      const { sandbox, run, part, variable, step } = await begin(t)
      const token = sandbox.environment[variable] ?? assert.fail()
      const { stdout: script } = await run(['trust', 'plan', '-o', 'curl'])
      const isChange = ({ method }: { readonly method: string }) => method !== 'GET'
      const sent = () => part.seen.filter(isChange).length
      const refuse = async (body: string, status = 403) => {
        const before = sent()
        for (const response of [
          { status: 201, body: '{}' },
          { status, body },
        ])
          part.faults.inject({ kind: 'response', response }, { when: isChange, times: 1 })
        const { exitCode, stdout, stderr } = await runCurlScript(sandbox, script)
        assert.deepEqual([exitCode, stdout, sent() - before], [1, '', 2])
        assert.ok(!stderr.includes(token), 'the token is printed')
        const lines = stderr.trimEnd().split('\n')
        assert.equal(lines[0], `${title} responded with ${status}:`)
        assert.match(lines.at(-2) ?? '', new RegExp(`^failed: ${step.source}`))
        assert.match(lines.at(-1) ?? '', /^The steps before it are done\. .* run a new script of trust plan\.$/)
        return lines.slice(1, -2).join('\n')
      }
      assert.equal(await refuse('{"message": "not permitted\u001b[31m"}\n'), '{"message": "not permitted[31m"}')
      assert.equal(await refuse(`you sent ${token}`), '(not shown: it repeats the token)')
      assert.equal(await refuse('moved', 302), 'moved')
      assert.equal((await refuse('x'.repeat(100_000))).length, 2000)
    })

    test('states the step where there is no response, and sends nothing without the token', async (t) => {
      const { sandbox, run, part, variable } = await begin(t)
      const { stdout: script } = await run(['trust', 'plan', '-o', 'curl'])
      part.faults.inject({ kind: 'reset', at: 'request' })
      const { exitCode, stderr } = await runCurlScript(sandbox, script)
      assert.equal(exitCode, 1)
      assert.match(stderr, /^curl: \(\d+\) .*\nfailed: create .*\nThe steps before it are done\. .*\n$/)
      const before = part.seen.length
      const { [variable]: _, ...environment } = sandbox.environment
      const unset = await runCurlScript({ ...sandbox, environment }, script)
      assert.notEqual(unset.exitCode, 0)
      assert.match(unset.stderr, new RegExp(`${variable}: parameter .*\n$`))
      assert.equal(part.seen.length, before)
    })
  })
}
