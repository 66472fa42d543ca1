/**
 * The real gcloud with the endpoints of a sandbox: separate settings, certificates and access token, and no default project.
 * https://cloud.google.com/sdk/docs/properties
 */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { Sandbox } from '../../sandbox/start-sandbox.ts'
import { findOnPath } from './process/find-program.ts'
import { type ProgramRun, runProgram, runSuccessfully } from './process/run-program.ts'
import { startPart } from './process/start-part.ts'
import { type PythonProgram, startPythonProgram } from './process/start-python-program.ts'
import type { RealPart } from './real-part.ts'

export interface Gcloud extends RealPart {
  /** Runs a script with `sh` and the real `gcloud`, with the credentials of the sandbox's operator. */
  readonly sh: (sandbox: Sandbox, script: string) => Promise<ProgramRun>
}

/** @throws AbsentPart if gcloud is not installed: Debian and npm have no package of it. */
export const startGcloud = (): Promise<Gcloud> =>
  startPart('gcloud', async ({ folder, use }) => {
    const program = await use(startProgram(findOnPath('gcloud', 'see https://cloud.google.com/sdk/docs/install')))
    return {
      async sh(sandbox, script) {
        const home = await mkdtemp(join(folder, 'run-'))
        const environment = await environmentOf(sandbox, home)
        const PATH = [dirname(program.file), process.env['PATH']].join(delimiter)
        return await runProgram('sh', ['-c', `cd "$HOME"\n${script}`], {
          environment: { ...environment, PATH },
          timeoutMs: 180_000,
        })
      },
    }
  })

/** `gcloud`: a shell script that selects an interpreter. */
async function startProgram(gcloud: string): Promise<PythonProgram> {
  const fields = 'value[separator="\n"](installation.sdk_root,basic.python_location,basic.site_packages)'
  const printed = await runSuccessfully(gcloud, ['info', `--format=${fields}`])
  const [root = '', python = '', sitePackages] = printed.trim().split('\n')
  return await startPythonProgram({
    name: 'gcloud',
    python: sitePackages === 'True' ? [python] : [python, '-S'],
    module: 'gcloud',
    folders: [join(root, 'lib')],
    environment: sitePackages === 'True' ? { CLOUDSDK_PYTHON_SITEPACKAGES: '1' } : {},
  })
}

async function environmentOf({ folder, gcp: { parts, operator } }: Sandbox, home: string) {
  const tokenFile = join(home, 'access-token')
  await writeFile(tokenFile, operator.accessToken(), { mode: 0o600 })
  const endpoint = ({ url }: { url: string }) => `${url}/`
  return {
    HOME: home,
    CLOUDSDK_CONFIG: home,
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: tokenFile,
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: folder.caFile,
    REQUESTS_CA_BUNDLE: folder.caFile,
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_CORE_CHECK_GCE_METADATA: '0',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
    CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM: endpoint(parts.iam),
    CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY: endpoint(parts.artifactRegistry),
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER: endpoint(parts.resourceManager),
    CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE: endpoint(parts.serviceUsage),
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: endpoint(parts.storage),
  }
}
