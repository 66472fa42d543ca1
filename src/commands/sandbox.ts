/** pullpass sandbox: all of the outside on this machine, until it is stopped. */
import { labelName } from '../document/kubernetes-names.ts'
import { showValue } from '../document/show-value.ts'
import { brokenRule } from '../document/text-rule.ts'
import type { Outside } from '../outside/outside.ts'
import type { Command } from './command.ts'
import type { Flag } from './flag.ts'
import { usageFault } from './usage-fault.ts'

const sandboxFlags: { readonly namespaces: Flag & { type: 'string' } } = {
  namespaces: { type: 'string', value: 'LIST', summary: 'Namespaces of its cluster (default default,team-a,team-b)' },
}

export const sandbox: Command<typeof sandboxFlags> = {
  summary: 'Run a cluster, a Google and a registry on this machine, to play with',
  usage: ['sandbox [flags]'],
  details: [
    'Prints what leads to it as shell variables, and runs until it is stopped (Ctrl-C). Everything listens on 127.0.0.1,',
    'lives in memory, and is gone at its end; kubectl works against its cluster (namespaces, service accounts, Secrets,',
    'pods). Its issuer is published in the bucket gs://example-cluster, and Google trusts it already, for one account and',
    'repository; whoever asks its cluster may do everything.',
    '',
    'Example, in two terminals:',
    '  pullpass sandbox > sandbox.env',
    '  . ./sandbox.env && pullpass refresh && kubectl get secrets --all-namespaces',
  ].join('\n'),
  life: 'until-stopped',
  flags: sandboxFlags,

  async run({ flags, outside, terminal }) {
    const namespaces = readNamespaces(flags.namespaces)
    await using started = await startUnlessStopped(outside, namespaces)
    if (!started || outside.signal.aborted) return 0
    const variables = Object.entries(started.environment).map(([name, value]) => `export ${name}='${value}'`)
    terminal.print([`# image: ${started.image}`, '# bucket: gs://example-cluster', ...variables].join('\n'))
    terminal.complain('The sandbox runs until it is stopped (Ctrl-C).')
    await new Promise<void>((resolve) => {
      const wait = setInterval(() => undefined, 60_000) // keeps the process
      outside.signal.addEventListener('abort', () => resolve(clearInterval(wait)), { once: true })
    })
    return 0
  },
}

/** Undefined where it was stopped while it started, which is soon heeded: a busy machine takes seconds to start it. */
async function startUnlessStopped({ now, signal }: Outside, namespaces: readonly string[] | undefined) {
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
