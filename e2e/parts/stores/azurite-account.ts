/** A storage account of Azurite, with its public well-known key, which permits every operation. */
import assert from 'node:assert/strict'
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { httpsTransport } from '../../../src/http/https-transport.ts'
import type { HttpMethod, HttpResponse } from '../../../src/http/transport.ts'

/** The built-in account of Azurite. */
export const azuriteAccount: string = 'devstoreaccount1'
export const azuriteKey: string =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

interface BlobRequest {
  readonly method: HttpMethod
  /** `CONTAINER/BLOB`, or a container with a query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface AzuriteAccount {
  /** An anonymous request. */
  readonly requestAnonymously: (request: BlobRequest) => Promise<HttpResponse>
  /** With the account key. @throws unless it succeeds */
  readonly administer: (request: BlobRequest) => Promise<void>
  readonly createContainer: (name: string, access: 'public' | 'private') => Promise<void>
}

/** `endpoint`: https://127.0.0.1:PORT/ACCOUNT; `ca`: PEM of the CA of its certificate. */
export function azuriteAccountAt(endpoint: string, ca: string): AzuriteAccount {
  const account = endpoint.slice(endpoint.lastIndexOf('/') + 1)
  const transport = httpsTransport({}, ca)
  const requestAnonymously = ({ method, path, headers, body }: BlobRequest) =>
    transport({
      method,
      url: `${endpoint}/${path}`,
      headers: { 'x-ms-version': '2024-11-04', ...headers },
      ...(body !== undefined && { body }),
      maxBytes: 1 << 20,
      signal: AbortSignal.timeout(5000),
    })
  const administer = async (request: BlobRequest) => {
    const signed = `${request.path}${request.path.includes('?') ? '&' : '?'}${signatureOf(account)}`
    const { status, body } = await requestAnonymously({ ...request, path: signed })
    assert.ok(status < 300, `${request.method} ${request.path}: ${status} ${body}`)
  }
  return {
    requestAnonymously,
    administer,
    createContainer: (name, access) =>
      administer({
        method: 'PUT',
        path: `${name}?restype=container`,
        headers: access === 'public' ? { 'x-ms-blob-public-access': 'blob' } : {},
        body: '',
      }),
  }
}

/** A shared access signature: https://learn.microsoft.com/rest/api/storageservices/create-account-sas */
const signatureOf = (account: string) =>
  generateAccountSASQueryParameters(
    {
      services: AccountSASServices.parse('b').toString(),
      resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
      permissions: AccountSASPermissions.parse('rwdlac'),
      protocol: SASProtocol.Https,
      expiresOn: new Date(Date.now() + 3_600_000),
    },
    new StorageSharedKeyCredential(account, azuriteKey),
  ).toString()
