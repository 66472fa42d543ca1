import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { commands } from '../../../src/commands/commands.ts'
import { version } from '../../../src/commands/version.ts'
import { runPullpass } from '../../support/run-pullpass.ts'

const emptyHost = { environment: {}, clock: { now: () => new Date('2026-11-24T12:00:00Z'), advance: () => undefined } }
const pullpass = (...words: string[]) => runPullpass(emptyHost, words)

/** Terminals wrap longer lines. */
const columns = 120

function assertReadable(help: string): void {
  assert.deepEqual(
    help.split('\n').filter((line) => line.length > columns || line.trimEnd() !== line),
    [],
  )
}

suite('the commands', () => {
  test('pullpass alone, --help, -h and help list every command with its summary', async () => {
    const { exitCode, stdout, stderr } = await pullpass('--help')
    assert.deepEqual([exitCode, stderr], [0, ''])
    for (const [name, { summary }] of Object.entries(commands)) {
      assert.match(stdout, new RegExp(`^  ${name} +${summary}$`, 'm'))
    }
    assertReadable(stdout)
    for (const words of [[], ['-h'], ['help']]) assert.equal((await pullpass(...words)).stdout, stdout)
  })

  test('--version shows the version of the package, the commit, and the version of Node.js', async () => {
    const stdout = `pullpass ${version} (commit unknown, Node.js ${process.versions.node})\n`
    for (const word of ['--version', 'version']) {
      assert.deepEqual(await pullpass(word), { exitCode: 0, stdout, stderr: '' })
    }
    const environment = { PULLPASS_CA_FILE: '/nonexistent/ca.crt' }
    assert.equal((await runPullpass(emptyHost, ['version'], { environment })).stdout, stdout)
    const json = JSON.parse((await pullpass('version', '-o', 'json')).stdout)
    assert.deepEqual(json, {
      apiVersion: 'pullpass.dev/v1alpha1',
      kind: 'Version',
      version,
      commit: 'unknown',
      nodeVersion: process.versions.node,
    })
  })

  const misspelt = [
    { words: ['issuer', 'chek'], near: 'issuer check', help: 'pullpass issuer --help' },
    { words: ['trust', 'aply', '-f', 'x.yaml'], near: 'trust apply', help: 'pullpass trust --help' },
    { words: ['publish'], near: 'issuer publish', help: 'pullpass --help' },
  ]
  for (const { words, near, help } of misspelt) {
    test(`"${words.join(' ')}" is refused, with ${near} and ${help}`, async () => {
      const { exitCode, stderr } = await pullpass(...words)
      assert.equal(exitCode, 2)
      assert.match(
        stderr,
        new RegExp(`^USAGE_INVALID .*\\n {2}expected a known command, such as ${near}\\n {2}fix: ${help}\\n$`),
      )
    })
  }

  for (const name of ['issuer', 'trust']) {
    test(`${name} without a command is invalid usage: its help is on standard error`, async () => {
      const { exitCode, stdout, stderr } = await pullpass(name)
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.match(stderr, new RegExp(`^Usage: pullpass ${name} COMMAND \\[flags\\]\n`))
      assert.match(stderr, new RegExp(`^USAGE_INVALID \\(run\\): ${name} is not a complete command$`, 'm'))
      const json = await pullpass(name, '-o', 'json')
      assert.deepEqual([json.exitCode, JSON.parse(json.stdout).error.code], [2, 'USAGE_INVALID'])
      const help = await pullpass(name, '--help')
      assert.deepEqual([help.exitCode, help.stderr], [0, ''])
    })
  }

  test('an unknown command of a group is refused, and the commands of the group are listed', async () => {
    const { exitCode, stderr } = await pullpass('trust', 'toString')
    assert.equal(exitCode, 2)
    assert.match(
      stderr,
      /\n {2}expected one of trust plan, trust apply, trust destroy\n {2}fix: pullpass trust --help\n$/,
    )
  })

  test('a word after a command that is nearly a command of its group, or a flag, is refused with what exists', async () => {
    for (const [word, expected] of [
      ['crd', /unknown command "manifests crd"\n {2}expected a known command, such as manifests crds\n/],
      ['controller', /unexpected argument "controller"\n {2}expected --controller\n/],
      ['cronjob', /unexpected argument "cronjob"\n {2}expected documents as -f FILE\n/],
    ] as const) {
      const { exitCode, stderr } = await pullpass('manifests', word)
      assert.equal(exitCode, 2)
      assert.match(stderr, expected)
    }
  })

  test('an unknown command is refused, and the nearest one is suggested', async () => {
    const { exitCode, stderr } = await pullpass('refrsh')
    assert.equal(exitCode, 2)
    assert.equal(
      stderr,
      'USAGE_INVALID (run): unknown command "refrsh"\n  expected a known command, such as refresh\n  fix: pullpass --help\n',
    )
    assert.deepEqual(await pullpass('help', 'refrsh'), { exitCode, stdout: '', stderr })
  })

  test('where no command is similar, all are listed', async () => {
    const { exitCode, stderr } = await pullpass('toString')
    assert.equal(exitCode, 2)
    const words = new Set(Object.keys(commands).map((name) => name.split(' ')[0]))
    assert.match(stderr, new RegExp(`\n  expected one of ${[...words].join(', ')}\n`))
  })

  test('a flag before the command is refused with its correct position', async () => {
    const { exitCode, stderr } = await pullpass('--dry-run', 'refresh')
    assert.equal(exitCode, 2)
    assert.match(stderr, /^USAGE_INVALID \(run\): flag "--dry-run" precedes the command\n/)
    assert.match(stderr, /^ {2}fix: pullpass refresh --dry-run$/m)
    const valued = await pullpass('-f', 'my file', 'trust', 'plan', '-o', 'json')
    assert.match(valued.stderr, /^ {2}fix: pullpass trust plan -f 'my file' -o json$/m)
  })

  const kubectlHabits = [
    { words: ['refresh', '-n', 'team-a'], expected: 'namespaces in the document, under spec.namespaces' },
    {
      words: ['inspect', '--namespace', 'team-a'],
      expected: 'the namespace before the name, such as secret team-a/regcred',
    },
    { words: ['inspect', 'sa', 'team-a/default'], expected: 'the kind serviceaccount' },
    { words: ['inspect', 'secrets'], expected: 'the kind secret' },
    { words: ['status', 'team-a'], expected: 'a namespace as -n team-a, or documents as -f FILE' },
  ]
  for (const { words, expected } of kubectlHabits) {
    test(`"${words.join(' ')}", valid in kubectl, is refused with the pullpass syntax`, async () => {
      const { exitCode, stderr } = await pullpass(...words)
      assert.equal(exitCode, 2)
      assert.ok(stderr.startsWith('USAGE_INVALID (run): ') && stderr.includes(`\n  expected ${expected}\n`), stderr)
    })
  }

  for (const [command, flag, expected] of [
    ['controller', '--secret-name', /--tenant-secret-name, for PullSecrets; .* pullpass manifests$/m],
    ['controller', '--audience', /--tenant-audience, for PullSecrets; .* pullpass manifests$/m],
    ['manifests', '--tenant-secret-name', /--secret-name, for ClusterPullSecrets and PullSecrets$/m],
    ['manifests', '--tenant-audience', /--audience, for ClusterPullSecrets and PullSecrets$/m],
  ] as const) {
    test(`${command} ${flag}, a flag of the other command, is refused with that of this one`, async () => {
      const { exitCode, stderr } = await pullpass(command, flag, 'regcred')
      assert.deepEqual([exitCode, stderr.startsWith(`USAGE_INVALID (run): unknown flag ${flag}\n`)], [2, true])
      assert.match(stderr, expected)
    })
  }

  for (const [name, { load }] of Object.entries(commands)) {
    suite(name, () => {
      test('help shows the usage and each flag, and fits into a terminal', async () => {
        const { usage, flags } = await load()
        const { exitCode, stdout, stderr } = await pullpass(...name.split(' '), '--help')
        assert.deepEqual([exitCode, stderr], [0, ''])
        for (const form of usage) assert.ok(form.startsWith(name) && stdout.includes(`pullpass ${form}\n`), form)
        for (const [flag, { summary }] of Object.entries(flags)) {
          assert.match(summary, /^[A-Z`-].*[^.]$/, flag)
          assert.ok(stdout.includes(`--${flag}`) && stdout.replaceAll(/\n +/g, ' ').includes(summary), flag)
        }
        assertReadable(stdout)
        assert.equal((await pullpass('help', ...name.split(' '))).stdout, stdout)
        assert.equal((await pullpass(...name.split(' '), '-h')).stdout, stdout)
      })

      test('an unknown flag is refused with the nearest known one', async () => {
        const { exitCode, stdout, stderr } = await pullpass(...name.split(' '), '--timout', '5m')
        assert.deepEqual([exitCode, stdout], [2, ''])
        assert.equal(
          stderr,
          `USAGE_INVALID (run): unknown flag --timout\n  expected a known flag, such as --timeout\n  fix: pullpass ${name} --help\n`,
        )
      })
    })
  }
})
