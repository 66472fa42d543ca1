/** pullpass init: drafts a document for registries, or converts the variables of the script that pullpass replaces. */
import { writeFile } from 'node:fs/promises'
import type { Document, NamespacedName } from '../document/document.ts'
import { documentFromEnvironment } from '../document/load-documents.ts'
import { asFault, withAlternative } from '../errors/pullpass-error.ts'
import { systemErrorCode } from '../host/read-file.ts'
import type { Context } from '../http/context.ts'
import { renderStructured } from '../terminal/render-structured.ts'
import { plainLine } from '../text/plain-text.ts'
import type { Command, Terminal } from './command-line/command.ts'
import { type Choice, type Flag, type FlagValues, usageFault } from './command-line/flag.ts'
import { clusterFlags, givenClusterFlag, parseNamespacedName } from './command-line/flags.ts'
import { withholdInValues } from './command-line/output.ts'
import type { ClusterSurvey } from './init/survey-cluster.ts'

type Text = Flag & { type: 'string' }

const flags: typeof clusterFlags & {
  readonly 'from-env': Flag & { type: 'boolean' }
  readonly name: Text
  readonly namespaces: Text
  readonly namespace: Text
  readonly 'service-account': Text
  readonly set: Text & { multiple: true }
  readonly offline: Flag & { type: 'boolean' }
  readonly out: Text
  readonly output: Choice<'yaml' | 'json'>
} = {
  name: {
    type: 'string',
    value: 'NAME',
    summary: 'Name of the document and its Secret (default: by the vendor, or registries)',
  },
  namespaces: {
    type: 'string',
    value: 'LIST',
    summary: 'Namespaces or globs, comma-separated (default: those whose pods pull from the hosts)',
  },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    summary: 'Write a PullSecret for this namespace, which a controller for tenants uses; the cluster is not read',
  },
  'service-account': {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Service account whose tokens are requested (spec.serviceAccountRef), instead of a token file',
  },
  set: {
    type: 'string',
    multiple: true,
    value: '[REGISTRY.]FIELD=VALUE',
    summary: 'Field of the vendor, such as roleArn=arn:aws:iam::123456789012:role/puller; repeatable',
  },
  offline: { type: 'boolean', summary: 'Do not read the cluster' },
  'from-env': {
    type: 'boolean',
    summary: 'Convert the variables PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … of the script',
  },
  out: {
    type: 'string',
    value: 'FILE',
    summary: 'File to create, which must not exist (default: standard output)',
  },
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: ['yaml', 'json'],
    summary: 'Format of the document with --from-env (default yaml)',
  },
  ...clusterFlags,
}

export const init: Command<typeof flags> = {
  usage: ['init HOST... [flags]', 'init --from-env [flags]'],
  details: [
    'Writes a commented ClusterPullSecret for the registries: vendor, region and account by their hosts; from the cluster its',
    'issuer, the namespaces whose pods pull from these hosts, and their pull secrets. What remains unknown is marked FILL_IN,',
    'or, if only pullpass trust needs it, commented out; both are listed on standard error. Nothing is created in the cluster',
    'or at a cloud. Complete the file, then: pullpass trust apply -f FILE, pullpass refresh -f FILE; and pullpass doctor -f',
    'FILE, which finds what is missing.',
    'With --from-env it converts the variables PROJECT_NUMBER, POOL_ID, PROVIDER_ID, SERVICE_ACCOUNT_EMAIL,',
    'REGISTRY_SECRET_NAME, REGISTRY_HOSTS and REGISTRY_SECRET_NAMESPACES into a ClusterPullSecret for the same Secret. It has',
    'the name of the Secret, so that pull secrets that pullpass refresh wrote from these variables remain unchanged:',
    'docs/guides/migrate-from-script.md.',
    '',
    'Examples:',
    '  pullpass init 123456789012.dkr.ecr.eu-west-1.amazonaws.com --service-account image-system/pullpass --out ecr.yaml',
    '  pullpass init europe-docker.pkg.dev --offline --namespaces "team-*" > artifact-registry.yaml',
    '  pullpass init --from-env --service-account image-system/registry-sync --out artifact-registry.yaml',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: given, positionals: hosts, context, terminal }) {
    const account = given['service-account']
    const serviceAccount = account === undefined ? undefined : parseNamespacedName(account, '--service-account', 'init')
    checkSource(given, hosts)
    if (given['from-env']) {
      const document = await documentFromEnvironment(context.environment, context.vendors)
      const form = withholdInValues(formOf(document, serviceAccount), context.secrets)
      const text = await renderStructured(form, given.output ?? 'yaml')
      if (given.out === undefined) terminal.print(text)
      else await createFile(given.out, `${text}\n`, terminal)
      return 0
    }
    const { draftDocument } = await import('./init/draft.ts')
    const { name, namespaces, namespace: tenant, set } = given
    const survey = given.offline || tenant !== undefined ? undefined : await surveyOf(given, hosts, context)
    const request = { hosts, name, namespaces, serviceAccount, tenant, set }
    const { text, missing, commented } = await draftDocument(request, survey, context)
    if (given.out === undefined) terminal.print(text.trimEnd())
    else await createFile(given.out, text, terminal)
    if (missing.length > 0) terminal.printError(`to be filled in: ${missing.join(', ')}`)
    if (commented.length > 0)
      terminal.printError(
        `to be filled in before pullpass trust, and commented out until then: ${commented.join(', ')}`,
      )
    return 0
  },
}

