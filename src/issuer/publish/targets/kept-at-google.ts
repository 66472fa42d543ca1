/**
 * Keys as a provider at Google keeps them, in `jwksJson`: RSA and P-256, and no stray members. Others are refused when Google
 * first needs them, at an exchange.
 * https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes
 */
import { plainJson } from '../../../outside/plain-text.ts'
import type { IssuerKey } from '../../keys/issuer-key.ts'
import { renderJwk } from '../../keys/render-jwk.ts'

/** Undefined where it is kept. */
export const whyNotKeptAtGoogle = ({ type, curve }: IssuerKey): string | undefined =>
  type === 'RSA' || curve === 'P-256' ? undefined : `Google takes no key on ${curve ?? type} as uploaded`

/** It stands in printed scripts as well, and a kid is whatever the cluster says. */
export const renderGoogleKeys = (keys: readonly IssuerKey[]): string =>
  plainJson(JSON.stringify({ keys: keys.map(renderJwk) }))
