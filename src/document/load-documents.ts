/** What is wanted, from wherever it is said: files, standard input, or the environment. */

import { PullpassError } from '../errors/pullpass-error.ts'
import type { Environment } from '../http/context.ts'
import type { Document } from './document.ts'
import { type Finding, refuse } from './document-errors.ts'
import { brokenRule, registryHost, type TextRule } from './field-rules.ts'
import { poolId, projectNumber, providerId, providerOfParts, serviceAccountEmail } from './gcp-names.ts'
import { includedNamespace, objectName } from './kubernetes-names.ts'
import { showValue } from './show-value.ts'

export interface DocumentContext {
  readonly environment: Environment
  /** All of standard input, bounded; called for the file `-`. */
  readonly readInput: () => Promise<string>
}

/**
 * The documents of `files` (a file, a folder, or `-` for standard input), in their order;
 * without files the one that the environment describes. Never empty.
 * @throws USAGE_INVALID, VARIABLE_INVALID, DOCUMENT_UNREADABLE, DOCUMENT_INVALID, CREDENTIAL_FILE_INVALID
 */
export async function loadDocuments(files: readonly string[], context: DocumentContext): Promise<Document[]> {
  if (files.length === 0) return [documentFromEnvironment(context.environment)]
  // The schema and its library are loaded only for who has files.
  const { readDocuments } = await import('./read-documents.ts')
  return readDocuments(files, context.readInput)
}

/**
 * The drop-in form: the variables of the script of curl, jq and kubectl that many people copied from the web,
 * as one document. Loads neither zod nor yaml: this is the CronJob's path, and its start-up is measured.
 */
export const defaultHost = 'europe-docker.pkg.dev'
/** The source of that document. */
export const environmentSource = 'the environment'

/** All six are required. */
export const dropInVariables: Readonly<Record<string, TextRule>> = {
  PROJECT_NUMBER: projectNumber,
  POOL_ID: poolId,
  PROVIDER_ID: providerId,
  SERVICE_ACCOUNT_EMAIL: serviceAccountEmail,
  REGISTRY_SECRET_NAME: objectName,
  REGISTRY_SECRET_NAMESPACES: includedNamespace,
}

/** @throws USAGE_INVALID where none of the variables is set; VARIABLE_INVALID naming every one that is missing, empty or wrong */
export function documentFromEnvironment(environment: Environment): Document {
  if (Object.keys(dropInVariables).every((name) => environment[name] === undefined)) throw noDocuments
  const [first, ...others] = checkVariables(environment)
  if (first !== undefined) throw refuse('VARIABLE_INVALID', [first, ...others])

  const text = (name: string) => environment[name]?.trim() ?? ''
  const hosts = readList(environment, 'REGISTRY_HOSTS')
  return {
    kind: 'ClusterPullSecret',
    name: text('REGISTRY_SECRET_NAME'),
    source: environmentSource,
    secretName: text('REGISTRY_SECRET_NAME'),
    namespaces: { include: readList(environment, 'REGISTRY_SECRET_NAMESPACES') },
    registries: [
      {
        name: 'google',
        hosts: hosts.length === 0 ? [defaultHost] : hosts,
        provider: 'gcp',
        settings: {
          workloadIdentityProvider: providerOfParts({
            projectNumber: text('PROJECT_NUMBER'),
            poolId: text('POOL_ID'),
            providerId: text('PROVIDER_ID'),
          }),
          serviceAccountEmail: text('SERVICE_ACCOUNT_EMAIL'),
        },
      },
    ],
    attachToServiceAccounts: [],
    stuckPods: 'Ignore',
    conflictPolicy: 'Refuse',
    deletionPolicy: 'Retain',
  }
}

const noDocuments = new PullpassError({
  code: 'USAGE_INVALID',
  hop: 'run',
  seen: 'no documents are given',
  expected: `-f FILE, or the variables ${Object.keys(dropInVariables).join(', ')}`,
  hint: 'docs/document.md describes both forms',
})

function checkVariables(environment: Environment): Finding[] {
  return [
    ...Object.entries(dropInVariables).flatMap(([name, rule]) => checkRequired(environment, name, rule)),
    ...checkItems(environment, 'REGISTRY_HOSTS', registryHost),
  ]
}

function checkRequired(environment: Environment, name: string, rule: TextRule): Finding[] {
  const value = environment[name]?.trim()
  if (value === undefined) return [{ seen: `variable ${name} is not set`, expected: rule.expected }]
  if (value === '') return [{ seen: `variable ${name} is empty`, expected: rule.expected }]
  return name === 'REGISTRY_SECRET_NAMESPACES'
    ? checkItems(environment, name, rule)
    : checkText(`variable ${name} is`, value, rule)
}

function checkItems(environment: Environment, name: string, rule: TextRule): Finding[] {
  const value = environment[name]?.trim()
  if (value === '') return [{ seen: `variable ${name} is empty`, expected: rule.expected }]
  const items = readList(environment, name)
  return items.length === 0 && value !== undefined
    ? [{ seen: `variable ${name} holds only commas`, expected: rule.expected }]
    : items.flatMap((item) => checkText(`variable ${name} holds`, item, rule))
}

function checkText(subject: string, value: string, rule: TextRule): Finding[] {
  const expected = brokenRule(rule, value)
  return expected === undefined ? [] : [{ seen: `${subject} ${showValue(value)}`, expected }]
}

/** Items of a comma list, each once; spaces around them and empty items (a comma at the end) do not count. */
function readList(environment: Environment, name: string): string[] {
  const items = (environment[name] ?? '').split(',').map((item) => item.trim())
  return [...new Set(items)].filter((item) => item !== '')
}
