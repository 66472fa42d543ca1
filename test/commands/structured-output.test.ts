import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import {
  renderInParts,
  renderResult,
  renderStreamed,
  withholdInJsonLines,
} from '../../src/commands/command-line/output.ts'
import { readCommandLine } from '../../src/commands/command-line/read.ts'
import { commands, loadCommand } from '../../src/commands/commands.ts'
import { run } from '../../src/commands/run/run.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { fakeContext } from '../support/fake-context.ts'
import { grant, setStsResponse } from '../support/plant-secrets.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'

const now = () => new Date('2026-11-24T12:00:00Z')

suite('the error that the hard deadline prints for a blocked process', () => {
  const stream = ['issuer', 'watch', '--to', '.', '--timeout', '5m']
  const forms: Readonly<Record<string, [argv: readonly string[], form: RegExp]>> = {
    'is one line in a stream of JSON': [[...stream, '-o', 'json'], /^\{.*\}$/],
    'is a YAML document in a stream of YAML': [[...stream, '-o', 'yaml'], /^---\n\{.*\}$/],
    'is one document otherwise': [['refresh', '-f', 'missing.yaml', '-o', 'json'], /^\{\n {2}"apiVersion"/],
  }
  for (const [title, [argv, form]] of Object.entries(forms)) {
    test(title, async () => {
      const printed: string[] = []
      await run(argv, {
        environment: {},
        now,
        random: () => 0.5,
        sleep: () => new Promise(() => undefined),
        signal: new AbortController().signal,
        vendors,
        terminal: {
          print: () => undefined,
          printError: () => undefined,
          printCredential: () => assert.fail('no credential is printed'),
          readInput: () => Promise.resolve(''),
          color: 'never',
          showProgress: () => undefined,
        },
        endHard: (_, { stdout = '' }) => {
          printed.push(stdout)
          return { serve: () => undefined }
        },
      })
      assert.equal(printed.length, 1)
      assert.match(printed[0] ?? '', form)
      assert.equal(parse(printed[0] ?? '').error.code, 'TIMED_OUT')
    })
  }
})

suite('a result in parts', () => {
  const item = (index: number) => ({ name: `a${index}`, text: 'b\n"c"\u0007', list: [], nested: [{ d: true }] })
  for (const format of ['json', 'yaml'] as const) {
    for (const count of [0, 1, 50, 51, 120]) {
      test(`of ${count} items is the same ${format} as the whole`, async () => {
        const result = { kind: 'StatusResult', items: Array.from({ length: count }, (_, index) => item(index)) }
        const parts: string[] = []
        const secrets = new SecretRegister()
        for await (const part of renderInParts(result, 'items', format, secrets)) parts.push(part)
        assert.equal(parts.join('\n'), await renderResult(result, format, secrets))
      })
    }
  }

  test('contains no secret of the run', async () => {
    const secrets = new SecretRegister()
    secrets.add(new Redacted('ya29.abcDEF0123456789ghijklmnopQRSTUV'))
    const items = [{ text: 'ya29.abcDEF0123456789ghijklmnopQRSTUV' }]
    let text = ''
    for await (const part of renderInParts({ kind: 'StatusResult', items }, 'items', 'json', secrets)) text += part
    assert.deepEqual(JSON.parse(text).items, [{ text: '(withheld, it repeats a secret)' }])
  })
})

suite('a secret of the run', () => {
  const syntax = {
    json: 'lse,"secrets":[{"document":"',
    yaml: 'dryRun:falsesecrets:-document:', // white space is ignored
  }
  for (const [format, part] of Object.entries(syntax)) {
    test(`that repeats a part of the ${format} syntax leaves the output unchanged`, async (t) => {
      const sandbox = await startTestSandbox(t)
      grant(sandbox)
      setStsResponse(sandbox.gcp.parts, { status: 200, body: { access_token: part, expires_in: 3600 } })
      const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-o', format])
      const { result, dryRun, secrets } = parse(stdout)
      assert.deepEqual([exitCode, result, dryRun, secrets[0].registries[0].result], [0, 'ok', false, 'fresh'])
    })
  }

  const secret = 'ya29.abcDEF0123456789ghijklmnopQRSTUV'
  const register = new SecretRegister()
  register.add(new Redacted(secret))
  const values = {
    quoted: `it contained "${secret}" twice`,
    escaped: `a\\${secret}\\b`,
    line: `a\n${secret}\tb`,
    alone: secret,
  }
  for (const format of ['json', 'yaml'] as const) {
    test(`is withheld within a value, and the document stays valid ${format}`, async () => {
      for (const render of [renderResult, renderStreamed]) {
        const text = await render({ kind: 'Error', ...values }, format, register)
        assert.deepEqual(parse(text), {
          apiVersion: 'pullpass.dev/v1alpha1',
          kind: 'Error',
          quoted: 'it contained "(withheld, it repeats a secret)" twice',
          escaped: '(withheld, it repeats a secret)',
          line: 'a\n(withheld, it repeats a secret)\tb',
          alone: '(withheld, it repeats a secret)',
        })
      }
    })
  }

  const objects: Readonly<Record<string, readonly string[]>> = {
    init: ['--from-env'],
    manifests: ['--image', 'registry.example.com/pullpass:1.0.0', '--no-network-policy'],
  }
  for (const [name, words] of Object.entries(objects)) {
    for (const format of ['json', 'yaml']) {
      test(`is withheld in the objects of ${name} -o ${format}`, async () => {
        const repeated = 'puller@example-project.iam.gserviceaccount.com'
        const context = fakeContext({
          environment: {
            PROJECT_NUMBER: '123456789012',
            POOL_ID: 'pool',
            PROVIDER_ID: 'cluster',
            SERVICE_ACCOUNT_EMAIL: repeated,
            REGISTRY_SECRET_NAME: 'regcred',
            REGISTRY_SECRET_NAMESPACES: 'default',
          },
        })
        context.secrets.add(new Redacted(repeated))
        const entry = commands[name]
        assert.ok(entry)
        const command = await loadCommand(entry, vendors)
        const printed: string[] = []
        const terminal = {
          print: (text: string) => void printed.push(text),
          printError: () => undefined,
          printCredential: () => assert.fail('no credential is printed'),
          readInput: () => Promise.resolve(''),
          color: 'never',
          showProgress: () => undefined,
        } as const
        const line = readCommandLine(name, command, [...words, '-o', format])
        assert.equal(await command.run({ ...line, context, terminal }), 0)
        const [text = ''] = printed
        assert.doesNotMatch(text, /puller@/)
        assert.match(text, /\(withheld, it repeats a secret\)/)
        if (format === 'json') assert.ok(JSON.parse(text))
      })
    }
  }

  test('does not replace a code or a result that it equals', async () => {
    const own = new SecretRegister()
    own.add(new Redacted('REGISTRY_DENIED'), new Redacted('would-create'))
    const result = { kind: 'DoctorResult', findings: [{ code: 'REGISTRY_DENIED', result: 'would-create' }] }
    assert.deepEqual(JSON.parse(await renderResult(result, 'json', own)).findings, result.findings)
  })

  test('is withheld within the values of a log in JSON, whose lines stay valid', () => {
    const own = new SecretRegister()
    own.add(new Redacted('"level":"warn","message":"a request'), new Redacted(secret))
    const line = JSON.stringify({ level: 'warn', message: 'a request failed', seen: `"${secret}"` })
    assert.deepEqual(
      withholdInJsonLines(`${line}\n${line}`, own)
        .split('\n')
        .map((one) => JSON.parse(one)),
      [
        { level: 'warn', message: 'a request failed', seen: '"(withheld, it repeats a secret)"' },
        { level: 'warn', message: 'a request failed', seen: '"(withheld, it repeats a secret)"' },
      ],
    )
    assert.equal(withholdInJsonLines(`note: ${secret}`, own), 'note: (withheld, it repeats a secret)')
  })
})
