/**
 * Other people's AWS, which looks at signatures and policies: one user may do all at S3, another nothing.
 * https://docs.getmoto.org/en/latest/docs/iam.html
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { installMoto } from '../../../tools/real-parts/install-moto.ts'
import { freePort } from '../ground/free-port.ts'
import { startPart } from '../ground/start-part.ts'
import { waitUntil } from '../ground/wait-until.ts'
import type { RealPart } from '../real-part.ts'

export interface AwsIdentity {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Moto extends RealPart {
  readonly url: string
  readonly publisher: AwsIdentity
  readonly nobody: AwsIdentity
  /** Requests that nobody signs are answered in here alone. */
  readonly unsigned: <T>(work: () => Promise<T>) => Promise<T>
}

/** @throws AbsentPart where it cannot be installed */
export const startMoto = (): Promise<Moto> =>
  startPart('moto', async (ground) => {
    const python = join(await installMoto(), 'bin/python')
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const { ended } = ground.start(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`])
    await waitUntil('moto', 30_000, async () => (await fetch(`${url}/moto-api/`)).ok || undefined, ended)
    const publisher = await createUser(url, 'publisher')
    const nobody = await createUser(url, 'nobody')
    const Statement = [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement })
    await askIam(url, { Action: 'PutUserPolicy', UserName: 'publisher', PolicyName: 'all', PolicyDocument })
    await lookAtIdentities(url, 'from now on')
    return { url, publisher, nobody, unsigned: (work) => unsigned(url, work) }
  })

/** Where it looks at identities it has no word for a request without one (it answers 500): for these it does not look. */
async function unsigned<T>(url: string, work: () => Promise<T>): Promise<T> {
  await lookAtIdentities(url, 'later')
  try {
    return await work()
  } finally {
    await lookAtIdentities(url, 'from now on')
  }
}

/** It wants the number of requests until then. */
async function lookAtIdentities(url: string, when: 'from now on' | 'later'): Promise<void> {
  const body = when === 'later' ? '1000' : '0'
  const answer = await fetch(`${url}/moto-api/reset-auth`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/plain' },
  })
  assert.equal(answer.status, 200)
}

async function createUser(url: string, UserName: string): Promise<AwsIdentity> {
  await askIam(url, { Action: 'CreateUser', UserName })
  const answer = await askIam(url, { Action: 'CreateAccessKey', UserName })
  const field = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(answer)?.[1] ?? ''
  return { accessKeyId: field('AccessKeyId'), secretAccessKey: field('SecretAccessKey') }
}

/** Whose signature it is does not matter yet; by the scope moto sees which service is asked. */
async function askIam(url: string, fields: Record<string, string>): Promise<string> {
  const scope = 'AWS4-HMAC-SHA256 Credential=any/20261124/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=any'
  const body = new URLSearchParams({ Version: '2010-05-08', ...fields })
  const answer = await fetch(url, { method: 'POST', body, headers: { authorization: scope } })
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  return text
}
