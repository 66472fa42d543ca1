/** Whether the key that signed a token is among an issuer's published ones, and fits its signature: pure. */
import type { IssuerKey } from '../../issuer/keys/issuer-key.ts'
import { whyUnusable } from '../../issuer/keys/why-unusable.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Finding } from '../finding.ts'
import type { IssuerFacts } from '../gather/gather-issuers.ts'
import { notTried } from '../not-tried.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { publishRemedy } from '../remedy/publish-remedy.ts'

/** Key and signature. */
export function judgeKey(facts: IssuerFacts, commands: MendingCommands): Finding[] {
  const key = judgePublishedKey(facts, commands)
  const about = facts.token.issuer
  if (key.result === 'failed') return [key, notTried('signature', about, key)]
  return [key, judgeSignature(facts, commands)]
}

function judgePublishedKey({ token, keys = [], cluster, where }: IssuerFacts, commands: MendingCommands): Finding {
  const about = token.issuer
  const base = { hop: 'key', about } as const
  const remedy = publishRemedy('KEY_NOT_PUBLISHED', token.issuer, commands)
  const names = keys.map(({ keyId }) => keyId ?? '(no kid)').join(', ')
  const key = keys.find(({ keyId }) => keyId !== undefined && keyId === token.keyId)
  if (key === undefined) {
    const code = keys.length === 0 ? 'KEYS_EMPTY' : 'KEY_NOT_PUBLISHED'
    const seen = `${where} is signed by key ${token.keyId ?? '(it names none)'}; published ${keys.length === 0 ? 'is none' : `are ${names}`}`
    return {
      ...base,
      result: 'failed',
      code,
      seen,
      expected: 'that key among the published ones: after a rotation they are published anew',
      remedy,
    }
  }
  const unusable = whyUnusable(key)
  if (unusable !== undefined)
    return {
      ...base,
      result: 'failed',
      code: 'KEY_UNREADABLE',
      seen: `key ${token.keyId} is published, but ${unusable}`,
      expected: 'a key that clouds can read',
      remedy,
    }
  const thinner = missingOf(cluster, keys, token.issuer)
  if (thinner.length === 0) return { ...base, result: 'ok', code: 'OK', seen: `key ${token.keyId} is published` }
  return {
    ...base,
    result: 'warning',
    code: 'KEYS_THINNER',
    seen: `the cluster serves keys that are not published: ${thinner.join(', ')}`,
    expected: 'all of them published before one of them signs',
    remedy,
  }
}

/** Key ids that the cluster serves and nobody else reads. */
function missingOf(cluster: IssuerFacts['cluster'], keys: readonly IssuerKey[], issuer: string): string[] {
  if (cluster === undefined || cluster instanceof PullpassError || cluster.issuer !== issuer) return []
  const published = new Set(keys.map(({ keyId }) => keyId))
  return cluster.keys.flatMap(({ keyId }) => (keyId === undefined || published.has(keyId) ? [] : [keyId]))
}

function judgeSignature({ token, signature, where }: IssuerFacts, commands: MendingCommands): Finding {
  const base = { hop: 'signature', about: token.issuer } as const
  if (signature === 'verified')
    return { ...base, result: 'ok', code: 'OK', seen: `${where} verifies with the published key` }
  const remedy = publishRemedy('KEY_OF_ANOTHER', token.issuer, commands)
  if (signature === 'wrong') {
    return {
      ...base,
      result: 'failed',
      code: 'KEY_OF_ANOTHER',
      seen: `${where} is not signed by the key that is published as ${token.keyId}`,
      expected: "the cluster's own key under this kid",
      remedy,
    }
  }
  return {
    ...base,
    result: 'failed',
    code: 'KEY_UNREADABLE',
    seen: `${where} is signed with ${token.algorithm ?? 'an algorithm that it does not name'}, which clouds do not verify`,
    expected: 'RS256 or ES256',
    remedy,
  }
}
