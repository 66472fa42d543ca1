/**
 * What is wrong with a description of credentials. Who writes one says where tokens are sent and what is read: so hosts are
 * Google's own, or what this process's environment names, compared whole; and no program that it names is run, no address called.
 * https://google.aip.dev/auth/4117
 */
import { googleServiceRegion } from '../../document/google-service-region.ts'
import { parseImpersonationUrl } from '../../document/parse-impersonation-url.ts'
import { showValue } from '../../document/show-value.ts'
import { asObject, asText, type JsonObject } from '../../outside/json-fields.ts'
import type { Environment } from '../../outside/outside.ts'
import { iamCredentialsEndpoint, stsEndpoint, universeIn } from '../gcp-endpoints.ts'
import { githubTokenUrl } from './github-token-url.ts'

export interface CredentialFlaw {
  /** To follow the name of the file. */
  readonly what: string
  readonly expected: string
}

export function credentialFlaw(type: string, json: JsonObject, environment: Environment): CredentialFlaw | undefined {
  const foreign = universeFlaw(json, environment)
  if (foreign !== undefined) return foreign
  if (type === 'impersonated_service_account') return impersonationFlaw(json, environment)
  if (type !== 'external_account') return undefined
  const impersonates = json['service_account_impersonation_url'] !== undefined
  return (
    sourceFlaw(asObject(json['credential_source']) ?? {}, environment) ??
    kindFlaw(json['subject_token_type']) ??
    tokenUrlFlaw(json['token_url'], environment) ??
    (impersonates ? impersonationFlaw(json, environment) : undefined)
  )
}

function universeFlaw({ universe_domain: named }: JsonObject, environment: Environment): CredentialFlaw | undefined {
  const universe = universeIn(environment)
  if (named === undefined || named === universe) return undefined
  return {
    what: `names the universe ${showValue(named)}`,
    expected: `${universe}; another is named by GOOGLE_CLOUD_UNIVERSE_DOMAIN`,
  }
}

function sourceFlaw(source: JsonObject, environment: Environment): CredentialFlaw | undefined {
  const expected = 'credential_source.file, or the url that GitHub gives to a job'
  if (source['executable'] !== undefined) {
    return { what: 'has its token made by a program, which pullpass does not run', expected }
  }
  const others = Object.keys(source).filter((key) => !['file', 'url', 'headers', 'format'].includes(key))
  if (others[0] !== undefined) return { what: `has its token come from ${showValue(others[0])}`, expected }
  const { file, url } = source
  if (url === undefined && asText(file)) return undefined
  if (url === undefined || file !== undefined) return { what: 'names no file of a token', expected }
  if (githubTokenUrl(url, environment) !== undefined) return undefined
  return { what: `has its token come from ${showValue(url)}, which pullpass does not call`, expected }
}

function kindFlaw(kind: unknown): CredentialFlaw | undefined {
  const [jwt, idToken] = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token']
  if (kind === jwt || kind === idToken) return undefined
  return { what: `has the subject_token_type ${showValue(kind)}`, expected: `${jwt} or ${idToken}` }
}

function tokenUrlFlaw(url: unknown, environment: Environment): CredentialFlaw | undefined {
  const [universeDomain, path] = [universeIn(environment), '/v1/token']
  const text = asText(url) ?? ''
  const origin = text.endsWith(path) ? text.slice(0, -path.length) : ''
  if (origin === stsEndpoint({ universeDomain }, environment)) return undefined
  if (googleServiceRegion(origin, 'sts', universeDomain) !== undefined) return undefined
  return {
    what: `has its token sent to the token_url ${showValue(url)}`,
    expected: `https://sts.${universeDomain}${path}, or the origin that PULLPASS_GCP_STS_ENDPOINT names`,
  }
}

function impersonationFlaw(json: JsonObject, environment: Environment): CredentialFlaw | undefined {
  const universeDomain = universeIn(environment)
  const url = json['service_account_impersonation_url']
  const { origin } = parseImpersonationUrl(asText(url) ?? '') ?? {}
  if (origin !== undefined && origin === iamCredentialsEndpoint({ universeDomain }, environment)) return undefined
  if (googleServiceRegion(origin ?? '', 'iamcredentials', universeDomain) !== undefined) return undefined
  return {
    what: `has its token sent to the service_account_impersonation_url ${showValue(url)}`,
    expected: `https://iamcredentials.${universeDomain}/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`,
  }
}
