import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../support/document-text.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'

const elsewhere = { PULLPASS_GCP_STS_ENDPOINT: 'https://sts.example.com' }

suite('a proxy of the environment', () => {
  for (const command of ['refresh', 'doctor']) {
    test(`that does not exist is named by ${command}, with its variable`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const environment = { ...elsewhere, https_proxy: '127.0.0.1:1' }
      const { exitCode, stdout, stderr } = await runPullpass(sandbox, [command], { environment })
      assert.equal(exitCode, 1)
      const printed = `${stdout}${stderr}`.replaceAll(/\s+/g, ' ')
      assert.match(printed, /the proxy 127\.0\.0\.1:1 of https_proxy failed: ECONNREFUSED/)
      assert.match(printed, /check that the proxy runs and that https_proxy is correct/)
    })
  }

  for (const command of [
    ['refresh'],
    ['doctor'],
    ['trust', 'plan'],
    ['issuer', 'publish', '--to', 'gs://example-bucket/cluster'],
  ]) {
    test(`by SOCKS is refused by ${command[0]} ${command[1] ?? ''} before anything is sent`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const environment = { HTTPS_PROXY: 'socks5://jane:planted-password@127.0.0.1:1' }
      const file = await sandbox.write('pull.yaml', documentText(sandbox))
      const files = command[0] === 'issuer' ? [] : ['-f', file]
      const { exitCode, stderr } = await runPullpass(sandbox, [...command, ...files], { environment })
      assert.equal(exitCode, 2)
      assert.match(stderr, /^USAGE_INVALID \(run\): HTTPS_PROXY is a socks5 proxy, which pullpass cannot use/)
      assert.doesNotMatch(stderr, /planted/)
      assert.deepEqual([sandbox.parts.kubernetes.seen, sandbox.gcp.parts.sts.seen], [[], []])
    })
  }
})
