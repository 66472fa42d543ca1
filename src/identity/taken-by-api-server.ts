/**
 * Whether a token may be what an API server takes, by whom it says that it is meant for: such a one goes to nobody else.
 * API servers take their issuer's name, unless --api-audiences says otherwise; and tokens of Secrets, which name nobody.
 * https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */
import type { SubjectToken } from './subject-token.ts'

export const takenByApiServer = ({ audiences, issuer }: SubjectToken): boolean =>
  audiences.length === 0 || audiences.some((audience) => audience === issuer || apiServer.test(audience))

const apiServer = /^(?:https:\/\/)?kubernetes(?:\.default\.svc\.|(?:\.default(?:\.svc)?)?(?:[:/]|$))/
