/** The fields of Google's resources that trust uses. */
import { asList, asObject, asText, asTexts, type JsonObject } from '../../../text/json-fields.ts'

interface Described {
  readonly disabled: boolean
  readonly description: string
  /** Absent if it has none. */
  readonly displayName?: string
}

interface Common extends Described {
  readonly state: 'ACTIVE' | 'DELETED'
}

export type FoundPool = Common

export interface FoundProvider extends Common {
  /** A provider of another protocol, such as SAML, can have the same ID. */
  readonly protocol: 'oidc' | 'other'
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly mapping: Readonly<Record<string, string>>
  readonly condition: string
  readonly jwks: string
}

export interface FoundAccount extends Described {
  /** 21 digits; empty if the response does not contain it. */
  readonly uniqueId: string
}

export function readFoundPool(body: unknown): FoundPool {
  const object = asObject(body) ?? {}
  return { state: object['state'] === 'DELETED' ? 'DELETED' : 'ACTIVE', ...describedIn(object) }
}

export function readFoundProvider(body: unknown): FoundProvider {
  const object = asObject(body) ?? {}
  const oidc = asObject(object['oidc'])
  return {
    ...readFoundPool(body),
    protocol: oidc === undefined ? 'other' : 'oidc',
    issuer: asText(oidc?.['issuerUri']) ?? '',
    audiences: asList(oidc?.['allowedAudiences']).filter((one) => typeof one === 'string'),
    mapping: asTexts(object['attributeMapping']),
    condition: asText(object['attributeCondition']) ?? '',
    jwks: asText(oidc?.['jwksJson']) ?? '',
  }
}

export function readFoundAccount(body: unknown): FoundAccount {
  const object = asObject(body) ?? {}
  return {
    uniqueId: asText(object['uniqueId']) ?? '',
    ...describedIn(object),
  }
}

function describedIn(object: JsonObject): Described {
  const displayName = asText(object['displayName'])
  return {
    disabled: object['disabled'] === true,
    description: asText(object['description']) ?? '',
    ...(displayName !== undefined && { displayName }),
  }
}
