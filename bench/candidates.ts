/** The programs that do the same work: pullpass as users get it, what they run today, and the least that could do it. */
import { join } from 'node:path'
import { build } from 'rolldown'
import type { Program } from './measure-process.ts'
import { type BenchEnvironment, bareSecretName, secretName } from './start-environment.ts'

export interface Candidate {
  readonly name: 'bare applies' | 'pullpass' | 'curl, jq, kubectl'
  /** Of the Secrets that it writes. */
  readonly secretName: string
  readonly program: (namespaces: readonly string[]) => Program
}

export interface Candidates {
  readonly bare: Candidate
  readonly pullpass: Candidate
  readonly script: Candidate
}

const root = join(import.meta.dirname, '..')
/** What `npm run build` makes. */
export const pullpassWords: readonly string[] = [process.execPath, join(root, 'dist/pullpass.mjs'), 'refresh']

export const createCandidates = (ground: BenchEnvironment, bareProgram: string): Candidates => ({
  bare: bareCandidate(ground, bareProgram),
  pullpass: {
    name: 'pullpass',
    secretName,
    program: (namespaces) => ({
      words: pullpassWords,
      environment: {
        ...clientEnvironment(ground, namespaces),
        ...trustedGoogleCa(ground),
        KUBECONFIG: ground.files.kubeconfig,
        PULLPASS_TOKEN_FILE: ground.files.subjectToken,
      },
    }),
  },
  script: {
    name: 'curl, jq, kubectl',
    secretName,
    program: (namespaces) => ({
      words: ['bash', join(import.meta.dirname, 'plain-script.sh')],
      environment: {
        ...clientEnvironment(ground, namespaces),
        KUBECONFIG: ground.files.kubeconfig,
        CURL_CA_BUNDLE: ground.files.googleCa,
        TOKEN_FILE: ground.files.subjectToken,
      },
    }),
  },
})

const bareCandidate = (ground: BenchEnvironment, bareProgram: string): Candidate => ({
  name: 'bare applies',
  secretName: bareSecretName,
  program: (namespaces) => ({
    words: [process.execPath, bareProgram],
    environment: {
      ...plainEnvironment(ground),
      BENCH_SERVER: ground.cluster.server,
      BENCH_CA_FILE: ground.files.clusterCa,
      BENCH_TOKEN: ground.cluster.token,
      BENCH_NAMESPACES: namespaces.join(','),
      BENCH_SECRET: bareSecretName,
    },
  }),
})

export const plainEnvironment = ({ files }: BenchEnvironment): Program['environment'] => ({
  PATH: process.env['PATH'] ?? '',
  HOME: files.home,
})

/** One certificate beside Node's own: Google's stand-in is then trusted as Google is, and at the same cost. */
export const trustedGoogleCa = ({ files }: BenchEnvironment): Program['environment'] => ({
  NODE_EXTRA_CA_CERTS: files.googleCa,
})

export const clientEnvironment = (ground: BenchEnvironment, namespaces: readonly string[]): Program['environment'] => ({
  ...plainEnvironment(ground),
  ...ground.variables,
  REGISTRY_SECRET_NAMESPACES: namespaces.join(','),
})

/** Stripping types would be measured too: the bare programs run as JavaScript. */
export async function buildBarePrograms({ folder }: BenchEnvironment): Promise<{ applies: string; get: string }> {
  await build({
    cwd: import.meta.dirname,
    input: { applies: './bare-applies.ts', get: './bare-get.ts' },
    platform: 'node',
    output: { dir: folder, entryFileNames: '[name].mjs' },
  })
  return { applies: join(folder, 'applies.mjs'), get: join(folder, 'get.mjs') }
}
