/** Whether a token is of the cluster that is looked at: one of another, or of before an issuer change, is refused. Pure. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Finding } from '../finding.ts'
import type { IssuerFacts } from '../gather/gather-issuers.ts'

/** Nothing where the cluster does not say who it is, or where both agree. */
export function judgeTokenIssuer({ token, where, cluster }: IssuerFacts, exchange: 'succeeded' | 'refused'): Finding[] {
  if (cluster === undefined || cluster instanceof PullpassError || cluster.issuer === token.issuer) return []
  return [
    {
      hop: 'subject-token',
      about: token.issuer,
      result: exchange === 'refused' ? 'failed' : 'warning',
      code: 'TOKEN_ISSUER_MISMATCH',
      seen: `${where} is of issuer ${token.issuer}; this cluster signs as ${cluster.issuer}`,
      expected: 'a token that this cluster signs now',
      remedy: {
        words:
          'see that kubeconfig and token are of one cluster; after a change of the issuer a projected token keeps the old one until the kubelet renews it, which a new pod does not wait for',
      },
    },
  ]
}
