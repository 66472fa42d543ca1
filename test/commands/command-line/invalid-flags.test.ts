/** Every flag of every command in the list of commands, with an invalid value. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Flag } from '../../../src/commands/command-line/flag.ts'
import { commonFlags } from '../../../src/commands/command-line/flags.ts'
import { commands, loadCommand } from '../../../src/commands/commands.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { documentText } from '../../support/document-text.ts'
import { type PullpassRun, runPullpass, withoutTimeLimits } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

/** By the placeholder of the value in the help; a new placeholder needs an entry here. */
const invalidValues: Readonly<Record<string, string>> = {
  ADDRESS: 'no-port',
  '[REGISTRY.]FIELD=VALUE': 'no-such-field=x',
  AUDIENCE: 'two words',
  CLOUD: 'mainframe',
  'CONTEXT=ID': 'no-equals-sign',
  CRON: 'hourly please',
  DURATION: 'soon',
  FIELD: 'everything',
  FILE: '/nonexistent/file',
  FOLDER: '/dev/null/two words',
  'FOLDER|none': 'relative',
  HOST: 'other.example.com',
  FINGERPRINT: 'none',
  FORMAT: 'punch-card',
  'HOST,…': 'two words',
  'HOST[:PORT]': 'http://registry.example.com',
  IDENTITY: 'no-identity',
  IMAGE: 'UPPER/case:tag:tag',
  'KEY=VALUE,…': 'no value',
  'KEY[=VALUE][:EFFECT]': 'a:Sometimes',
  LEVEL: 'loud',
  LIST: 'team-a,Team_B',
  NAME: 'No Such Name',
  'NAME[/KEY]': 'Not A Name',
  NAMESPACE: 'Team_A',
  'NAMESPACE/NAME': 'a/b/c',
  PORT: '70000',
  TARGET: 'ftp://example.com/keys',
  THUMBPRINT: 'no thumbprint',
  URL: 'foo/x',
}

/** Valid command lines, so that the tested flag is the only error: arguments, then flags. */
const validCalls: Readonly<Record<string, { readonly words?: readonly string[]; readonly flags: Given }>> = {
  refresh: { flags: { file: 'DOCUMENT' } },
  controller: { flags: { file: 'DOCUMENT', lease: 'default/pullpass-controller' } },
  init: { words: ['quay.io'], flags: {} },
  inspect: { words: ['serviceaccount', 'team-a/default'], flags: {} },
  status: { flags: {} },
  doctor: { flags: { file: 'DOCUMENT' } },
  manifests: { flags: { file: 'DOCUMENT', image: 'registry.example.com/pullpass:1.0.0' } },
  'manifests node': { flags: { file: 'DOCUMENT', image: 'registry.example.com/pullpass:1.0.0' } },
  'manifests crds': { flags: {} },
  token: { flags: { file: 'DOCUMENT', show: true } },
  'docker-credential': { words: ['version'], flags: {} },
  'credential-provider': { flags: { config: '/nonexistent/node.json' } },
  'credential-provider install': { flags: { config: '/dev/null/folder', to: '/dev/null/node', once: true } },
  'issuer show': { flags: {} },
  'issuer check': { words: ['https://oidc.example.com'], flags: {} },
  'issuer publish': { flags: { to: 'gs://example-cluster' } },
  'issuer watch': { flags: { to: 'gs://example-cluster' } },
  'issuer serve': { flags: { listen: '0' } },
  'issuer revoke': { words: ['some-key'], flags: { to: 'gs://example-cluster' } },
  'trust plan': { flags: { file: 'DOCUMENT', subject: 'image-system/pullpass' } },
  'trust apply': { flags: { file: 'DOCUMENT', subject: 'image-system/pullpass', yes: true } },
  'trust destroy': { flags: { file: 'DOCUMENT', subject: 'image-system/pullpass', yes: true } },
  uninstall: { flags: { file: 'DOCUMENT', yes: true } },
  completion: { words: ['bash'], flags: {} },
  version: { flags: {} },
  sandbox: { flags: {} },
}

/** Flags that are valid only with another target of the same command. */
const otherWords: Readonly<Record<string, readonly string[]>> = { 'inspect --image': ['secret', 'team-a/regcred'] }

type Given = Readonly<Record<string, string | true>>

const argvOf = (given: Given): string[] =>
  Object.entries(given).flatMap(([flag, value]) => (value === true ? [`--${flag}`] : [`--${flag}=${value}`]))

async function runWith(sandbox: TestSandbox, command: string, flag: string, value: string): Promise<PullpassRun> {
  const call = validCalls[command]
  assert.ok(call, `${command} needs a valid command line in this test`)
  const document = documentText(sandbox, {}).replace('gcp:', 'gcp:\n        trust: {repository: REPOSITORY}')
  const file = await sandbox.write(
    'pull.yaml',
    flag === 'repository' ? documentText(sandbox) : document.replace('REPOSITORY', repository),
  )
  const given = Object.entries({ ...call.flags, [flag]: value }).map(
    ([name, word]) => [name, word === 'DOCUMENT' ? file : word] as const,
  )
  const words = otherWords[`${command} --${flag}`] ?? call.words ?? []
  const argv = [...command.split(' '), ...words, ...argvOf(Object.fromEntries(given))]
  // The plugin of the kubelet has a time limit of its own.
  return await runPullpass(sandbox, argv, command === 'credential-provider' ? { sleep: withoutTimeLimits } : {})
}

