/** pullpass status: which pull secrets of one or several clusters are fresh, due or expired. Exits 1 if one has a problem. */
import { loadDocuments } from '../document/load-documents.ts'
import { listDesired } from '../status/desired.ts'
import { inContext, listStatus, type StatusScope } from '../status/list.ts'
import { plainLine } from '../text/plain-text.ts'
import type { Call, Command } from './command-line/command.ts'
import { usageFault } from './command-line/flag.ts'
import { printErrors, renderInParts } from './command-line/output.ts'
import { type StatusFlags, statusFlags } from './status/flags.ts'
import {
  createEvaluator,
  hasFailed,
  hasProblem,
  type ReadCluster,
  renderStatusParts,
  renderSummary,
  statusResult,
  withDesired,
} from './status/report.ts'
import { renderResources } from './status/resources.ts'

export const status: Command<StatusFlags> = {
  usage: ['status [-f FILE] [flags]'],
  details: [
    'Lists every Secret of type kubernetes.io/dockerconfigjson, of any owner, from a workstation or in a Pod. Only',
    'metadata is requested: of a Secret that pullpass wrote, its annotations state the registries and their expiry; of others',
    'only the field manager and the time of the last write are known, and the state is unknown (the entries of one:',
    'pullpass inspect secret NAMESPACE/NAME).',
    '',
    'fresh: before its refresh time, two thirds of the lifetime; due: after it; expired: after the expiry. The exit code is 1',
    'if one has a problem: it is expired, overdue (five sixths of its lifetime have passed), or another client changed it;',
    'or if a cluster cannot be read, or a namespace of -n or a name of --name does not exist. With several contexts the',
    'others are shown nevertheless.',
    '',
    'With -f, what the documents select and does not exist, or is not of pullpass, is a problem, too. ClusterPullSecrets and',
    'PullSecrets (with -n: those of these namespaces) are shown if they are not ready, and with -o wide and json.',
    '',
    'With --watch the files of -f are read again when they change.',
    '',
    'Needs list on secrets, and with --watch also watch. Such a permission also allows reading the data of these Secrets.',
    '',
    'Examples:',
    '  pullpass status --problems',
    '  pullpass status -f documents/',
    '  pullpass status --context prod-eu --context prod-us --name regcred --watch',
  ].join('\n'),
  life: 'one-shot',
  favors: 'memory',
  untilStoppedWith: 'watch',
  flags: statusFlags,

  async run(call) {
    const scope = readScope(call)
    const { file: files, watch } = call.flags
    if (watch) {
      if (files.includes('-'))
        throw usageFault('status', '-f is - with --watch', 'files, which can be read again when they change')
      const { watchStatusTable } = await import('./status/watch.ts')
      return await watchStatusTable(scope, files, call)
    }
    const { context } = call
    const documents = files.length === 0 ? undefined : await loadDocuments(files, { ...context, ...call.terminal })
    const listed = await listStatus({ ...scope, ...(documents && { documents }) }, context)
    const now = context.now()
    const evaluate = createEvaluator(now)
    const clusters = listed.map((cluster) => {
      const secrets = cluster.secrets.map((facts) => evaluate(cluster.context, facts))
      return {
        ...cluster,
        secrets: cluster.jobs ? withDesired(secrets, listDesired(cluster.jobs, scope), cluster) : secrets,
      }
    })
    await printStatus(clusters, call, now)
    printErrors(
      clusters.flatMap((cluster) => cluster.faults.map((fault) => ({ fault: inContext(fault, cluster.context) }))),
      call,
    )
    return clusters.some(hasFailed) ? 1 : 0
  },
}

/** @throws USAGE_INVALID for a context, namespace or name that is given twice */
function readScope({
  flags: { kubeconfig, context: contexts, namespace: namespaces, name: names, 'all-namespaces': all },
}: Call<StatusFlags>): StatusScope {
  if (all && namespaces.length > 0)
    throw usageFault('status', '--all-namespaces is given with --namespace', 'one of them')
  for (const [flag, values] of Object.entries({ context: contexts, namespace: namespaces, name: names })) {
    const repeated = values.find((value, index) => values.indexOf(value) !== index)
    if (repeated !== undefined) throw usageFault('status', `--${flag} ${repeated} is given twice`, 'each value once')
  }
  return { kubeconfig, contexts, namespaces, names }
}

async function printStatus(clusters: readonly ReadCluster[], call: Call<StatusFlags>, now: Date): Promise<void> {
  const { flags: given, context, terminal } = call
  const { output } = given
  if (output === 'json' || output === 'yaml') {
    const result = statusResult(clusters, given.problems ? 'problems' : 'all')
    for await (const part of renderInParts(result, 'secrets', output, context.secrets)) terminal.print(part)
    return
  }
  const secrets = clusters.flatMap((cluster) => cluster.secrets)
  const shown = given.problems ? secrets.filter(hasProblem) : secrets
  const form = {
    now,
    width: output === 'wide' ? 'wide' : 'narrow',
    contexts: clusters.length > 1 ? 'several' : 'one',
  } as const
  for (const part of renderStatusParts(shown, form, terminal)) terminal.print(part)
  if (shown.length > 0) terminal.print('')
  const table = renderResources(clusters, output === 'wide' && !given.problems ? 'all' : 'problems', form, terminal)
  if (table !== undefined) terminal.print(`${table}\n`)
  const resources = clusters.flatMap((cluster) => cluster.resources)
  terminal.print(renderSummary(secrets, resources, given.file))
  for (const { context: name, notes } of clusters) {
    for (const note of notes) terminal.print(`note: ${name === undefined ? '' : `context ${name}: `}${plainLine(note)}`)
  }
}
