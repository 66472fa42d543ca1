/** pullpass refresh: one pass over all documents. Exits 1 if a namespace or registry failed. */
import type { Document } from '../document/document.ts'
import { loadDocuments } from '../document/load-documents.ts'
import { needsNamespaceList } from '../document/namespaces.ts'
import { checkProxy } from '../http/proxy.ts'
import { connect } from '../kubernetes/connect.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { createPublicationGate } from '../publish/gate/publication-gate.ts'
import { type ExchangeRequest, listExchangeRequests } from '../refresh/exchange-requests.ts'
import type { PublicationGate } from '../refresh/mint-credentials.ts'
import { isDone, type Outcome } from '../refresh/outcome.ts'
import { refreshOnce } from '../refresh/refresh.ts'
import { checkSetUp } from '../refresh/subject-tokens.ts'
import { checkOnePass } from '../refresh/unsupported-fields.ts'
import type { SecretRegister } from '../text/secret-register.ts'
import type { Command, Terminal } from './command-line/command.ts'
import { type Flag, type FlagValues, usageFault } from './command-line/flag.ts'
import {
  clusterFlags,
  clusterWords,
  documentFlags,
  outputFlags,
  readDuration,
  tokenFileFlag,
} from './command-line/flags.ts'
import { renderResult } from './command-line/output.ts'
import { refuseUnusedAllowEmpty, refuseUnusedMinRemaining, refuseUnusedTokenFile } from './command-line/unused-flags.ts'
import { refreshResult, renderErrors, renderOutcomes } from './refresh/report.ts'

const refreshFlags: typeof documentFlags &
  typeof tokenFileFlag &
  typeof clusterFlags &
  typeof outputFlags & {
    readonly 'min-remaining': Flag & { type: 'string' }
    readonly 'dry-run': Flag & { type: 'boolean' }
    readonly adopt: Flag & { type: 'boolean' }
    readonly 'allow-empty': Flag & { type: 'boolean' }
    readonly prune: Flag & { type: 'boolean' }
  } = {
  ...documentFlags,
  ...tokenFileFlag,
  'min-remaining': {
    type: 'string',
    value: 'DURATION',
    summary: 'Skip the exchange if all entries of the pull secret are valid for at least this long',
  },
  'dry-run': { type: 'boolean', summary: 'Server-side dry run: no Secret is stored; exchanges are real' },
  adopt: {
    type: 'boolean',
    summary: 'Take over Secrets of other managers once, and replace their data',
  },
  'allow-empty': {
    type: 'boolean',
    summary: 'Succeed if a document selects no namespace (in a document: spec.namespaces.emptyPolicy: Allow)',
  },
  prune: {
    type: 'boolean',
    summary:
      'Delete Secrets that the documents wrote and do not select any more (default: they stay, and are not refreshed)',
  },
  ...outputFlags,
  ...clusterFlags,
}

