/** pullpass token: writes a docker configuration with credentials of the registries, for a machine or a CI job. */
import { renderDockerConfig } from '../credential/docker-config.ts'
import type { RegistryCredential } from '../credential/registry-credential.ts'
import { writeDockerConfig } from '../credential/write-docker-config.ts'
import { loadDocuments } from '../document/load-documents.ts'
import { codes } from '../errors/codes.ts'
import { PullpassError, withoutFaults } from '../errors/pullpass-error.ts'
import { type LocalRegistry, mintLocally, registriesOf } from '../faces/mint-locally.ts'
import { connect } from '../kubernetes/connect.ts'
import { rfc3339 } from '../text/time.ts'
import type { Command } from './command-line/command.ts'
import { type Flag, type FlagValues, usageFault } from './command-line/flag.ts'
import { clusterFlags, documentFlags, givenClusterFlag } from './command-line/flags.ts'

const flags: typeof documentFlags &
  typeof clusterFlags & {
    readonly registry: Flag & { type: 'string' }
    readonly out: Flag & { type: 'string' }
    readonly show: Flag & { type: 'boolean' }
    readonly 'token-file': Flag & { type: 'string' }
  } = {
  ...documentFlags,
  registry: { type: 'string', value: 'HOST', summary: 'Only registries that serve this host (default: all)' },
  out: {
    type: 'string',
    value: 'FILE',
    summary: 'Docker configuration to write (mode 0600); entries for other hosts are kept',
  },
  show: { type: 'boolean', summary: 'Print the configuration, also on a terminal' },
  'token-file': {
    type: 'string',
    value: 'FILE',
    summary: 'File with the subject token (PULLPASS_TOKEN_FILE)',
  },
  ...clusterFlags,
}

export const token: Command<typeof flags> = {
  usage: ['token -f FILE --out FILE [flags]', 'token -f FILE --show [flags]'],
  details: [
    'Exchanges a token for credentials of the registries in the documents, without a cluster if possible, and writes them as',
    'docker, podman, buildah, skopeo, crane and oras read them. Namespaces and Secret names of the documents are not used.',
    'The subject token is, in this order: tokenFile of the registry, --token-file, PULLPASS_TOKEN_FILE, PULLPASS_ID_TOKEN',
    '(GitLab: id_tokens), a token of the GitHub Actions job (permissions: id-token: write), one that is requested from the',
    'cluster for a document with serviceAccountRef, the token file of a pod.',
    'The credentials expire within hours: docker-credential-pullpass exchanges them when they are needed.',
    '',
    'Examples:',
    '  pullpass token -f documents.yaml --out ~/.docker/config.json',
    '  pullpass token -f documents.yaml --registry europe-docker.pkg.dev --show | jq .auths',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: given, context, terminal }) {
    checkTarget(given, terminal.columns !== undefined)
    const documents = await loadDocuments(given.file, { ...context, readInput: terminal.readInput })
    const registries = registriesOf(documents, given.registry)
    if (registries.length === 0) {
      const hosts = registriesOf(documents).flatMap(({ registry }) => registry.hosts)
      throw usageFault('token', `no registry serves ${given.registry}`, `one of ${hosts.join(', ')}`)
    }
    refuseUnusedCluster(given, registries)
    const source = { tokenFile: given['token-file'], connect: async () => await connect(given, context) }
    const results = await mintLocally(registries, source, context)
    const faults = results.filter((result) => result instanceof PullpassError)
    const [first] = faults
    // A wrong token file or variable: nothing was sent.
    if (first !== undefined && faults.length === results.length && codes[first.code] === 2) throw first
    for (const fault of new Map(faults.map((one) => [one.message, one])).values()) terminal.printError(fault.message)
    const credentials = withoutFaults(results)
    if (credentials.length > 0 && given.out !== undefined) {
      const overriding = await writeDockerConfig(given.out, credentials)
      if (overriding.length > 0)
        context.log(
          'warn',
          'docker does not use the written credentials: credsStore and credHelpers of its configuration come first',
          {
            members: overriding.join(', '),
            file: given.out,
          },
        )
      terminal.print(renderWritten(given.out, credentials))
    }
    if (credentials.length > 0 && given.out === undefined)
      terminal.printCredential(renderDockerConfig(credentials.toReversed())) // of two for one host, the first
    return faults.length === 0 ? 0 : 1
  },
}

/** @throws USAGE_INVALID where no registry needs the cluster */
function refuseUnusedCluster(given: FlagValues<typeof flags>, registries: readonly LocalRegistry[]): void {
  const name = givenClusterFlag(given)
  const isUsed = registries.some(
    ({ document, registry }) => document.serviceAccountRef ?? registry.sources?.secrets?.[0],
  )
  if (name === undefined || isUsed) return
  throw usageFault('token', `${name} has no effect: no registry uses the cluster`, 'a document with serviceAccountRef')
}

/** @throws USAGE_INVALID for no target, and for a terminal without --show */
function checkTarget({ out, show }: FlagValues<typeof flags>, isTerminal: boolean): void {
  if (out !== undefined && show)
    throw usageFault('token', '--out is given with --show', '--out FILE to write the token, or --show to print it')
  if (out !== undefined || show) return
  const seen = isTerminal ? 'standard output is a terminal' : 'no target is given'
  throw usageFault('token', `${seen}, and credentials are not printed without --show`, '--out FILE, or --show')
}

const renderWritten = (file: string, credentials: readonly RegistryCredential[]): string =>
  credentials
    .flatMap(({ hosts, expiresAt }) => hosts.map((host) => `${file}: ${host}, ${expiryText(expiresAt)}`))
    .join('\n')

const expiryText = (expiresAt: Date | undefined) =>
  expiresAt === undefined ? 'expiry unknown' : `valid until ${rfc3339(expiresAt)}`
