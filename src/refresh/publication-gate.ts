/** Lets a token through to its exchange once its issuer is the one that is public, and its key is public too. */

import { PullpassError } from '../errors/pullpass-error.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import { askAnew } from '../kubernetes/objects/request-token.ts'
import { openBarrier, type PublicationBarrier, type PublicKey } from '../publish/gate/publication-gate.ts'
import type { BarrierNeeds } from '../publish/gate/publish-key.ts'
import { shellQuote } from '../text/plain-text.ts'
import type { Demand } from './exchange-requests.ts'
import { requestSubjectToken } from './subject-tokens.ts'

/** In a roll-out to another issuer, each connection may lead to an API server that signs as the old or as the new one. */
const requests = 5

type Await<Result> = (token: SubjectToken, demand: Demand, file: string | undefined) => Promise<Result>

export interface Admission {
  /** Another than the one that came, where that was of another issuer. */
  readonly token: SubjectToken
  /** A fault in a dry run alone: it is not public, and could be published. */
  readonly key: PublicKey | PullpassError
}

/** A token that may be exchanged; until `safeAt` verifiers may have a copy of the keys without its own. */
export interface AdmittedToken {
  readonly token: SubjectToken
  readonly safeAt: Date | undefined
}

/** @throws TOKEN_ISSUER_MISMATCH, KEY_UNPUBLISHED */
export function awaitPublishedKey(needs: BarrierNeeds): Await<AdmittedToken> {
  const admit = admitPublished(needs)
  return async (...asked) => {
    const { token, key } = await admit(...asked)
    if (key instanceof PullpassError) throw key
    return { token, safeAt: key.safeAt }
  }
}

/** One barrier for each publication, however many documents name it. @throws TOKEN_ISSUER_MISMATCH, KEY_UNPUBLISHED */
export function admitPublished(needs: BarrierNeeds): Await<Admission> {
  const barriers = new Map<string, Promise<PublicationBarrier>>()
  return async (token, demand, file) => {
    const { issuer: wanted } = demand.document
    if (wanted === undefined) return { token, key: { safeAt: undefined } }
    const key = JSON.stringify([wanted.publishTo, wanted.url, wanted.memoryRef])
    const opening = barriers.get(key) ?? openBarrier(wanted, needs)
    barriers.set(key, opening)
    const barrier = await opening
    const fitting = await fitIssuer(token, demand, { issuer: barrier.issuer, file, needs })
    return { token: fitting, key: await barrier.awaitKey(fitting) }
  }
}

interface Fit {
  readonly issuer: string | undefined
  /** Where the token was read; undefined where the cluster is asked for one. */
  readonly file: string | undefined
  readonly needs: BarrierNeeds
}

async function fitIssuer(token: SubjectToken, demand: Demand, { issuer, file, needs }: Fit): Promise<SubjectToken> {
  const account = demand.document.serviceAccountRef
  if (issuer === undefined || token.issuer === issuer) return token
  if (file !== undefined || account === undefined) throw wrongIssuer(token, issuer, file)
  for (let request = 2; request <= requests; request++) {
    const again = await askAnew(needs.cluster, async (other) => await requestSubjectToken(account, demand, other))
    if (again.issuer === issuer) return again
  }
  throw wrongIssuer(token, issuer, file)
}

const wrongIssuer = (token: SubjectToken, issuer: string, file: string | undefined) =>
  new PullpassError({
    code: 'TOKEN_ISSUER_MISMATCH',
    hop: 'subject-token',
    seen: `${file ?? `each of ${requests} tokens from the cluster`} carries issuer ${token.issuer}`,
    expected: `${issuer}, which the document says is public`,
    hint:
      file === undefined
        ? `in a roll-out it passes by itself; else have the API servers sign as it: pullpass issuer show --to-issuer ${shellQuote(issuer)}`
        : 'the kubelet renews a projected token at 80 % of its life: make the Pod anew; else set spec.issuer.url to the issuer that is meant',
    retryable: true,
  })
