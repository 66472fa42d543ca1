/** Loads documents from files, standard input, or the environment. */
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context, Environment } from '../http/context.ts'
import type { Document } from './document.ts'
import { type DocumentProblem, refuse } from './document-errors.ts'
import type { DocumentVendors, DropInVariables } from './document-vendor.ts'
import { brokenRule, registryHost, type TextRule } from './field-rules.ts'
import { includedNamespace, objectName } from './kubernetes-names.ts'
import { showValue } from './show-value.ts'
import { type HostRule, isOwnHost } from './vendor-hosts.ts'

export interface DocumentContext {
  readonly environment: Environment
  /** All of standard input, bounded; called for the file `-`. */
  readonly readInput: () => Promise<string>
  readonly vendors: DocumentVendors
}

/**
 * The documents of `files` (a file, a folder, or `-` for standard input), in their order;
 * without files, the document that the environment describes. Never empty.
 * @throws USAGE_INVALID, VARIABLE_INVALID, DOCUMENT_UNREADABLE, DOCUMENT_INVALID, CREDENTIAL_FILE_INVALID
 */
export async function loadDocuments(files: readonly string[], context: DocumentContext): Promise<Document[]> {
  if (files.length === 0) {
    const form = await dropInForm(context.vendors, context.environment)
    if (!isDescribed(form, context.environment)) throw noDocuments(form.rules)
    return [documentOf(form, context.environment)]
  }
  // The schema and its library are loaded only for files.
  const { readDocuments } = await import('./read-documents.ts')
  return readDocuments(files, context.readInput, context.vendors)
}

/** Whether there are files, or variables of a document. @throws USAGE_INVALID if variables of several vendors are set */
export async function hasDocuments(
  files: readonly string[],
  { vendors, environment }: Pick<DocumentContext, 'vendors' | 'environment'>,
): Promise<boolean> {
  return files.length > 0 || isDescribed(await dropInForm(vendors, environment), environment)
}

const isDescribed = ({ rules }: DropInForm, environment: Environment): boolean =>
  Object.keys(rules).some((name) => environment[name] !== undefined)

/** `source` of the document that the environment describes. */
export const environmentSource = 'the environment'

/** Variables of all vendors: the Secret, its namespaces and hosts. */
const secretVariables: Readonly<Record<string, TextRule>> = {
  REGISTRY_SECRET_NAME: objectName,
  REGISTRY_SECRET_NAMESPACES: includedNamespace,
}
const hostsVariable = 'REGISTRY_HOSTS'

/**
 * The drop-in variables describe one document with one registry of one vendor.
 * Neither zod nor yaml is loaded: a CronJob uses this form, and its start-up time is measured.
 */
export interface DropInForm {
  /** Identifier of the vendor. */
  readonly vendor: string
  readonly variables: DropInVariables<unknown>
  /** All are required. */
  readonly rules: Readonly<Record<string, TextRule>>
  /** Including optional ones. */
  readonly names: readonly string[]
}

/** The form of the vendor whose variables are set; without any, of the first vendor with variables. @throws USAGE_INVALID if variables of several vendors are set */
export async function dropInForm(vendors: DocumentVendors, environment: Environment): Promise<DropInForm> {
  const forms: DropInForm[] = []
  for (const [vendor, { variables: load }] of Object.entries(vendors)) {
    if (load === undefined) continue
    const variables = await load()
    const rules = { ...variables.rules, ...secretVariables }
    forms.push({ vendor, variables, rules, names: [...Object.keys(rules), hostsVariable] })
  }
  const [first] = forms
  if (first === undefined) throw new TypeError('no vendor describes a registry by variables')
  const named = forms.filter(({ variables }) =>
    Object.keys(variables.rules).some((name) => environment[name] !== undefined),
  )
  if (named.length < 2) return named[0] ?? first
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `variables of ${named.length} vendors are set: ${named.map(({ vendor }) => vendor).join(', ')}`,
    expected: 'the variables of one vendor; a document can have registries of several vendors',
  })
}

/** @throws VARIABLE_INVALID, which names all variables that are missing, empty or invalid */
export const documentFromEnvironment = async (environment: Environment, vendors: DocumentVendors): Promise<Document> =>
  documentOf(await dropInForm(vendors, environment), environment)

