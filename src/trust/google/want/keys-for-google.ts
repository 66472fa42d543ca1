/** The keys of a cluster that can be uploaded to a provider. */
import type { IssuerKey } from '../../../issuer/keys/issuer-key.ts'
import { whyUnusable } from '../../../issuer/keys/why-unusable.ts'
import { whyNotKeptAtGoogle } from '../../../issuer/publish/targets/kept-at-google.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import type { TrustedCluster } from '../../trusted-cluster.ts'

/** @throws KEYS_UNUSABLE where none is left, USAGE_INVALID where the cluster was not asked */
export function keysForGoogle({ keys, name }: TrustedCluster): readonly IssuerKey[] {
  if (keys === undefined) throw notAsked(name)
  const usable = keys.filter((key) => whyUnusable(key) === undefined && whyNotKeptAtGoogle(key) === undefined)
  if (usable.length > 0) return usable
  throw new PullpassError({
    code: 'KEYS_UNUSABLE',
    hop: 'trust',
    seen: `cluster ${name} serves ${keys.length} keys, and none that Google takes`,
    expected: 'an RSA key of 2048 bits or more, or a key on P-256, with a kid',
    hint: 'pullpass issuer show says what is wrong with each',
  })
}

const notAsked = (issuer: string) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `the keys of ${issuer} are to be uploaded, and --issuer gives none`,
    expected: 'a cluster that serves them',
    hint: 'leave --issuer out, or set trust.uploadKeys: Never',
  })
