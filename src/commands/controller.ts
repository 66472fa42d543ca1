/** pullpass controller: keeps pull secrets fresh, until it is stopped. */
import { Controller, type ControllerConfig } from '../controller/controller.ts'
import { type DocumentSet, loadDocumentSet } from '../controller/documents.ts'
import { checkProxy } from '../http/proxy.ts'
import { connect } from '../kubernetes/connect.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { MintSource } from '../refresh/mint-credentials.ts'
import { planRefresh } from '../refresh/plan.ts'
import { checkSetUp } from '../refresh/subject-tokens.ts'
import { serveHealth } from '../server/health.ts'
import type { HttpServer } from '../server/http-server.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import type { Command } from './command-line/command.ts'
import { type Flag, type FlagValues, usageFault } from './command-line/flag.ts'
import { clusterFlags, documentFlags, tokenFileFlag } from './command-line/flags.ts'
import { refuseUnusedTokenFile } from './command-line/unused-flags.ts'
import { defaultLease, electionFlags, type OpenElection, openElection, readLeaseFlags } from './controller/election.ts'
import { readTenantFlags, tenantFlags } from './controller/tenant-flags.ts'
import { acceptFlags, readAcceptFlags, readListen } from './issuer/flags.ts'
import { listenUrl } from './issuer/watch-progress.ts'
import { version } from './version.ts'

const flags: typeof documentFlags &
  typeof tokenFileFlag &
  typeof acceptFlags &
  typeof electionFlags &
  typeof tenantFlags &
  typeof clusterFlags & {
    readonly 'no-custom-resources': Flag & { type: 'boolean' }
    readonly 'health-listen': Flag & { type: 'string' }
    readonly 'status-listen': Flag & { type: 'string' }
  } = {
  file: { ...documentFlags.file, summary: 'File or folder with documents, read again when it changes; repeatable' },
  ...tokenFileFlag,
  'no-custom-resources': {
    type: 'boolean',
    summary: 'Use only documents of -f, and no ClusterPullSecrets of the cluster',
  },
  ...tenantFlags,
  'health-listen': {
    type: 'string',
    value: 'ADDRESS',
    summary: 'Address of /livez, /readyz and /metrics: PORT, ADDRESS:PORT or *:PORT (default: none)',
  },
  'status-listen': {
    type: 'string',
    value: 'ADDRESS',
    summary:
      'Address of the status page, which names documents, hosts and namespaces: as --health-listen (default: none)',
  },
  ...acceptFlags,
  ...electionFlags,
  ...clusterFlags,
}

export const controller: Command<typeof flags> = {
  namespaceHint: 'namespaces in the document, under spec.namespaces',
  relatedFlags: {
    'secret-name': '--tenant-secret-name, for PullSecrets; --secret-name is a flag of pullpass manifests',
    audience: '--tenant-audience, for PullSecrets; --audience is a flag of pullpass manifests',
    'service-account': '--tenant-service-account, for PullSecrets; --service-account is a flag of pullpass manifests',
  },
  usage: ['controller [-f FILE] [flags]'],
  details: [
    'Watches namespaces and the pull secrets of the documents. A new namespace gets its Secret immediately; a Secret that is',
    "deleted or changed is restored; each is refreshed at two thirds of its credential's lifetime. None is deleted, except by",
    'deletionPolicy: Delete of a custom resource.',
    'Documents are files and the ClusterPullSecrets of the cluster, if pullpass manifests crds is installed there.',
    'Of several replicas, the one that holds a Lease works; another takes over within 20 s after it fails, and immediately',
    'when it is stopped. With --tenant-service-account it also uses the PullSecrets of the cluster, which tenants write,',
    'within the names that the flags allow. Not supported yet: deletionPolicy: Delete in files.',
    '',
    'Example:',
    '  pullpass controller -f /etc/pullpass --health-listen "*:8080"',
    '  pullpass controller -f pull.yaml --no-leader-election     (on a workstation)',
  ].join('\n'),
  life: 'until-stopped',
  favors: 'memory',
  flags,

  async run({ flags: given, context }) {
    const { file: files, 'health-listen': listen, 'status-listen': statusAddress } = given
    if (files.includes('-')) throw usageFault('controller', '-f is -', 'files, which can be read again')
    const resources = readResources(given)
    const givenLease = readLeaseFlags(given)
    const accepted = readAcceptFlags(given)
    const healthListen = listen === undefined ? undefined : readListen('--health-listen', listen)
    const statusListen = statusAddress === undefined ? undefined : readListen('--status-listen', statusAddress)
    const { documents, source } = await readDocuments(given, context)
    // After the documents: what is wrong with them matters more.
    const lease = givenLease === 'default' ? await defaultLease() : givenLease
    const cluster = await connect(given, context)
    const servers: HttpServer[] = []
    let opened: OpenElection | undefined
    let running: Controller | undefined
    try {
      opened = lease && (await openElection(given, lease, context))
      const issuerTrust = { authorities: await cluster.authorities(), accepted }
      const config = {
        files,
        documents,
        ...resources,
        issuerTrust,
        source,
        cluster,
        election: opened?.election,
      }
      const started = new Controller(config, context)
      running = started
      const server = healthListen && (await serveHealth(healthListen, started.status.endpoints, context))
      const health = server && healthListen ? listenUrl(healthListen, server.port) : undefined
      if (server) servers.push(server)
      if (statusListen) {
        const { serveStatusPage } = await import('../controller/page/serve-page.ts')
        servers.push(await serveStatusPage(statusListen, () => started.pageFacts(), context))
      }
      const start = {
        version,
        cluster: cluster.server,
        documents: documents.size,
        customResources: resources.customResources,
        ...(health && { health }),
      }
      context.log('info', 'the controller started, and runs until it is stopped', start)
      await started.run()
      context.log('info', 'the controller stopped')
      return 0
    } finally {
      running?.close()
      await Promise.all(servers.map(async (one) => await one.close(1_000)))
      await opened?.close()
      await cluster.close()
    }
  },
}

/** With all that can be checked without the cluster. @throws PullpassError */
async function readDocuments(
  { file: files, 'token-file': tokenFile }: FlagValues<typeof flags>,
  context: VendorContext,
): Promise<{ readonly documents: DocumentSet; readonly source: MintSource }> {
  const documents = await loadDocumentSet(files, context)
  const all = [...documents.values()]
  const ofFiles = all.map(({ document }) => document)
  planRefresh(ofFiles, undefined)
  refuseUnusedTokenFile('controller', tokenFile, ofFiles)
  const source = mintSource(tokenFile, context)
  checkProxy(context.environment)
  await checkSetUp([...new Set(all.flatMap((one) => one.requests))], source)
  return { documents, source }
}

const mintSource = (tokenFile: string | undefined, context: VendorContext): MintSource => ({
  ...context,
  tokenFile,
  async openGate(cluster: Cluster) {
    const gate = await import('../publish/gate/publication-gate.ts')
    return gate.createPublicationGate({ cluster, context, mode: 'write' })
  },
})

/** @throws USAGE_INVALID */
function readResources(given: FlagValues<typeof flags>): Pick<ControllerConfig, 'customResources' | 'tenants'> {
  const customResources = given['no-custom-resources'] ? 'ignored' : 'used'
  if (customResources === 'ignored' && given.file.length === 0)
    throw usageFault('controller', '--no-custom-resources is given without -f', 'files with documents: -f FILE')
  return { customResources, tenants: readTenantFlags(given, customResources) }
}
