/** Documents from files, standard input, or the environment. */
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Environment } from '../http/context.ts'
import type { Document } from './document.ts'
import { type DocumentProblem, refuse } from './document-errors.ts'
import type { DocumentVendors, DropInVariables } from './document-vendor.ts'
import { brokenRule, registryHost, type TextRule } from './field-rules.ts'
import { includedNamespace, objectName } from './kubernetes-names.ts'
import { showValue } from './show-value.ts'

export interface DocumentContext {
  readonly environment: Environment
  /** All of standard input, bounded; called for the file `-`. */
  readonly readInput: () => Promise<string>
  readonly vendors: DocumentVendors
}

/**
 * The documents of `files` (a file, a folder, or `-` for standard input), in their order;
 * without files, the one that the environment describes. Never empty.
 * @throws USAGE_INVALID, VARIABLE_INVALID, DOCUMENT_UNREADABLE, DOCUMENT_INVALID, CREDENTIAL_FILE_INVALID
 */
export async function loadDocuments(files: readonly string[], context: DocumentContext): Promise<Document[]> {
  if (files.length === 0) {
    const form = await dropInForm(context.vendors, context.environment)
    if (Object.keys(form.rules).every((name) => context.environment[name] === undefined)) throw noDocuments(form.rules)
    return [documentOf(form, context.environment)]
  }
  // The schema and its library are loaded only for files.
  const { readDocuments } = await import('./read-documents.ts')
  return readDocuments(files, context.readInput, context.vendors)
}

/** The source of the document that the environment describes. */
export const environmentSource = 'the environment'

/** Of every vendor: which Secret is written where, and for which hosts. */
const secretVariables: Readonly<Record<string, TextRule>> = {
  REGISTRY_SECRET_NAME: objectName,
  REGISTRY_SECRET_NAMESPACES: includedNamespace,
}
const hostsVariable = 'REGISTRY_HOSTS'

/**
 * The drop-in form: variables that describe one document with one registry, of the vendor whose variables they are.
 * Loads neither zod nor yaml: this is the CronJob's path, and its start-up is measured.
 */
export interface DropInForm {
  /** Identifier of the vendor. */
  readonly vendor: string
  readonly variables: DropInVariables<unknown>
  /** All are required. */
  readonly rules: Readonly<Record<string, TextRule>>
  /** With those that may be absent. */
  readonly names: readonly string[]
}

/** Of the vendor whose variables are set; where none is, of the first that has variables. @throws USAGE_INVALID where several are */
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
    expected: 'the variables of one vendor; a document can have registries of several',
  })
}

/** @throws VARIABLE_INVALID naming every one that is missing, empty or invalid */
export const documentFromEnvironment = async (environment: Environment, vendors: DocumentVendors): Promise<Document> =>
  documentOf(await dropInForm(vendors, environment), environment)

/** @throws VARIABLE_INVALID */
function documentOf({ vendor, variables, rules }: DropInForm, environment: Environment): Document {
  const [first, ...others] = checkVariables(environment, rules)
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
    seen: 'no documents are given',
    expected: `-f FILE, or the variables ${Object.keys(rules).join(', ')}`,
    hint: 'docs/document.md describes both forms',
  })

function checkVariables(environment: Environment, rules: DropInForm['rules']): DocumentProblem[] {
  return [
    ...Object.entries(rules).flatMap(([name, rule]) => checkRequired(environment, name, rule)),
    ...checkItems(environment, hostsVariable, registryHost),
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
    ? [{ seen: `variable ${name} holds only commas`, expected: rule.expected }]
    : items.flatMap((item) => checkText(`variable ${name} holds`, item, rule))
}

function checkText(subject: string, value: string, rule: TextRule): DocumentProblem[] {
  const expected = brokenRule(rule, value)
  return expected === undefined ? [] : [{ seen: `${subject} ${showValue(value)}`, expected }]
}

/** Items of a comma list, each once; spaces around them and empty items (a comma at the end) do not count. */
function readList(environment: Environment, name: string): string[] {
  const items = (environment[name] ?? '').split(',').map((item) => item.trim())
  return [...new Set(items)].filter((item) => item !== '')
}
