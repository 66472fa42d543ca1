/** The test environment of `connect`: a server that returns the identity it received, kubeconfigs for it, and a folder. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type CertificateAuthority, sharedAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import type { SandboxRequest } from '../../../sandbox/serve/handler.ts'
import { type Part, servePart } from '../../../sandbox/serve/serve-part.ts'
import { type ClusterFlags, connect } from '../../../src/kubernetes/connect.ts'
import { fakeContext } from '../../support/fake-context.ts'

export interface ConnectEnvironment {
  readonly folder: string
  readonly part: Part
  readonly ca: string
  readonly authority: CertificateAuthority
  /** Writes a file and returns its path. */
  write(name: string, content: string | object): Promise<string>
}

/** A server that returns the identity it received, and a folder for files. */
export async function prepare(t: TestContext): Promise<ConnectEnvironment> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-connect-'))
  t.after(() => rm(folder, { recursive: true }))
  const authority = await sharedAuthority()
  const handler = ({ headers, clientName }: SandboxRequest) => ({
    status: 200,
    body: { authorization: headers['authorization'], clientName, as: headers['impersonate-user'] },
  })
  const tls = { authority, http2: 'offered', clientCertificates: 'requested' } as const
  const part = await servePart({ handler, tls })
  t.after(part.close)
  return {
    folder,
    part,
    ca: authority.ca,
    authority,
    async write(name, content) {
      const path = join(folder, name)
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 })
      return path
    },
  }
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64')

interface Kubeconfig {
  readonly [field: string]: unknown
  readonly users: readonly object[]
}

/** A kubeconfig whose contexts differ by their users. */
export const kubeconfig = (
  { part, ca }: ConnectEnvironment,
  users: Record<string, object>,
  cluster: object = {},
): Kubeconfig => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': Object.keys(users)[0],
  clusters: [{ name: 'test', cluster: { server: part.url, 'certificate-authority-data': base64(ca), ...cluster } }],
  users: Object.entries(users).map(([name, user]) => ({ name, user })),
  contexts: Object.keys(users).map((name) => ({ name, context: { cluster: 'test', user: name } })),
})

export interface ConnectSettings extends ClusterFlags {
  readonly environment?: Record<string, string>
  readonly podFolder?: string
}

/** The identity that the server receives. */
export async function receivedIdentity(
  t: TestContext,
  { environment = {}, podFolder, ...flags }: ConnectSettings,
): Promise<object> {
  const cluster = await connect(flags, fakeContext({ environment }), podFolder ?? '/absent')
  t.after(() => cluster.close())
  return JSON.parse((await cluster.request({ method: 'GET', path: '/' })).body)
}
