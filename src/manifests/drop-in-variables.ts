/** The drop-in form as the CronJob's own environment. */
import type { Environment } from '../outside/outside.ts'

const names = [
  'PROJECT_NUMBER',
  'POOL_ID',
  'PROVIDER_ID',
  'SERVICE_ACCOUNT_EMAIL',
  'REGISTRY_SECRET_NAME',
  'REGISTRY_SECRET_NAMESPACES',
  'REGISTRY_HOSTS',
]

export interface Variable {
  readonly name: string
  readonly value: string
}

/** Those that are set. */
export const dropInVariables = (environment: Environment): Variable[] =>
  names.flatMap((name) => {
    const value = environment[name]?.trim()
    return value ? [{ name, value }] : []
  })
