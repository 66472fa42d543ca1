/**
 * Robot federation: the identity token as the password of a robot gives a token for an hour. Issuer and subject are compared exactly;
 * the audience is checked only for an entry with audiences.
 * https://github.com/quay/quay: endpoints/oauth/robot_identity_federation.py, util/security/federated_robot_auth.py, oauth/oidc.py
 */
import { basicOf } from '../issuer/federated-service.ts'
import { type IssuerConnection, readPublishedKeys } from '../issuer/published-keys.ts'
import { claimsOf, type Rejection, verifyIdentity } from '../issuer/verify-identity.ts'
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { QuayState, Robot } from './state.ts'

export interface RobotTokenNeeds {
  readonly state: QuayState
  readonly issuers: IssuerConnection
  readonly now: () => Date
  /** A token of a robot. */
  readonly issue: (robot: string) => string
}

const words: Partial<Record<Rejection, string>> = {
  signature: 'Invalid token: Signature verification failed',
  audience: "Invalid token: Audience doesn't match",
  expired: 'Invalid token: Signature has expired',
  subject: 'Token does not match robot',
}

export async function robotToken(request: SandboxRequest, needs: RobotTokenNeeds): Promise<SandboxResponse> {
  const [name, token] = basicOf(request)
  if (name === '') return { status: 401, body: { error: 'missing auth' } }
  const robot = needs.state.robots.get(name)
  if (robot === undefined) return refused('Could not find robot with specified username')
  const { iss: issuer } = claimsOf(token)
  if (typeof issuer !== 'string') return crashed
  if (robot.entries.length === 0) return refused('Robot does not have federated login configured')
  const entries = robot.entries.filter((one) => one.issuer === issuer)
  if (entries.length === 0) return refused(`issuer ${issuer} not configured for this robot`)
  const rejection = await rejectionOf(token, { issuer, entries }, needs)
  if (rejection === undefined) return { status: 200, body: { token: needs.issue(name) } }
  const word = words[rejection]
  return word === undefined ? crashed : refused(word)
}

/** An error of the data: not one of the endpoint, which are 401. */
const refused = (message: string): SandboxResponse => ({ status: 400, body: { message } })

/** Errors that Quay does not catch: of a token that is no JWT, and of an issuer whose keys it cannot read or use. */
const crashed: SandboxResponse = {
  status: 500,
  headers: { 'content-type': 'text/html' },
  body: '<!doctype html><title>500 Internal Server Error</title>',
}

interface Matched {
  readonly issuer: string
  readonly entries: Robot['entries']
}

/** Undefined where one of the entries accepts it; else what the last one rejects. */
async function rejectionOf(
  token: string,
  { issuer, entries }: Matched,
  { issuers, now }: RobotTokenNeeds,
): Promise<Rejection | undefined> {
  const keys = await readPublishedKeys({ issuerUri: issuer }, issuers).catch(() => undefined)
  if (keys === undefined) return 'key'
  const [audience] = entries.flatMap(({ audiences = [] }) => audiences)
  const verdicts = entries.map(({ subject }) => verifyIdentity(token, { issuer, subject, audience }, keys, now()))
  if (verdicts.some((one) => 'claims' in one)) return undefined
  const last = verdicts.at(-1)
  return last !== undefined && 'rejection' in last ? last.rejection : 'malformed'
}
