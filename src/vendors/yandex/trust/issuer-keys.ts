/** Where the keys of an issuer are: a federation does not read the discovery document, and its `jwksUrl` is configured. */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import { jwksUriOf, readPublicIssuer } from '../../../oidc/public/public-issuer.ts'
import { asObject, asText, jsonOrNone } from '../../../text/json-fields.ts'
import { quote } from '../../../text/plain-text.ts'

/** The `jwks_uri` of the public discovery document, or why it cannot be used. Rejects only when the run is aborted. */
export async function readJwksUrl(context: Context, issuer: string): Promise<string | PullpassError> {
  const { discovery } = await readPublicIssuer(context, issuer)
  if (discovery.kind === 'unavailable') return discovery.fault
  const { url, status, text } = discovery
  if (status !== 200) return unusable('DISCOVERY_NOT_FOUND', `${url} responds with ${status}`)
  const named = asText(asObject(jsonOrNone(text))?.['issuer'])
  if (named !== issuer) {
    const whose = named === undefined ? 'no issuer' : `the issuer ${quote(named)}`
    return unusable('DISCOVERY_MALFORMED', `the discovery document at ${url} names ${whose}`)
  }
  return jwksUriOf(text) ?? unusable('DISCOVERY_MALFORMED', `the discovery document at ${url} has no https jwks_uri`)
}

const unusable = (code: 'DISCOVERY_NOT_FOUND' | 'DISCOVERY_MALFORMED', seen: string) =>
  new PullpassError({
    code,
    hop: 'discovery',
    seen,
    expected: "the cluster's discovery document: a federation needs the URL of the keys",
    hint: 'publish it first',
    command: 'pullpass issuer publish',
  })
