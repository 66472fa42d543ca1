/** The measured programs: pullpass as released, a common shell script, and a minimal program. */
import { join } from 'node:path'
import { build } from 'rolldown'
import type { Program } from './measure-process.ts'
import { type BenchEnvironment, bareSecretName, secretName } from './start-environment.ts'

export interface Candidate {
  readonly name: 'bare applies' | 'pullpass' | 'curl, jq, kubectl'
  /** The name of the Secrets that it writes. */
  readonly secretName: string
  readonly program: (namespaces: readonly string[]) => Program
}

export interface Candidates {
  readonly bare: Candidate
  readonly pullpass: Candidate
  readonly script: Candidate
}

const root = join(import.meta.dirname, '..')
/** The output of `npm run build`. */
export const pullpassWords: readonly string[] = [process.execPath, join(root, 'dist/pullpass.mjs'), 'refresh']

export const pluginFile: string = join(root, 'dist/credential-provider.mjs')

export const createCandidates = (bench: BenchEnvironment, bareProgram: string): Candidates => ({
  bare: bareCandidate(bench, bareProgram),
  pullpass: {
    name: 'pullpass',
    secretName,
    program: (namespaces) => ({
      words: pullpassWords,
      environment: {
        ...clientEnvironment(bench, namespaces),
        ...trustedGoogleCa(bench),
        KUBECONFIG: bench.files.kubeconfig,
        PULLPASS_TOKEN_FILE: bench.files.subjectToken,
      },
    }),
  },
  script: {
    name: 'curl, jq, kubectl',
    secretName,
    program: (namespaces) => ({
      words: ['bash', join(import.meta.dirname, 'plain-script.sh')],
      environment: {
        ...clientEnvironment(bench, namespaces),
        KUBECONFIG: bench.files.kubeconfig,
        CURL_CA_BUNDLE: bench.files.googleCa,
        TOKEN_FILE: bench.files.subjectToken,
      },
    }),
  },
})

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
export const trustedGoogleCa = ({ files }: BenchEnvironment): Program['environment'] => ({
  NODE_EXTRA_CA_CERTS: files.googleCa,
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
