/** Google Cloud APIs for one test, with a movable clock, and a client that sends requests as the operator. */
import type { TestContext } from 'node:test'
import { cloudPlatform } from '../../../sandbox/gcp/access-tokens.ts'
import { createGoogleCloud, type GoogleCloud } from '../../../sandbox/gcp/google-cloud.ts'
import { type Part, servePart } from '../../../sandbox/serve/serve-part.ts'
import { createMovableClock } from '../../../sandbox/start/movable-clock.ts'

type PartName = 'sts' | 'iamCredentials' | 'iam' | 'artifactRegistry' | 'resourceManager' | 'storage'

interface RequestOptions {
  readonly body?: object | string
  /** Empty: none; absent: the operator's. */
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface StartedGoogle {
  readonly google: GoogleCloud
  readonly parts: Readonly<Record<PartName, Part>>
  readonly advance: (duration: string) => void
  /** `method path`, as `GET /v3/projects/x`. */
  readonly send: (part: PartName, call: string, options?: RequestOptions) => Promise<ReceivedResponse>
  /** Sends a write, and polls its operation until it is done. */
  readonly write: (call: string, body?: object) => Promise<ReceivedResponse>
  readonly tokenOf: (member: string) => string
}

interface ReceivedResponse {
  readonly status: number
  readonly headers: Headers
  /** Parsed if it is JSON, otherwise text. */
  // biome-ignore lint/suspicious/noExplicitAny: each test asserts the type that it expects
  readonly body: any // oxlint-disable-line typescript/no-explicit-any
}

export const pools = '/v1/projects/example-project/locations/global/workloadIdentityPools'
export const poolName = 'projects/123456789012/locations/global/workloadIdentityPools/pool'
export const account = 'puller@example-project.iam.gserviceaccount.com'
export const accountPath: string = `/v1/projects/example-project/serviceAccounts/${account}`
export const repository = 'projects/example-project/locations/europe/repositories/images'

const operator = 'user:operator@example.com'

export async function startGoogle(t: TestContext): Promise<StartedGoogle> {
  const clock = createMovableClock(() => new Date('2026-11-24T12:00:00Z'))
  const google = createGoogleCloud({ now: clock.now })
  google.projects.put('example-project', '123456789012')
  google.repositories.put(repository)
  google.operators.put(operator)
  const serve = async (name: PartName) => {
    const part = await servePart({ handler: google[name], now: clock.now })
    t.after(part.close)
    return part
  }
  const parts = {
    sts: await serve('sts'),
    iamCredentials: await serve('iamCredentials'),
    iam: await serve('iam'),
    artifactRegistry: await serve('artifactRegistry'),
    resourceManager: await serve('resourceManager'),
    storage: await serve('storage'),
  }
  const tokenOf = (member: string) =>
    google.grantToken({ member, scopes: [cloudPlatform], expiresAt: new Date(clock.now().getTime() + 3_600_000) })
  const send: StartedGoogle['send'] = async (part, call, { body, token = tokenOf(operator), headers } = {}) => {
    const [method = '', path = ''] = call.split(/ (.*)/)
    const response = await fetch(parts[part].url + path, {
      method,
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }
  const write: StartedGoogle['write'] = async (call, body) => {
    let response = await send('iam', call, { ...(body && { body }) })
    const { name } = response.body
    for (let polls = 0; response.status === 200 && !response.body.done && polls < 5; polls++)
      response = await send('iam', `GET /v1/${name}`)
    return response
  }
  return { google, parts, advance: clock.advance, send, write, tokenOf }
}
