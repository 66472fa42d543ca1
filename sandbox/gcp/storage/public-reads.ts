/**
 * Objects by `/BUCKET/OBJECT`, as anonymous clients and browsers read them: Cloud Storage's XML API.
 * https://cloud.google.com/storage/docs/xml-api/get-object-download
 */
import type { SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import type { BucketAccess } from './bucket-access.ts'
import { objectHeaders } from './object-headers.ts'
import type { ObjectStore } from './object-store.ts'
import { denial } from './storage-errors.ts'

export interface PublicReadsNeeds {
  readonly store: ObjectStore
  readonly access: BucketAccess
}

export function respondToPublicRead(request: SandboxRequest, { store, access }: PublicReadsNeeds): SandboxResponse {
  const { bucket = '', name = '' } = /^\/(?<bucket>[^/]+)(?:\/(?<name>.*))?$/s.exec(request.path)?.groups ?? {}
  const caller = access.callerOf(request)
  if (!caller) return xmlError(401, 'AuthenticationRequired', 'Authentication required.')
  if (!store.findBucket(bucket)) return xmlError(404, 'NoSuchBucket', 'The specified bucket does not exist.')
  const denied = (permission: string) =>
    xmlError(403, 'AccessDenied', 'Access denied.', denial(caller.member, permission))
  if (request.method !== 'GET' && request.method !== 'HEAD') return denied('storage.objects.create')
  if (name === '') return denied('storage.objects.list') // lists in XML are not implemented
  if (!access.may(caller, 'storage.objects.get', bucket, name)) return denied('storage.objects.get')
  const object = store.find(bucket, name)
  // without permission to list, a client must not learn that an object does not exist
  if (!object && !access.may(caller, 'storage.objects.list', bucket)) return denied('storage.objects.list')
  if (!object) return xmlError(404, 'NoSuchKey', 'The specified key does not exist.')
  const headers = objectHeaders(object, caller.member === undefined ? 'public' : 'private')
  if (request.headers['if-none-match'] === headers['etag']) return { status: 304, headers }
  return { status: 200, headers, body: object.bytes }
}

const xmlError = (status: number, code: string, message: string, details?: string): SandboxResponse => ({
  status,
  headers: { 'content-type': 'application/xml; charset=UTF-8' },
  body: `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message>${details === undefined ? '' : `<Details>${details}</Details>`}</Error>`,
})
