/** The query of a list or watch, with the validation of the API.
 *  https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions */
import type { ObjectStore } from '../objects/object-store.ts'
import { isTrue } from './api-call.ts'
import {
  badRequest,
  forbiddenValue,
  internalError,
  invalid,
  type StatusCause,
  tooLargeVersion,
} from './status-error.ts'

export interface ListOptions {
  /** '' if absent; '0' is any version, here the newest. */
  readonly resourceVersion: string
  readonly limit: number
  readonly continuation: string
  readonly timeoutSeconds: number
  /** Whether a watch begins with the current objects: as the query requests, by default if it has no version. */
  readonly initialEvents: 'send' | 'omit'
  /** Whether a bookmark marks the end of the initial events. */
  readonly initialEventsEnd: 'mark' | 'omit'
  /** Whether a watch sends bookmarks periodically. */
  readonly bookmarks: 'send' | 'omit'
}

/** @throws StatusError 400, 422, 504 */
export function readListOptions(query: URLSearchParams, verb: 'list' | 'watch', store: ObjectStore): ListOptions {
  refuse(verb === 'list' ? listCauses(query) : watchCauses(query))
  const resourceVersion = query.get('resourceVersion') ?? ''
  checkVersion(resourceVersion, verb, store)
  const sendInitialEvents = query.get('sendInitialEvents')
  const sends =
    sendInitialEvents === null ? resourceVersion === '' || resourceVersion === '0' : isTrue(sendInitialEvents)
  const allows = isTrue(query.get('allowWatchBookmarks'))
  return {
    resourceVersion,
    limit: readInteger(query.get('limit')),
    continuation: query.get('continue') ?? '',
    timeoutSeconds: readInteger(query.get('timeoutSeconds')),
    initialEvents: sends ? 'send' : 'omit',
    initialEventsEnd: isTrue(sendInitialEvents) && allows ? 'mark' : 'omit',
    bookmarks: allows ? 'send' : 'omit',
  }
}

/** As a server before 1.34, or with the feature gate WatchList disabled. @throws StatusError 422 */
export function refuseWatchList(query: URLSearchParams): void {
  if (!query.has('sendInitialEvents')) return
  const why = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled'
  refuse([...watchCauses(query), forbiddenValue('sendInitialEvents', why)])
}

function refuse(causes: readonly StatusCause[]): void {
  if (causes.length > 0) throw invalid({ name: '', kind: 'ListOptions', group: 'meta.k8s.io' }, causes)
}

function listCauses(query: URLSearchParams): StatusCause[] {
  const causes: StatusCause[] = []
  if (query.has('resourceVersionMatch') && !query.get('resourceVersion')) {
    const why = 'resourceVersionMatch is forbidden unless resourceVersion is provided'
    causes.push(forbiddenValue('resourceVersionMatch', why))
  }
  if (query.has('sendInitialEvents')) {
    causes.push(forbiddenValue('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  }
  return causes
}

function watchCauses(query: URLSearchParams): StatusCause[] {
  const field = 'resourceVersionMatch'
  const match = query.get(field)
  if (!query.has('sendInitialEvents')) {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'
    return match === null ? [] : [forbiddenValue(field, why)]
  }
  if (match === 'NotOlderThan') return []
  const missing = forbiddenValue(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
  if (match === null) return [missing]
  const message = `Unsupported value: ${JSON.stringify(match)}: supported values: "NotOlderThan"`
  return [missing, { reason: 'FieldValueNotSupported', message, field }]
}

/** A watch waits for a future version; a list fails. */
function checkVersion(text: string, verb: 'list' | 'watch', store: ObjectStore): void {
  if (!/^\d*$/.test(text)) {
    const syntax = `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`
    const why = `resourceVersion: Invalid value: ${JSON.stringify(text)}: ${syntax}`
    throw verb === 'watch' ? internalError(why) : badRequest(`invalid resource version: ${why}`)
  }
  if (verb === 'list' && Number(text) > store.resourceVersion) throw tooLargeVersion(text, store.resourceVersion)
}

function readInteger(text: string | null): number {
  if (text === null || /^-?\d+$/.test(text)) return Number(text)
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}
