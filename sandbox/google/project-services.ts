/**
 * Which of Google's APIs a project has enabled, and which are inside a service perimeter that keeps callers out.
 * https://cloud.google.com/service-usage/docs/enabled-service, https://cloud.google.com/vpc-service-controls/docs/overview
 */
import type { SandboxResponse } from '../serve/handler.ts'
import { apiError, errorInfo } from './api-errors.ts'
import type { Projects } from './projects.ts'

export interface ProjectServices {
  /** `project`: its id or number; `service`: `iamcredentials.googleapis.com`. All are enabled at first. */
  readonly disable: (project: string, service: string) => void
  readonly enable: (project: string, service: string) => void
  readonly isEnabled: (project: string, service: string) => boolean
  /** From now on a perimeter around the service refuses every caller, under this identifier. */
  readonly protect: (service: string, uid: string) => void
  /** An administrator of the perimeter lets callers in. */
  readonly admit: (service: string) => void
  /** Why the service does not answer calls on behalf of a project; undefined where it does. */
  readonly refusal: (project: string, service: string) => ServiceRefusal | undefined
}

interface ServiceRefusal {
  /** Google's sentence: a registry says it and no more. */
  readonly message: string
  /** As Google's JSON APIs answer. */
  readonly response: SandboxResponse
}

const titles: Readonly<Record<string, string>> = {
  'iamcredentials.googleapis.com': 'IAM Service Account Credentials API',
  'artifactregistry.googleapis.com': 'Artifact Registry API',
  'sts.googleapis.com': 'Security Token Service API',
  'iam.googleapis.com': 'Identity and Access Management (IAM) API',
}

export function createProjectServices(projects: Projects): ProjectServices {
  const disabled = new Set<string>()
  const perimeters = new Map<string, string>()
  const numberOf = (project: string) => projects.find(project)?.number ?? project
  const key = (project: string, service: string) => `${numberOf(project)} ${service}`
  const isEnabled: ProjectServices['isEnabled'] = (project, service) => !disabled.has(key(project, service))
  return {
    disable: (project, service) => void disabled.add(key(project, service)),
    enable: (project, service) => void disabled.delete(key(project, service)),
    isEnabled,
    protect: (service, uid) => void perimeters.set(service, uid),
    admit: (service) => void perimeters.delete(service),
    refusal(project, service) {
      const number = numberOf(project)
      const uid = perimeters.get(service)
      if (uid !== undefined) return prohibited(service, number, uid)
      return isEnabled(project, service) ? undefined : serviceDisabled(service, number)
    },
  }
}

/** https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto */
function serviceDisabled(service: string, number: string): ServiceRefusal {
  const page = `https://console.developers.google.com/apis/api/${service}/overview?project=${number}`
  const message =
    `${titles[service] ?? service} has not been used in project ${number} before or it is disabled. ` +
    `Enable it by visiting ${page} then retry. If you enabled this API recently, wait a few minutes for the action to ` +
    'propagate to our systems and retry.'
  const info = errorInfo('SERVICE_DISABLED', 'googleapis.com', { consumer: `projects/${number}`, service })
  return { message, response: apiError(403, 'PERMISSION_DENIED', message, info) }
}

function prohibited(service: string, number: string, uid: string): ServiceRefusal {
  const message = `Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: ${uid}`
  const metadata = { uid, consumer: `projects/${number}`, service }
  const info = errorInfo('SECURITY_POLICY_VIOLATED', 'googleapis.com', metadata)
  return { message, response: apiError(403, 'PERMISSION_DENIED', message, info) }
}
