/** Names of the Secrets that documents write into a namespace. */
import type { Job } from '../refresh/plan.ts'

export const secretNamesIn = (namespace: string, jobs: readonly Job[]): string[] =>
  jobs.filter((job) => job.namespaces.includes(namespace)).map(({ document }) => document.secretName)
