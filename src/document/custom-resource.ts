/**
 * Documents as custom resources: their types in the API, and their status, which the controller writes.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
 */
import * as z from 'zod/mini'
import { asList, asObject, type JsonObject } from '../text/json-fields.ts'
import type { TextRule } from './field-rules.ts'
import type { DocumentKind } from './json-schema.ts'
import { fields, list, text, word } from './schema-parts.ts'

/** As the API server serves it. */
export interface ResourceType {
  readonly group: 'pullpass.dev'
  readonly version: 'v1alpha1'
  readonly kind: DocumentKind
  readonly resource: 'clusterpullsecrets' | 'pullsecrets'
  readonly scope: 'Cluster' | 'Namespaced'
  readonly shortName: string
}

const served = { group: 'pullpass.dev', version: 'v1alpha1' } as const

export const clusterPullSecretType: ResourceType = {
  ...served,
  kind: 'ClusterPullSecret',
  resource: 'clusterpullsecrets',
  scope: 'Cluster',
  shortName: 'cps',
}

/** Of tenants. */
export const pullSecretType: ResourceType = {
  ...served,
  kind: 'PullSecret',
  resource: 'pullsecrets',
  scope: 'Namespaced',
  shortName: 'ps',
}

export const resourceTypes: readonly ResourceType[] = [clusterPullSecretType, pullSecretType]

/** The condition Ready of a stored status, which is not validated. */
export const storedReady = ({ conditions }: JsonObject): JsonObject | undefined =>
  asList(conditions)
    .map(asObject)
    .find((one) => one?.['type'] === 'Ready')

export interface ResourceStatus {
  /** metadata.generation of the object that was evaluated. */
  readonly observedGeneration: number
  readonly conditions: readonly ResourceCondition[]
  /** Absent without a valid version of the document. */
  readonly secretName?: string
  /** Names of the registries, for a column of a table. Absent as `secretName`. */
  readonly registries?: string
  /** Absent until the namespaces of the cluster are known, and if there is no valid version of the document. */
  readonly namespaces?: { readonly selected: number; readonly fresh: number; readonly failing: number }
  readonly failingNamespaces?: readonly FailingNamespace[]
  /** RFC 3339. */
  readonly expiresAt?: string
  /** RFC 3339. */
  readonly nextRefreshAt?: string
}

/** https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#condition-v1-meta */
export interface ResourceCondition {
  readonly type: 'Ready'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  /** RFC 3339. */
  readonly lastTransitionTime: string
}

export interface FailingNamespace {
  readonly name: string
  readonly code: string
  readonly message: string
}

/** So many failing namespaces are listed. */
export const listedFailures = 10
/** Characters of a message. */
export const longestMessage = 1024
export const longestRegistries = 256

const anyText = (maxLength: number): TextRule => ({ pattern: /^[\s\S]*$/, maxLength, expected: 'a text' })
const time: TextRule = {
  pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/,
  maxLength: 20,
  expected: 'a time, such as 2026-01-01T12:00:00Z',
}
const reason: TextRule = { pattern: /^[A-Z][A-Za-z]*$/, maxLength: 64, expected: 'a word' }
const code: TextRule = { pattern: /^[A-Z][A-Z0-9_]*$/, maxLength: 64, expected: 'a code' }
const count = (description: string) => z.int().register(z.globalRegistry, { description })

const condition = fields(
  {
    type: word(['Ready'], 'Type of the condition'),
    status: word(
      ['True', 'False', 'Unknown'],
      'Whether every selected namespace has a valid Secret, and the rest that the object requests is permitted',
    ),
    reason: text(reason, 'Reason for the status, as one word'),
    message: text(anyText(longestMessage), 'Explanation for people'),
    observedGeneration: count('metadata.generation of the object that was evaluated'),
    lastTransitionTime: text(time, 'When the status of the condition changed'),
  },
  'A condition of the object',
)

const failingNamespace = fields(
  {
    name: text(anyText(63), 'Name of the namespace'),
    code: text(code, 'Code of the failure, as in docs/errors.md'),
    message: text(anyText(longestMessage), 'What was seen'),
  },
  'A namespace whose Secret could not be written',
)

export const resourceStatus: z.ZodMiniType<ResourceStatus> = fields(
  {
    observedGeneration: count('metadata.generation of the object that was evaluated'),
    conditions: list(
      condition,
      8,
      'Ready: whether every selected namespace has a valid Secret, and the rest is permitted',
    ),
    secretName: z.exactOptional(text(anyText(253), 'Name of the Secret')),
    registries: z.exactOptional(text(anyText(longestRegistries), 'Names of the registries')),
    namespaces: z.exactOptional(
      fields(
        {
          selected: count('Namespaces that the document selects'),
          fresh: count('Selected namespaces whose Secret is valid'),
          failing: count('Selected namespaces whose Secret could not be written or refreshed; it may still be valid'),
        },
        'Numbers of namespaces',
      ),
    ),
    failingNamespaces: z.exactOptional(
      list(failingNamespace, listedFailures, `The first ${listedFailures} failing namespaces, by name`),
    ),
    expiresAt: z.exactOptional(text(time, 'When the first entry of a Secret expires in a selected namespace')),
    nextRefreshAt: z.exactOptional(text(time, 'When the next credential is due')),
  },
  'The observed state, written by pullpass controller',
)