/** @throws USAGE_INVALID */
function checkSource(given: FlagValues<typeof flags>, hosts: readonly string[]): void {
  const fail = (seen: string, expected: string) => usageFault('init', seen, expected)
  if (!given['from-env']) {
    if (hosts.length === 0) throw fail('no registry is given', 'HOST..., or --from-env')
    const unread = givenClusterFlag(given)
    if (given.offline && unread)
      throw fail(`${unread} is given with --offline`, 'a cluster to read, or --offline to read none')
    if (given.namespace !== undefined && (unread ?? given.namespaces) !== undefined)
      throw fail(
        `${unread ?? '--namespaces'} is given with --namespace`,
        '--namespaces for a ClusterPullSecret, or --namespace for a PullSecret, for which the cluster is not read',
      )
    if (given.output === 'json') throw fail('-o json is given without --from-env', 'YAML, which has comments')
    return
  }
  const idle = [
    hosts.length > 0 && 'a host',
    given.name && '--name',
    given.namespaces && '--namespaces',
    given.namespace && '--namespace',
    given.set.length > 0 && '--set',
    given.offline && '--offline',
    givenClusterFlag(given),
  ].find(Boolean)
  if (idle)
    throw fail(
      `${idle} is given with --from-env`,
      'hosts with their flags, or --from-env, which takes everything from the variables',
    )
}

/** @throws errors of the cluster */
async function surveyOf(
  given: FlagValues<typeof clusterFlags>,
  hosts: readonly string[],
  context: Context,
): Promise<ClusterSurvey> {
  const [{ connect }, { surveyCluster }] = await Promise.all([
    import('../kubernetes/connect.ts'),
    import('./init/survey-cluster.ts'),
  ])
  try {
    const cluster = await connect(given, context)
    try {
      return await surveyCluster(cluster, hosts)
    } finally {
      await cluster.close()
    }
  } catch (error) {
    const fault = asFault(error)
    throw fault.hop === 'kubernetes' ? withAlternative(fault, '--offline reads no cluster') : fault
  }
}

/** Without default values. */
const formOf = (
  { kind, name, secretName, namespaces, registries }: Document,
  serviceAccountRef: NamespacedName | undefined,
): object => ({
  apiVersion: 'pullpass.dev/v1alpha1',
  kind,
  metadata: { name },
  spec: {
    secretName,
    namespaces,
    registries: registries.map((registry) => ({
      name: registry.name,
      hosts: registry.hosts,
      [registry.vendor]: registry.settings,
    })),
    ...(serviceAccountRef && { serviceAccountRef }),
  },
})

/** @throws USAGE_INVALID if the file exists or cannot be created */
async function createFile(file: string, text: string, terminal: Pick<Terminal, 'printError'>): Promise<void> {
  await writeNew(file, text)
  terminal.printError(`${plainLine(file)}: created`)
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' })
  } catch (error) {
    const code = systemErrorCode(error)
    const why =
      code === 'EEXIST'
        ? 'exists and is not overwritten'
        : `cannot be created: ${reasons.get(code ?? '') ?? code ?? 'unknown error'}`
    throw usageFault('init', `--out ${file} ${why}`, 'the path of a new file in a folder that exists')
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'its folder does not exist'],
  ['ENOTDIR', 'its folder is a file'],
  ['EACCES', 'this user may not write its folder'],
  ['EROFS', 'the file system is read-only'],
])