export const refresh: Command<typeof refreshFlags> = {
  namespaceHint: 'namespaces in the document, under spec.namespaces',
  usage: ['refresh -f FILE [flags]', 'refresh [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)'],
  details: [
    'Exchanges service account tokens for registry credentials, and applies the pull secrets in all selected namespaces.',
    'Without -f, the document is read from the variables PROJECT_NUMBER, POOL_ID, PROVIDER_ID, SERVICE_ACCOUNT_EMAIL,',
    'REGISTRY_SECRET_NAME, REGISTRY_SECRET_NAMESPACES (comma-separated; all required), and REGISTRY_HOSTS (default',
    'europe-docker.pkg.dev).',
    'With --prune, Secrets in namespaces that a document does not select any more, and those under its former secretName,',
    'are deleted, with their entries in service accounts: only Secrets that pullpass created for a document of this name,',
    'and that no other client has changed. Documents that are no longer passed with -f delete nothing.',
    '',
    'Examples:',
    '  pullpass refresh -f artifact-registry.yaml --dry-run',
    '  pullpass refresh -f documents/ --min-remaining 30m',
  ].join('\n'),
  life: 'one-shot',
  flags: refreshFlags,

  async run({ flags, common, context, terminal }) {
    const minRemaining = flags['min-remaining']
    const minRemainingMs = minRemaining === undefined ? undefined : readDuration('--min-remaining', minRemaining)
    const mode = flags['dry-run'] ? 'dry-run' : 'write'
    if (flags.prune && flags.file.length === 0)
      throw usageFault(
        'refresh',
        '--prune is set without -f',
        '-f FILE: variables describe no document whose Secrets are known',
      )
    const documents = (await loadDocuments(flags.file, { ...context, ...terminal })).map(withFlags(flags))
    const source = {
      ...context,
      tokenFile: flags['token-file'],
      openGate: async (cluster: Cluster) => await openPublicationGate({ cluster, context, mode }),
    }
    checkProxy(context.environment)
    const exchangeRequests = await listExchangeRequests(documents, context.vendors)
    refuseIdleFlags(flags, documents, exchangeRequests)
    await checkSetUp(exchangeRequests, source)
    const cluster = await connect({ ...flags, concurrency: concurrencyOf(documents) }, context)
    try {
      const unselected = flags.prune ? 'deleted' : 'kept'
      const takeover = flags.adopt ? 'permitted' : 'refused'
      const pass = { source, minRemainingMs, mode, takeover, unselected, onProgress: progressOf(terminal) } as const
      const outcomes = await refreshOnce(documents, pass, cluster, context)
      const now = context.now()
      await printOutcomes(outcomes, { output: flags.output, mode, now, secrets: context.secrets, terminal })
      const faults = renderErrors(outcomes, { format: common['log-format'], now, cluster: clusterWords(flags) })
      if (faults !== '') terminal.printError(faults)
      return outcomes.every(isDone) ? 0 : 1
    } finally {
      await cluster.close()
    }
  },
}

/** Loaded where a document states that its issuer metadata is published: other runs need no code for publishing. */
async function openPublicationGate(...needs: Parameters<typeof createPublicationGate>): Promise<PublicationGate> {
  const gate = await import('../publish/gate/publication-gate.ts')
  return gate.createPublicationGate(...needs)
}

/** @throws USAGE_INVALID */
function refuseIdleFlags(
  flags: FlagValues<typeof refreshFlags>,
  documents: readonly Document[],
  exchangeRequests: readonly ExchangeRequest[],
): void {
  const text = flags['min-remaining']
  refuseUnusedTokenFile('refresh', flags['token-file'], documents)
  if (flags['allow-empty']) refuseUnusedAllowEmpty('refresh', documents)
  if (text !== undefined) {
    refuseUnusedMinRemaining('refresh', { text, ms: readDuration('--min-remaining', text) }, exchangeRequests)
  }
}

/** The requests for a single Secret are sequential. */
function concurrencyOf([document, ...others]: readonly Document[]): 'one' | 'many' {
  if (document === undefined || others.length > 0 || needsNamespaceList(document.namespaces)) return 'many'
  return document.namespaces.include?.length === 1 ? 'one' : 'many'
}

/** Applies the flags to a document. @throws DOCUMENT_INVALID for a field that only a controller supports */
function withFlags(flags: FlagValues<typeof refreshFlags>): (document: Document) => Document {
  return (document) => {
    checkOnePass(document)
    return {
      ...document,
      ...(flags.adopt && { conflictPolicy: 'Adopt' }),
      ...(flags['allow-empty'] && { namespaces: { ...document.namespaces, emptyPolicy: 'Allow' } }),
    }
  }
}

/** Fewer are written before the progress could be read. */
const worthShowing = 50

function progressOf({ showProgress }: Terminal): (done: number, all: number) => void {
  return (done, all) => {
    if (all < worthShowing) return
    if (done === all) showProgress(undefined)
    else if (done % 25 === 0) showProgress(`${done} of ${all} Secrets`)
  }
}

interface Print {
  readonly output: 'json' | 'yaml' | undefined
  readonly mode: 'write' | 'dry-run'
  readonly now: Date
  readonly secrets: SecretRegister
  readonly terminal: Terminal
}

async function printOutcomes(
  outcomes: readonly Outcome[],
  { output, mode, now, secrets, terminal }: Print,
): Promise<void> {
  if (output !== undefined) {
    terminal.print(await renderResult(refreshResult(outcomes, mode), output, secrets))
  } else {
    terminal.print(renderOutcomes(outcomes, { mode, now, color: terminal.color, columns: terminal.columns }))
  }
}
