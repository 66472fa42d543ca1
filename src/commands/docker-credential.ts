/**
 * docker-credential-pullpass: credentials for docker, podman, buildah, skopeo, crane and oras, exchanged when they are needed.
 * https://github.com/docker/docker-credential-helpers#development
 */
import { join } from 'node:path'
import type { RegistryCredential } from '../credential/registry-credential.ts'
import { loadDocuments } from '../document/load-documents.ts'
import { onOneLine, PullpassError, withFix } from '../errors/pullpass-error.ts'
import { type LocalRegistry, mintLocally, registriesOf } from '../faces/mint-locally.ts'
import { systemErrorCode } from '../host/read-file.ts'
import type { Environment } from '../http/context.ts'
import { connect } from '../kubernetes/connect.ts'
import { Redacted } from '../text/redacted.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import type { Call, Command, ExitCode } from './command-line/command.ts'
import { usageFault } from './command-line/flag.ts'
import { version } from './version.ts'

/** What clients take as "no credential": they go on without one. */
const notFound = 'credentials not found in native keychain'

export const dockerCredential: Command<Record<string, never>> = {
  usage: ['docker-credential get', 'docker-credential list', 'docker-credential version'],
  details: [
    'The protocol of docker credential helpers; also as docker-credential-pullpass. Clients start it for the hosts that their',
    'configuration names: {"credHelpers": {"europe-docker.pkg.dev": "pullpass"}}. get reads the host from standard input.',
    'The documents are in PULLPASS_DOCUMENTS (default: ~/.config/pullpass/documents.yaml); the subject token is found as by',
    'pullpass token. Nothing is stored: each get is an exchange, and store and erase are refused.',
    '',
    'Example:',
    '  echo europe-docker.pkg.dev | PULLPASS_DOCUMENTS=documents.yaml docker-credential-pullpass get',
  ].join('\n'),
  life: 'one-shot',
  flags: {},
  positionals: ['get', 'list', 'version', 'store', 'erase'],

  async run({ positionals: [operation, ...others], context, terminal }) {
    if (others.length > 0) throw usageFault('docker-credential', 'more than one operation is given', 'one operation')
    if (operation === 'version') {
      terminal.print(version)
      return 0
    }
    if (operation === 'store' || operation === 'erase') {
      terminal.print(`${operation} is not supported: pullpass exchanges credentials when they are needed`)
      return 1
    }
    if (operation !== 'get' && operation !== 'list') {
      throw usageFault('docker-credential', 'no known operation is given', 'get, list or version')
    }
    try {
      return await respond(operation, await terminal.readInput(), { context, terminal })
    } catch (error) {
      if (!(error instanceof PullpassError)) throw error
      // Clients show what the helper prints on standard output.
      terminal.print(onOneLine(error))
      return 1
    }
  },
}

/** @throws what reading the documents and the exchange throw */
async function respond(
  operation: 'get' | 'list',
  input: string,
  { context, terminal }: Pick<Call<Record<string, never>>, 'context' | 'terminal'>,
): Promise<ExitCode> {
  const file = documentsFile(context.environment)
  const documents = await loadDocuments([file], { ...context, readInput: async () => '' }).catch((fault: unknown) => {
    const isAbsent = fault instanceof PullpassError && systemErrorCode(fault.cause) === 'ENOENT'
    throw isAbsent && !context.environment['PULLPASS_DOCUMENTS'] ? withFix(fault, { hint: namesDocuments }) : fault
  })
  if (operation === 'list') {
    const hosts = registriesOf(documents).flatMap(({ registry }) => registry.hosts)
    terminal.print(JSON.stringify(Object.fromEntries(hosts.map((host) => [host, 'pullpass']))))
    return 0
  }
  const server = serverOf(input)
  const [match] = registriesOf(documents, server)
  if (match === undefined) {
    terminal.print(notFound)
    return 1
  }
  const { username, password } = await provide(match, context)
  const response = { ServerURL: server, Username: username, Secret: password.reveal() }
  terminal.printCredential(new Redacted(JSON.stringify(response)))
  return 0
}

const namesDocuments = 'write the documents there, or set PULLPASS_DOCUMENTS to the path of their file: docs/docker.md'

/** @throws USAGE_INVALID without a home folder */
function documentsFile({ PULLPASS_DOCUMENTS: named, XDG_CONFIG_HOME: config, HOME: home }: Environment): string {
  if (named) return named
  const folder = config || (home && join(home, '.config'))
  if (folder) return join(folder, 'pullpass/documents.yaml')
  throw usageFault('docker-credential', 'PULLPASS_DOCUMENTS and HOME are not set', 'the file with the documents')
}

/** Docker Hub's key is a URL; other hosts are written without a scheme. */
const serverOf = (input: string): string =>
  input
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/(?:v[12]\/)?$/, '')

/** @throws what the exchange throws */
async function provide(match: LocalRegistry, context: VendorContext): Promise<RegistryCredential> {
  const source = { tokenFile: undefined, connect: async () => await connect({}, context) }
  const [result] = await mintLocally([match], source, context)
  if (result === undefined || result instanceof PullpassError) throw result
  return result
}