/** @throws VARIABLE_INVALID */
function documentOf({ vendor, variables, rules }: DropInForm, environment: Environment): Document {
  const [first, ...others] = checkVariables(environment, rules, variables.hosts)
  if (first !== undefined) throw refuse('VARIABLE_INVALID', [first, ...others])

  const text = (name: string) => environment[name]?.trim() ?? ''
  const hosts = readList(environment, hostsVariable)
  return {
    kind: 'ClusterPullSecret',
    name: text('REGISTRY_SECRET_NAME'),
    source: environmentSource,
    secretName: text('REGISTRY_SECRET_NAME'),
    namespaces: { include: readList(environment, 'REGISTRY_SECRET_NAMESPACES') },
    registries: [
      {
        name: variables.registry,
        hosts: hosts.length === 0 ? [variables.defaultHost] : hosts,
        vendor,
        settings: variables.settings(text),
      },
    ],
    attachToServiceAccounts: [],
    stuckPods: 'Ignore',
    conflictPolicy: 'Refuse',
    deletionPolicy: 'Retain',
  }
}

const noDocuments = (rules: object) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: 'no document is configured',
    expected: `-f FILE, or the variables ${Object.keys(rules).join(', ')}`,
    hint: 'docs/document.md describes both forms',
  })

function checkVariables(
  environment: Environment,
  rules: DropInForm['rules'],
  hostRule: HostRule | undefined,
): DocumentProblem[] {
  const others = readList(environment, hostsVariable).filter(
    (host) => brokenRule(registryHost, host) === undefined && !isOwnHost(host, hostRule ?? 'any'),
  )
  return [
    ...Object.entries(rules).flatMap(([name, rule]) => checkRequired(environment, name, rule)),
    ...checkItems(environment, hostsVariable, registryHost),
    ...others.map((host) => ({
      seen: `variable ${hostsVariable} contains ${showValue(host)}`,
      expected: `${hostRule?.expected}, to which the credential belongs; for a proxy that forwards it, a document with hostPolicy: Any`,
    })),
  ]
}

function checkRequired(environment: Environment, name: string, rule: TextRule): DocumentProblem[] {
  const value = environment[name]?.trim()
  if (value === undefined) return [{ seen: `variable ${name} is not set`, expected: rule.expected }]
  if (value === '') return [{ seen: `variable ${name} is empty`, expected: rule.expected }]
  return name === 'REGISTRY_SECRET_NAMESPACES'
    ? checkItems(environment, name, rule)
    : checkText(`variable ${name} is`, value, rule)
}

function checkItems(environment: Environment, name: string, rule: TextRule): DocumentProblem[] {
  const value = environment[name]?.trim()
  if (value === '') return [{ seen: `variable ${name} is empty`, expected: rule.expected }]
  const items = readList(environment, name)
  return items.length === 0 && value !== undefined
    ? [{ seen: `variable ${name} contains only commas`, expected: rule.expected }]
    : items.flatMap((item) => checkText(`variable ${name} contains`, item, rule))
}

function checkText(subject: string, value: string, rule: TextRule): DocumentProblem[] {
  const expected = brokenRule(rule, value)
  return expected === undefined ? [] : [{ seen: `${subject} ${showValue(value)}`, expected }]
}

/** The unique items of a comma-separated list; surrounding spaces and empty items are ignored. */
function readList(environment: Environment, name: string): string[] {
  const items = (environment[name] ?? '').split(',').map((item) => item.trim())
  return [...new Set(items)].filter((item) => item !== '')
}

// Loading again while a command runs, so that a change of the files takes effect.

/** The kubelet updates a mounted ConfigMap within a minute or two. Milliseconds. */
const reloadMs = 10_000

interface Reloaded<Documents> {
  readonly load: () => Promise<Documents>
  /** Equal for unchanged documents. */
  readonly revisionOf: (documents: Documents) => string
  /** Called with each changed set. */
  readonly onChange: (documents: Documents) => void
  /** After each attempt: why the files are not used; undefined: they are. */
  readonly onFault: (fault: PullpassError | undefined) => void
}

/** Until the signal. Invalid files change nothing. @throws the signal's reason, and an error that is not classified */
export async function reloadRegularly<Documents>(
  initial: Documents,
  { load, revisionOf, onChange, onFault }: Reloaded<Documents>,
  { sleep, signal }: Pick<Context, 'sleep' | 'signal'>,
): Promise<never> {
  let current = revisionOf(initial)
  for (;;) {
    await sleep(reloadMs, signal)
    const documents = await load().catch((error: unknown) => {
      if (error instanceof PullpassError) return error
      throw error
    })
    onFault(documents instanceof PullpassError ? documents : undefined)
    if (documents instanceof PullpassError || revisionOf(documents) === current) continue
    current = revisionOf(documents)
    onChange(documents)
  }
}
