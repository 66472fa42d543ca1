/** The measured programs: pullpass as released, with one vendor and with three, a common shell script, and a minimal program. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'rolldown'
import type { Program } from './measure-process.ts'
import { type BenchEnvironment, bareSecretName, secretName } from './start-environment.ts'

export interface Candidate {
  readonly name: 'bare applies' | 'pullpass' | 'pullpass, three vendors' | 'curl, jq, kubectl'
  /** The name of the Secrets that it writes. */
  readonly secretName: string
  readonly program: (namespaces: readonly string[]) => Program
}

export interface Candidates {
  readonly bare: Candidate
  readonly pullpass: Candidate
  readonly threeVendors: Candidate
  readonly script: Candidate
}

const root = join(import.meta.dirname, '..')
/** The output of `npm run build`. */
export const programFile: string = join(root, 'dist/pullpass.mjs')
export const pullpassWords: readonly string[] = [process.execPath, programFile, 'refresh']

export const pluginFile: string = join(root, 'dist/credential-provider/credential-provider.cjs')

/** `threeVendors` refreshes this number of namespaces, whatever it is given: its document lists them. */
export const threeVendorsCount = 1000

export const createCandidates = async (bench: BenchEnvironment, bareProgram: string): Promise<Candidates> => ({
  bare: bareCandidate(bench, bareProgram),
  pullpass: {
    name: 'pullpass',
    secretName,
    program: (namespaces) => ({
      words: pullpassWords,
      environment: {
        ...clientEnvironment(bench, namespaces),
        ...trustedCloudCa(bench),
        KUBECONFIG: bench.files.kubeconfig,
        PULLPASS_TOKEN_FILE: bench.files.subjectToken,
      },
    }),
  },
  threeVendors: await threeVendorsCandidate(bench),
  script: {
    name: 'curl, jq, kubectl',
    secretName,
    program: (namespaces) => ({
      words: ['bash', join(import.meta.dirname, 'plain-script.sh')],
      environment: {
        ...clientEnvironment(bench, namespaces),
        KUBECONFIG: bench.files.kubeconfig,
        CURL_CA_BUNDLE: bench.files.cloudCa,
        TOKEN_FILE: bench.files.subjectToken,
      },
    }),
  },
})

async function threeVendorsCandidate(bench: BenchEnvironment): Promise<Candidate> {
  const { folder, files, clouds, provider, variables, namespaces } = bench
  const { aws, azure } = clouds
  const google = { workloadIdentityProvider: provider, serviceAccountEmail: variables['SERVICE_ACCOUNT_EMAIL'] }
  const { accountId, region, roleArn } = aws
  const { loginServer, tenantId, clientId } = azure
  const ecrHost = `${accountId}.dkr.ecr.${region}.amazonaws.com`
  const name = 'three-vendors'
  const document = {
    apiVersion: 'pullpass.dev/v1alpha1',
    kind: 'ClusterPullSecret',
    metadata: { name },
    spec: {
      namespaces: { include: namespaces.slice(0, threeVendorsCount) },
      registries: [
        { name: 'google', hosts: ['europe-docker.pkg.dev'], gcp: google, tokenFile: files.subjectToken },
        { name: 'ecr', hosts: [ecrHost], aws: { roleArn, region }, tokenFile: files.awsToken },
        { name: 'acr', hosts: [loginServer], azure: { tenantId, clientId }, tokenFile: files.azureToken },
      ],
    },
  }
  const file = join(folder, 'three-vendors.json')
  await writeFile(file, JSON.stringify(document))
  const { PULLPASS_GCP_STS_ENDPOINT = '', PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT = '' } = variables
  const environment = {
    ...plainEnvironment(bench),
    ...trustedCloudCa(bench),
    ...aws.environment,
    ...azure.environment,
    PULLPASS_GCP_STS_ENDPOINT,
    PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT,
    KUBECONFIG: files.kubeconfig,
  }
  const program = { words: [...pullpassWords, '-f', file], environment }
  return { name: 'pullpass, three vendors', secretName: name, program: () => program }
}

const bareCandidate = (bench: BenchEnvironment, bareProgram: string): Candidate => ({
  name: 'bare applies',
  secretName: bareSecretName,
  program: (namespaces) => ({
    words: [process.execPath, bareProgram],
    environment: {
      ...plainEnvironment(bench),
      BENCH_SERVER: bench.cluster.server,
      BENCH_CA_FILE: bench.files.clusterCa,
      BENCH_TOKEN: bench.cluster.token,
      BENCH_NAMESPACES: namespaces.join(','),
      BENCH_SECRET: bareSecretName,
    },
  }),
})

export const plainEnvironment = ({ files }: BenchEnvironment): Program['environment'] => ({
  PATH: process.env['PATH'] ?? '',
  HOME: files.home,
})

/** One certificate in addition to Node's own, so that the sandbox is verified like Google, at the same cost. */
export const trustedCloudCa = ({ files }: BenchEnvironment): Program['environment'] => ({
  NODE_EXTRA_CA_CERTS: files.cloudCa,
})

export const clientEnvironment = (bench: BenchEnvironment, namespaces: readonly string[]): Program['environment'] => ({
  ...plainEnvironment(bench),
  ...bench.variables,
  REGISTRY_SECRET_NAMESPACES: namespaces.join(','),
})

/** Compiled to JavaScript, so that type stripping is not measured. */
export async function buildBarePrograms({ folder }: BenchEnvironment): Promise<{ applies: string; get: string }> {
  await build({
    cwd: import.meta.dirname,
    input: { applies: './bare-applies.ts', get: './bare-get.ts' },
    platform: 'node',
    output: { dir: folder, entryFileNames: '[name].mjs' },
  })
  return { applies: join(folder, 'applies.mjs'), get: join(folder, 'get.mjs') }
}
