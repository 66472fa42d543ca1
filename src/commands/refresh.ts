/** pullpass refresh: one pass over every document. Exits 1 when a namespace or registry failed. */

import { needsNamespaceList } from '../document/choose-namespaces.ts'
import { loadDocuments } from '../document/load-documents.ts'
import { connect } from '../kubernetes/connect.ts'
import { listNamespaces } from '../kubernetes/list-namespaces.ts'
import { applyPullSecrets } from '../refresh/apply-pull-secrets.ts'
import { checkTokenFiles } from '../refresh/check-token-files.ts'
import { listDemands } from '../refresh/demand.ts'
import { mintCredentials } from '../refresh/mint-credentials.ts'
import { isDone } from '../refresh/outcome.ts'
import { planRefresh } from '../refresh/plan-refresh.ts'
import { survey } from '../refresh/survey.ts'
import type { Command, Flag } from './command.ts'
import { clusterFlags, documentFlags, outputFlags } from './shared-flags.ts'

const flags: typeof documentFlags &
  typeof clusterFlags &
  typeof outputFlags & {
    readonly 'token-file': Flag & { type: 'string' }
    readonly 'min-remaining': Flag & { type: 'string' }
    readonly 'dry-run': Flag & { type: 'boolean' }
    readonly adopt: Flag & { type: 'boolean' }
  } = {
  ...documentFlags,
  'token-file': {
    type: 'string',
    value: 'FILE',
    summary: 'Where the subject token is read (PULLPASS_TOKEN_FILE; default /var/run/secrets/tokens/oidc-token)',
  },
  'min-remaining': {
    type: 'string',
    value: 'DURATION',
    summary: 'Exchange nothing for a document whose every entry lives on for this long',
  },
  'dry-run': { type: 'boolean', summary: 'Let the API server check each apply and store none; exchanges are real' },
  adopt: { type: 'boolean', summary: 'Take over Secrets that something else made, this once' },
  ...outputFlags,
  ...clusterFlags,
}

export const refresh: Command<typeof flags> = {
  summary: 'Exchange once, write every chosen pull secret, exit',
  usage: ['refresh [flags]'],
  details: 'details',
  flags,

  async run({ flags, outside, terminal }) {
    const documents = await loadDocuments(flags.file, { ...outside, ...terminal })
    const source = { ...outside, tokenFile: flags['token-file'] }
    const demands = await listDemands(documents)
    await checkTokenFiles(demands, source)
    const cluster = await connect(flags, outside)
    try {
      const listed = documents.some(({ namespaces }) => needsNamespaceList(namespaces))
      const jobs = planRefresh(documents, listed ? await listNamespaces(cluster) : undefined)
      const [surroundings, minted] = await Promise.all([
        survey(jobs, cluster),
        mintCredentials(demands, source, cluster, outside),
      ])
      const apply = { minted, surroundings, refreshedAt: outside.now(), mode: 'write', onProgress: () => {} } as const
      const outcomes = await applyPullSecrets(jobs, apply, cluster, outside)
      terminal.print(JSON.stringify(outcomes, null, 2))
      return outcomes.every(isDone) ? 0 : 1
    } finally {
      await cluster.close()
    }
  },
}
