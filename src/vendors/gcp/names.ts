/**
 * The names of Google Cloud resources in documents, and the limit of a subject.
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers
 */
import type { TextRule } from '../../document/field-rules.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { parseDuration } from '../../text/time.ts'

export const projectNumber: TextRule = {
  pattern: /^[0-9]+$/,
  maxLength: 20,
  expected: "the project's number, such as 123456789012",
  knownMistake: (text) =>
    projectId.test(text)
      ? `the project's number, not its id: gcloud projects describe ${text} --format="value(projectNumber)"`
      : undefined,
}

/** Also of a project of a domain: `example.com:project`. */
const projectId = /^(?:[a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/

export const poolId: TextRule = idOf("the pool's")
export const providerId: TextRule = idOf("the provider's")

export const serviceAccountEmail: TextRule = {
  pattern: /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.gserviceaccount\.com$/,
  maxLength: 256,
  expected: "a service account's e-mail address, such as puller@project.iam.gserviceaccount.com",
}

/** IDs of pools and providers that are created: Google reserves the prefix `gcp-`. */
export const createdId: TextRule = {
  pattern: /^(?!gcp-)[a-z0-9-]{4,32}$/,
  maxLength: 32,
  expected: 'an id of 4 to 32 lower-case letters, digits and "-" that does not begin with gcp-',
}

/** The full resource name of the provider, with or without host and scheme. */
export const workloadIdentityProvider: TextRule = {
  pattern:
    /^(?:(?:https:)?\/\/iam\.googleapis\.com\/)?projects\/[0-9]{1,20}\/locations\/global\/workloadIdentityPools\/[a-z0-9-]{4,32}\/providers\/[a-z0-9-]{4,32}$/,
  maxLength: 256,
  expected: 'projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER',
  knownMistake: (text) => {
    const [, project = '', pool = '', provider = ''] = providerParts.exec(text) ?? []
    if (projectId.test(project)) return projectNumber.knownMistake?.(project)
    const rule = [poolId, providerId].find(({ pattern }, index) => !pattern.test([pool, provider][index] ?? ''))
    return providerParts.test(text) ? rule?.expected : undefined
  },
}

const providerParts =
  /(?:^|\/)projects\/([^/]+)\/locations\/global\/workloadIdentityPools\/([^/]+)\/providers\/([^/]+)$/

/** The resource name without host and scheme. `name` follows the rule above. */
export function canonicalProvider(name: string): string {
  return name.slice(name.indexOf('projects/'))
}

/** The pool of a provider, by its canonical name. */
export const poolOf = (provider: string): string => provider.replace(/\/providers\/[^/]+$/, '')

/** The principal of a subject, in the pool of the provider. https://cloud.google.com/iam/docs/principal-identifiers */
export const principalOf = (provider: string, subject: string): string =>
  `principal://iam.googleapis.com/${poolOf(provider)}/subject/${subject}`

export function providerOfParts(parts: {
  readonly projectNumber: string
  readonly poolId: string
  readonly providerId: string
}): string {
  return `projects/${parts.projectNumber}/locations/global/workloadIdentityPools/${parts.poolId}/providers/${parts.providerId}`
}

/** Addresses that can be created, https://cloud.google.com/iam/docs/service-accounts-create; others are managed by Google. */
const creatable = /^([a-z](?:[a-z0-9-]{4,28}[a-z0-9]))@([a-z0-9.-]+)\.iam\.gserviceaccount\.com$/

/** ID and project ID in the address of a service account; undefined for an account that only Google can create. */
export function accountParts(email: string): { readonly id: string; readonly project: string } | undefined {
  const [, id, host] = creatable.exec(email) ?? []
  if (id === undefined || host === undefined) return undefined
  // `NAME@PROJECT.example.com.iam…` is of the domain's project example.com:PROJECT.
  const [project = '', ...domain] = host.split('.')
  return { id, project: domain.length === 0 ? project : `${domain.join('.')}:${project}` }
}

/** A service account in arguments of gcloud, which does not derive the project from the address. */
export function gcloudAccount(email: string): readonly string[] {
  const project = accountParts(email)?.project
  return project === undefined ? [`projects/-/serviceAccounts/${email}`] : [email, `--project=${project}`]
}

function idOf(owner: string): TextRule {
  return {
    pattern: /^[a-z0-9-]{4,32}$/,
    maxLength: 32,
    expected: `${owner} id: 4 to 32 lower-case letters, digits and "-"`,
    knownMistake: (text) => (text.includes('/') ? `only ${owner} id, the last part of its resource name` : undefined),
  }
}

const longestLifeSeconds = 43_200

/** Google's limit is 1 h, or 12 h if the organization policy allows it. */
export const gcpLifetime: TextRule = {
  pattern: /^(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?$/,
  maxLength: 16,
  expected: 'a lifetime from 1s to 12h, such as 3600s or 1h',
  knownMistake: (text) => {
    const seconds = (parseDuration(text) ?? 0) / 1000
    return seconds >= 1 && seconds <= longestLifeSeconds ? undefined : gcpLifetime.expected
  },
}

export const gcpScope: TextRule = {
  pattern: /^https:\/\/[a-z0-9.-]+\/[A-Za-z0-9._/-]+$/,
  maxLength: 256,
  expected: 'an OAuth scope, such as https://www.googleapis.com/auth/cloud-platform.read-only',
}

export const universeDomain: TextRule = {
  pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
  maxLength: 253,
  expected: 'a domain name, such as googleapis.com',
}

/** Part of a host name, sts.REGION.rep.googleapis.com. */
export const stsRegion: TextRule = {
  pattern: /^[a-z][a-z0-9-]*[a-z0-9]$/,
  maxLength: 63,
  expected: 'a region, such as europe-west1',
}

/** A repository of Artifact Registry. https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories */
export const artifactRepository: TextRule = {
  pattern:
    /^projects\/(?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{0,62}\/locations\/[a-z][a-z0-9-]{1,62}\/repositories\/[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  maxLength: 256,
  expected: 'projects/PROJECT/locations/LOCATION/repositories/REPOSITORY',
  knownMistake: (text) => {
    const [, location, project, repository] =
      /^(?:https:\/\/)?([a-z0-9-]+)-docker\.pkg\.dev\/([a-z0-9.:-]+)\/([a-z0-9-]+)\/?$/.exec(text) ?? []
    return location === undefined
      ? undefined
      : `its resource name: projects/${project}/locations/${location}/repositories/${repository}`
  },
}

/** https://cloud.google.com/iam/docs/workload-identity-federation#conditions; the limit is 4096 characters. */
export const attributeCondition: TextRule = {
  pattern: /^\P{Cc}+$/u,
  maxLength: 4096,
  expected: "a condition in CEL on one line, such as assertion.sub.startsWith('system:serviceaccount:image-system:')",
}

/** Of google.subject. https://cloud.google.com/iam/docs/workload-identity-federation#mapping */
const longestBytes = 127

/** SUBJECT_TOO_LONG if it exceeds the limit of google.subject. `from`: its source, for the message. */
export function checkSubjectLength(subject: string, from: string): PullpassError | undefined {
  const bytes = Buffer.byteLength(subject)
  if (bytes <= longestBytes) return undefined
  return new PullpassError({
    code: 'SUBJECT_TOO_LONG',
    hop: 'subject-token',
    seen: `the subject of ${from} has ${bytes} bytes: ${subject}`,
    expected: `at most ${longestBytes} bytes, the limit of google.subject`,
    hint: 'use a service account and namespace with shorter names, or map google.subject to a shorter attribute',
  })
}
