/** A run that fails with one code; its output is compared with error-messages.ts. */
import type { Fault } from '../../../sandbox/serve/faults.ts'
import type { ErrorCode } from '../../../src/errors/codes.ts'
import { documentText } from '../../support/document-text.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'

/** The sandbox has one namespace, team-a. `flags`: of each run, in addition to its own. */
export type ErrorCase = (sandbox: TestSandbox & { readonly flags?: readonly string[] }) => Promise<PullpassRun>

export type ErrorCases = Readonly<Partial<Record<ErrorCode, ErrorCase>>>

/** A run with the drop-in variables. */
export function refresh(
  sandbox: TestSandbox,
  flags: readonly string[] = [],
  environment: PullpassOptions['environment'] = {},
): Promise<PullpassRun> {
  const host = { REGISTRY_HOSTS: 'europe-docker.pkg.dev' }
  return runPullpass(sandbox, ['refresh', ...flags], { environment: { ...host, ...environment } })
}

/** A run with a document, modified by `edit`. */
export async function refreshDocument(
  sandbox: TestSandbox,
  edit: (text: string) => string,
  more = '',
): Promise<PullpassRun> {
  const file = await sandbox.write('pull.yaml', edit(documentText(sandbox, { include: ['team-a'], more })))
  return await runPullpass(sandbox, ['refresh', '-f', file])
}

type PartName = keyof TestSandbox['parts'] | keyof TestSandbox['gcp']['parts']

/** A run while one part has a fault; for the Kubernetes API only on writes. */
export async function refreshWithFault(sandbox: TestSandbox, part: PartName, fault: Fault): Promise<PullpassRun> {
  const when = ({ method }: { method: string }) => part !== 'kubernetes' || method === 'PATCH'
  const parts = { ...sandbox.parts, ...sandbox.gcp.parts }
  parts[part].faults.inject(fault, { when })
  return await refresh(sandbox)
}
