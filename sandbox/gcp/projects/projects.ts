/** Projects: users write the ID, Google's resource names contain the number. */
import type { SandboxResponse } from '../../serve/handler.ts'
import { apiError, errorInfo } from '../api-errors.ts'

export interface Project {
  readonly id: string
  readonly number: string
}

export interface Projects {
  readonly put: (id: string, number: string) => void
  readonly find: (idOrNumber: string) => Project | undefined
}

export function createProjects(): Projects {
  const projects: Project[] = []
  return {
    put: (id, number) => void projects.push({ id, number }),
    find: (idOrNumber) => projects.find(({ id, number }) => idOrNumber === id || idOrNumber === number),
  }
}

/**
 * APIs that a project has enabled, and those that a service perimeter protects.
 * https://cloud.google.com/service-usage/docs/enabled-service, https://cloud.google.com/vpc-service-controls/docs/overview
 */
export interface ProjectServices {
  /** `project`: its ID or number; `service`: such as `iamcredentials.googleapis.com`. All are enabled by default. */
  readonly disable: (project: string, service: string) => void
  readonly enable: (project: string, service: string) => void
  readonly isEnabled: (project: string, service: string) => boolean
  /** Adds a perimeter around the service that refuses every caller, with this identifier. */
  readonly protect: (service: string, uid: string) => void
  /** Removes the perimeter. */
  readonly admit: (service: string) => void
  /** Why the service refuses calls for a project; undefined if it does not. */
  readonly refusal: (project: string, service: string) => ServiceRefusal | undefined
}

interface ServiceRefusal {
  /** Google's message, which is all that a registry returns. */
  readonly message: string
  /** The response of Google's JSON APIs. */
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