const repository = 'projects/example-project/locations/europe/repositories/images'

const changesMade = ({ parts }: TestSandbox) =>
  Object.values(parts)
    .flatMap((part) => ('seen' in part ? part.seen : []))
    .filter(({ method }) => method !== 'GET')

const invalidValueOf = ({ choices, value = '' }: Flag): string =>
  choices === undefined ? (invalidValues[value] ?? '') : 'no-such-choice'

for (const [command, entry] of Object.entries(commands)) {
  suite(`pullpass ${command}`, () => {
    test('ends with exit code 2 for an invalid value of any flag, before anything is changed', async (t) => {
      const sandbox = await startTestSandbox(t)
      const flags: Readonly<Record<string, Flag>> = { ...(await loadCommand(entry, vendors)).flags, ...commonFlags }
      for (const [flag, rule] of Object.entries(flags)) {
        if (rule.type === 'boolean') continue
        const value = invalidValueOf(rule)
        await t.test(`--${flag} ${value}`, async () => {
          assert.notEqual(value, '', `there is no invalid value for ${rule.value}`)
          const before = changesMade(sandbox).length
          const { exitCode, stdout, stderr } = await runWith(sandbox, command, flag, value)
          assert.deepEqual([exitCode, stdout], [2, ''], stderr)
          const [seen = ''] = stderr.split('\n')
          assert.ok(seen.includes(`--${flag} `) || seen.includes(value), stderr)
          assert.deepEqual(changesMade(sandbox).slice(before), [])
        })
      }
    })

    test('ends with exit code 2 for a switch with a value, and for a flag that is given twice', async () => {
      const emptyHost = { environment: {}, clock: { now: () => new Date(0), advance: () => undefined } }
      const flags: Readonly<Record<string, Flag>> = { ...(await loadCommand(entry, vendors)).flags, ...commonFlags }
      for (const [flag, { type, multiple }] of Object.entries(flags)) {
        if (multiple) continue
        const words = type === 'boolean' ? [`--${flag}=yes`] : [`--${flag}=a`, `--${flag}=a`]
        const { exitCode, stderr } = await runPullpass(emptyHost, [...command.split(' '), ...words])
        assert.equal(exitCode, 2, stderr)
        assert.match(stderr, new RegExp(`^USAGE_INVALID \\(run\\): --${flag} `))
      }
    })
  })
}

test('a command without arguments refuses one with exit code 2', async (t) => {
  const emptyHost = { environment: {}, clock: { now: () => new Date(0), advance: () => undefined } }
  for (const [command, { flags, words }] of Object.entries(validCalls)) {
    if (words !== undefined) continue
    await t.test(command, async () => {
      const { exitCode, stderr } = await runPullpass(emptyHost, [...command.split(' '), 'extra', ...argvOf(flags)])
      assert.equal(exitCode, 2)
      assert.match(stderr, /^USAGE_INVALID \(run\): unexpected argument "extra"\n/)
    })
  }
})

suite('a usage error does not quote', () => {
  const host = { environment: {}, clock: { now: () => new Date('2026-11-24T12:00:00Z'), advance: () => undefined } }
  const key = 'dGhpcyBpcyBub3QgYSBwYXNzd29yZCAxMjM0NQ'
  const signed = `https://account.blob.core.windows.net/keys?sv=2024-11-04&sig=${key}`
  const calls: Readonly<Record<string, (text: string) => readonly string[]>> = {
    'an image of doctor': (text) => ['doctor', '-f', 'x.yaml', '--image', text],
    'a Pod of doctor': (text) => ['doctor', '-f', 'x.yaml', '--pod', text],
    'a Secret of inspect': (text) => ['inspect', 'secret', text],
    'an image of inspect': (text) => ['inspect', 'secret', 'team-a/regcred', '--image', `${text} `],
    'a kind of inspect': (text) => ['inspect', text, 'team-a/regcred'],
    'a second name of inspect': (text) => ['inspect', 'secret', 'team-a/regcred', text],
    'an unknown flag': (text) => ['refresh', `--${text}`],
  }
  for (const [title, argv] of Object.entries(calls)) {
    test(`${title} that looks like a credential`, async () => {
      for (const text of [signed, key]) {
        const { exitCode, stderr } = await runPullpass(host, argv(text))
        assert.equal(exitCode, 2)
        assert.match(stderr, /^USAGE_INVALID \(run\): /)
        assert.equal(stderr.includes(key), false, stderr)
      }
    })
  }
})
