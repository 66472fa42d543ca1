/** pullpass sandbox: all of the outside on this machine, until it is stopped. */
import { brokenRule } from '../document/field-rules.ts'
import { labelName } from '../document/kubernetes-names.ts'
import { showValue } from '../document/show-value.ts'
import type { Context } from '../http/context.ts'
import type { Command } from './command-line/command.ts'
import { type Flag, usageFault } from './command-line/flag.ts'

const sandboxFlags: { readonly namespaces: Flag & { type: 'string' } } = {
  namespaces: { type: 'string', value: 'LIST', summary: 'Namespaces of its cluster (default default,team-a,team-b)' },
}

export const sandbox: Command<typeof sandboxFlags> = {
  usage: ['sandbox [flags]'],
  details: [
    'Prints shell variables that select the sandbox, and runs until it is stopped (Ctrl-C). Google is its only vendor.',
    'Everything listens on 127.0.0.1 and is kept in memory only. kubectl works with its cluster (namespaces, service',
    'accounts, Secrets, pods). Its issuer metadata is published in the bucket gs://example-cluster, and Google trusts it',
    'for one service account and one repository; every client of its cluster has all permissions.',
    'Its certificate authority is private. Findings about certificates (CERTIFICATE_UNTRUSTED, and the notes of issuer',
    'check, issuer publish and doctor) exist only in the sandbox.',
    '',
    'Example, in two terminals:',
    '  pullpass sandbox > sandbox.env',
    '  . ./sandbox.env && pullpass refresh && kubectl get secrets --all-namespaces',
  ].join('\n'),
  life: 'until-stopped',
  flags: sandboxFlags,

  async run({ flags, context, terminal }) {
    const namespaces = readNamespaces(flags.namespaces)
    await using started = await startUnlessStopped(context, namespaces)
    if (!started || context.signal.aborted) return 0
    const variables = Object.entries(started.environment).map(([name, value]) => `export ${name}='${value}'`)
    const { image, trusted } = started
    const facts = [
      `# image: ${image}`,
      '# bucket: gs://example-cluster',
      `# trusts: service account ${trusted.serviceAccount}, for repository ${trusted.repository}`,
    ]
    terminal.print([...facts, ...variables].join('\n'))
    terminal.printError(
      'The sandbox runs until it is stopped (Ctrl-C). Its certificate authority is private: findings about certificates exist only here.',
    )
    await new Promise<void>((resolve) => {
      const wait = setInterval(() => undefined, 60_000) // keeps the process
      context.signal.addEventListener('abort', () => resolve(clearInterval(wait)), { once: true })
    })
    return 0
  },
}

/** Undefined if it was stopped during its start, which takes seconds on a busy machine. */
async function startUnlessStopped({ now, signal }: Context, namespaces: readonly string[] | undefined) {
  const { startSandbox } = await import('../../sandbox/start-sandbox.ts')
  try {
    return await startSandbox({ now, signal, ...(namespaces && { namespaces }) })
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

/** @throws USAGE_INVALID */
function readNamespaces(list: string | undefined): readonly string[] | undefined {
  const names = list?.split(',')
  for (const name of names ?? []) {
    const expected = brokenRule(labelName, name)
    if (expected === undefined) continue
    throw usageFault('sandbox', `--namespaces names ${showValue(name)}`, expected)
  }
  return names
}
