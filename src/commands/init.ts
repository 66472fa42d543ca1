/** pullpass init: converts the variables of the script that pullpass replaces into a document. */
import { writeFile } from 'node:fs/promises'
import type { Document, NamespacedName } from '../document/document.ts'
import { documentFromEnvironment } from '../document/load-documents.ts'
import { systemErrorCode } from '../host/read-file.ts'
import { renderStructured } from '../terminal/render-structured.ts'
import type { Command } from './command-line/command.ts'
import { type Choice, type Flag, usageFault } from './command-line/flag.ts'
import { parseNamespacedName } from './command-line/flags.ts'
import { withholdInValues } from './command-line/output.ts'

const flags: {
  readonly 'from-env': Flag & { type: 'boolean' }
  readonly 'service-account': Flag & { type: 'string' }
  readonly out: Flag & { type: 'string' }
  readonly output: Choice<'yaml' | 'json'>
} = {
  'from-env': {
    type: 'boolean',
    summary: 'Read the variables PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … of the script (required)',
  },
  'service-account': {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Service account whose tokens are requested (spec.serviceAccountRef), instead of a token file',
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
    summary: 'Format of the document (default yaml)',
  },
}

export const init: Command<typeof flags> = {
  summary: 'Convert the variables of the script into a document',
  usage: ['init --from-env [flags]'],
  details: [
    'Converts PROJECT_NUMBER, POOL_ID, PROVIDER_ID, SERVICE_ACCOUNT_EMAIL, REGISTRY_SECRET_NAME, REGISTRY_HOSTS and',
    'REGISTRY_SECRET_NAMESPACES into a ClusterPullSecret for the same Secret. It has the name of the Secret, so that pull',
    'secrets that pullpass refresh wrote from these variables remain unchanged. The migration is described in',
    'docs/guides/migrate-from-script.md.',
    '',
    'Examples:',
    '  pullpass init --from-env > artifact-registry.yaml',
    '  pullpass init --from-env --service-account image-system/registry-sync --out artifact-registry.yaml',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: given, context, terminal }) {
    if (!given['from-env']) throw usageFault('init', 'no source is given', '--from-env')
    const account = given['service-account']
    const requested = account === undefined ? undefined : parseNamespacedName(account, 'service account', 'init')
    const document = await documentFromEnvironment(context.environment, context.vendors)
    const form = withholdInValues(formOf(document, requested), context.secrets)
    const text = await renderStructured(form, given.output ?? 'yaml')
    if (given.out === undefined) terminal.print(text)
    else await writeNew(given.out, `${text}\n`)
    return 0
  },
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
async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' })
  } catch (error) {
    const code = systemErrorCode(error)
    const why = code === 'EEXIST' ? 'exists and is not overwritten' : `cannot be created: ${code ?? 'unknown error'}`
    throw usageFault('init', `--out ${file} ${why}`, 'the path of a new file in a folder that exists')
  }
}
