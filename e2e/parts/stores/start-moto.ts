/**
 * Moto, an emulator of AWS that checks signatures and policies: one user has all S3 permissions, another none.
 * https://docs.getmoto.org/en/latest/docs/iam.html
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { CreateBucketCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3'
import { installPythonProgram } from '../../../tools/real-parts/install-python-programs.ts'
import { freePort } from '../process/free-port.ts'
import { startPart } from '../process/start-part.ts'
import { waitUntil } from '../process/wait-until.ts'
import type { RealPart } from '../real-part.ts'

export const motoRegion: string = 'eu-west-1'

export interface AwsIdentity {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Moto extends RealPart {
  readonly url: string
  readonly publisher: AwsIdentity
  readonly unprivileged: AwsIdentity
  /** Disables authentication while `work` runs, for unsigned requests. */
  readonly withoutAuthentication: <T>(work: () => Promise<T>) => Promise<T>
  /** With the credentials of the publisher. */
  readonly admin: S3Client
  readonly createBucket: (name: string, access: 'public' | 'private') => Promise<void>
}

/** `disabled`: unsigned requests are served at any time. @throws AbsentPart if it cannot be installed */
export const startMoto = (authentication: 'enabled' | 'disabled' = 'enabled'): Promise<Moto> =>
  startPart('moto', async (context) => {
    const python = join(await installPythonProgram('moto'), 'bin/python')
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`]
    const { ended } = context.start(python, args, { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' })
    await waitUntil('moto', 30_000, async () => (await fetch(`${url}/moto-api/`)).ok || undefined, ended)
    const publisher = await createUser(url, 'publisher')
    const unprivileged = await createUser(url, 'unprivileged')
    const Statement = [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement })
    await requestIam(url, { Action: 'PutUserPolicy', UserName: 'publisher', PolicyName: 'all', PolicyDocument })
    if (authentication === 'enabled') await setAuthentication(url, 'enabled')
    const admin = new S3Client({ endpoint: url, region: motoRegion, forcePathStyle: true, credentials: publisher })
    const createBucket: Moto['createBucket'] = (name, access) => putBucket(admin, name, access)
    return { url, publisher, unprivileged, withoutAuthentication: (work) => unsigned(url, work), admin, createBucket }
  })

async function putBucket(admin: S3Client, Bucket: string, access: 'public' | 'private'): Promise<void> {
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const
  await admin.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
  if (access === 'private') return
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }]
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  await admin.send(new PutBucketPolicyCommand({ Bucket, Policy }))
}

/** With authentication enabled, moto responds to unsigned requests with 500; so it is disabled for them. */
async function unsigned<T>(url: string, work: () => Promise<T>): Promise<T> {
  await setAuthentication(url, 'disabled')
  try {
    return await work()
  } finally {
    await setAuthentication(url, 'enabled')
  }
}

/** The body is the number of requests before authentication starts. */
async function setAuthentication(url: string, state: 'enabled' | 'disabled'): Promise<void> {
  const body = state === 'disabled' ? '1000' : '0'
  const response = await fetch(`${url}/moto-api/reset-auth`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/plain' },
  })
  assert.equal(response.status, 200)
}

async function createUser(url: string, UserName: string): Promise<AwsIdentity> {
  await requestIam(url, { Action: 'CreateUser', UserName })
  const response = await requestIam(url, { Action: 'CreateAccessKey', UserName })
  const field = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(response)?.[1] ?? ''
  return { accessKeyId: field('AccessKeyId'), secretAccessKey: field('SecretAccessKey') }
}

/** Moto selects the service by the scope of the signature; the signature is not checked while authentication is disabled. */
export const placeholderAuthorization = (service: 'iam' | 's3'): string =>
  `AWS4-HMAC-SHA256 Credential=any/20261124/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=any`

async function requestIam(url: string, fields: Record<string, string>): Promise<string> {
  const body = new URLSearchParams({ Version: '2010-05-08', ...fields })
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { authorization: placeholderAuthorization('iam') },
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return text
}
