/**
 * A refresh of one namespace, as in a CronJob's pod, compared with an empty Node process and with a single request.
 * The pod's folder exists only in a mount namespace of the measured process (unshare(1)); the /run of the machine is
 * not changed.
 */
import { type Candidates, clientEnvironment, plainEnvironment, pullpassWords, trustedCloudCa } from './candidates.ts'
import { type Cost, median } from './cost.ts'
import { measureProcess, type Program } from './measure-process.ts'
import { type PluginName, pluginPrograms } from './plugins.ts'
import type { BenchEnvironment } from './start-environment.ts'

export interface OneShotRow {
  readonly program:
    | 'node -e 0'
    | 'https.get'
    | 'pullpass --version'
    | 'pullpass in a pod'
    | 'pullpass, kubeconfig'
    | PluginName
  readonly runs: number
  readonly cpuMs: { readonly least: number; readonly median: number }
  readonly wallMs: { readonly least: number; readonly median: number }
  /** Of the largest run. */
  readonly peakMiB: number
}

const runs = 21

export async function measureOneShot(
  bench: BenchEnvironment,
  { pullpass }: Candidates,
  bareGet: string,
): Promise<OneShotRow[]> {
  const [namespace = ''] = bench.namespaces
  const candidates = [
    ['node -e 0', { words: [process.execPath, '-e', '0'], environment: plainEnvironment(bench) }],
    [
      'https.get',
      {
        words: [process.execPath, bareGet],
        environment: { ...plainEnvironment(bench), ...trustedCloudCa(bench), BENCH_URL: bench.clouds.google.sts.url },
      },
    ],
    [
      'pullpass --version',
      { words: [...pullpassWords.slice(0, 2), '--version'], environment: plainEnvironment(bench) },
    ],
    ['pullpass in a pod', inPod(bench, namespace)],
    ['pullpass, kubeconfig', pullpass.program([namespace])],
    ...(await pluginPrograms(bench)),
  ] as const
  const costs = new Map<OneShotRow['program'], Cost[]>(candidates.map(([name]) => [name, []]))
  for (let run = 0; run < runs; run++) {
    for (const [name, program] of candidates) costs.get(name)?.push(await measureProcess(program))
  }
  await bench.removeSecrets(pullpass.secretName, [namespace])
  return [...costs].map(([name, measured]) => rowOf(name, measured))
}

const podSetup = [
  'mount -t tmpfs tmpfs /run',
  'mkdir -p /run/secrets/kubernetes.io/serviceaccount /run/secrets/tokens',
  'cp "$BENCH_POD/token" "$BENCH_POD/ca.crt" /run/secrets/kubernetes.io/serviceaccount',
  'cp "$BENCH_POD/oidc-token" /run/secrets/tokens',
  'exec "$@"',
].join(' && ')

function inPod(bench: BenchEnvironment, namespace: string): Program {
  const server = new URL(bench.cluster.server)
  const user = process.getuid?.() === 0 ? [] : ['--map-root-user']
  return {
    words: pullpassWords,
    environment: {
      ...clientEnvironment(bench, [namespace]),
      ...trustedCloudCa(bench),
      KUBERNETES_SERVICE_HOST: server.hostname,
      KUBERNETES_SERVICE_PORT: server.port,
      BENCH_POD: bench.files.podFolder,
    },
    setup: ['unshare', ...user, '--mount', '--propagation', 'private', 'sh', '-c', podSetup, 'sh'],
  }
}

function rowOf(program: OneShotRow['program'], costs: readonly Cost[]): OneShotRow {
  const spread = (values: readonly number[]) => ({ least: Math.min(...values), median: median(values) })
  return {
    program,
    runs: costs.length,
    cpuMs: spread(costs.map(({ cpuMs }) => cpuMs)),
    wallMs: spread(costs.map(({ wallMs }) => wallMs)),
    peakMiB: Math.max(...costs.map(({ peakMiB }) => peakMiB)),
  }
}
