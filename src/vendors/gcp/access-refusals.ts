/**
 * Refusals of Google that no grant fixes: an API that is not enabled in the project, or a service perimeter. JSON APIs report the
 * reason in an ErrorInfo, a registry and the token service only in the message.
 * https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto
 */
import type { Refusal } from '../../http/request-errors.ts'
import { asList, asObject, asText } from '../../text/json-fields.ts'

/** Undefined for every other refusal. `body`: a google.rpc.Status as JSON. */
export function accessRefusal(body: unknown): Refusal | undefined {
  const error = asObject(asObject(body)?.['error'])
  const message = asText(error?.['message'])
  if (message === undefined) return undefined
  const info = asList(error?.['details'])
    .map((detail) => asObject(detail) ?? {})
    .find((detail) => asText(detail['reason']) !== undefined)
  const metadata = asObject(info?.['metadata'])
  const reason = asText(info?.['reason'])
  if (reason === 'SERVICE_DISABLED') {
    const project = /^projects\/([a-z0-9.:-]{1,100})$/.exec(asText(metadata?.['consumer']) ?? '')?.[1]
    const service = asText(metadata?.['service'])
    const inWords = service === undefined || project === undefined ? accessRefusalInWords(message) : undefined
    return inWords ?? apiDisabled(message, { service, project })
  }
  if (reason === 'SECURITY_POLICY_VIOLATED') return perimeterDenied(message, asText(metadata?.['uid']))
  return undefined
}

/** The same from a message. Its start is sufficient. */
export function accessRefusalInWords(message: string): Refusal | undefined {
  const start = message.slice(0, 1000)
  const disabled = /has not been used in project ([a-z0-9.:-]{1,100}) before or it is disabled/.exec(start)
  if (disabled !== null) {
    const [service] = /[a-z]{1,60}\.googleapis\.com/.exec(start.slice(disabled.index)) ?? []
    return apiDisabled(message, { service, project: disabled[1] })
  }
  const uid = /vpcServiceControlsUniqueIdentifier: ([\w-]{1,100})/.exec(start)
  return uid === null ? undefined : perimeterDenied(message, uid[1])
}

interface Disabled {
  readonly service: string | undefined
  readonly project: string | undefined
}

function apiDisabled(message: string, { service, project }: Disabled): Refusal {
  const known = service !== undefined && /^[a-z]{1,60}\.googleapis\.com$/.test(service) && project !== undefined
  const where = project === undefined ? 'the project that Google names' : `project ${project}`
  const expected = `${known ? service : 'the API that Google names'} to be enabled in ${where}`
  if (!known) return { code: 'API_DISABLED', message, expected, hint: `an owner of ${where} can enable it` }
  const command = `gcloud services enable ${service} --project=${project}`
  const hint = `an owner of project ${project} can enable it; it takes effect after a few minutes`
  return { code: 'API_DISABLED', message, expected, hint, command }
}

const perimeterDenied = (message: string, uid: string | undefined): Refusal => ({
  code: 'PERIMETER_DENIED',
  message,
  expected: 'VPC Service Controls to allow this request',
  hint: `request an ingress rule from an administrator of your organization's access policy; to find the reason, search the audit log for vpcServiceControlsUniqueIdentifier ${uid !== undefined && /^[\w-]{1,100}$/.test(uid) ? uid : '(see above)'}; a grant or a pullpass command cannot fix it`,
})
