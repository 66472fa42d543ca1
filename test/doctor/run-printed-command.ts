/**
 * Runs a command that doctor printed, as a shell would: pullpass as it is, kubectl by its requests to the API server (the
 * real one is run by e2e/doctor.test.ts), gcloud by what it does at Google. There is no kubectl here, and no kubelet: what
 * a CronJob's projected volume and a StatefulSet would do is done for them.
 */
import assert from 'node:assert/strict'
import { isRecord } from '../../sandbox/kubernetes/objects/kubernetes-object.ts'
import { isCurl, runCurl } from '../support/run-curl.ts'
import { applyAtGoogle } from './apply-at-google.ts'
import { podPath, type World } from './ground.ts'

/** Runs one command of gcloud at the sandbox's Google. */
export type RunGcloud = (world: World, command: string) => Promise<void>

const imitatedGcloud: RunGcloud = async ({ sandbox }, command) => applyAtGoogle(sandbox.gcp, wordsOf(command).slice(1))

/** `gcloud`: absent: an imitation. */
export async function runPrintedCommand(
  world: World,
  command: string,
  gcloud: RunGcloud = imitatedGcloud,
): Promise<void> {
  for (const part of command.split(' && ')) {
    if (isCurl(part)) {
      await runCurl(world.sandbox, part)
      continue
    }
    const [first = '', second] = part.split(' | ')
    if (first.startsWith('gcloud ')) await gcloud(world, part)
    else if (second === undefined) await runOne(world, wordsOf(first))
    else await runPipe(world, wordsOf(first), wordsOf(second))
  }
}

/** Words, plain or in single quotes: all that is printed. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|\\'|[^\s'])+/g)].map(([word]) =>
    word.replaceAll(
      /'([^']*)'|\\(')/g,
      (_, quoted: string | undefined, escaped: string | undefined) => quoted ?? escaped ?? '',
    ),
  )
}

async function runOne(world: World, [program, ...words]: string[]): Promise<void> {
  if (program === 'kubectl') return await kubectl(world, words)
  assert.equal(program, 'pullpass')
  const ended = await world.pullpass([...words, ...(words[0] === 'trust' ? ['--yes'] : [])])
  assert.equal(ended.exitCode, 0, `${ended.stdout}\n${ended.stderr}`)
}

async function kubectl({ send, makePod }: World, words: readonly string[]): Promise<void> {
  const [verb, kind, name] = words
  const flag = (content: string) => words[words.indexOf(content) + 1]
  const place = `/api/v1/namespaces/${flag('-n')}`
  switch (`${verb} ${kind}`) {
    case 'create namespace':
      return await send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    case 'label namespace': {
      const labels = Object.fromEntries(words.slice(3).flatMap((word) => (word.includes('=') ? [word.split('=')] : [])))
      const path = `/api/v1/namespaces/${name}`
      return await send('PATCH', path, { metadata: { labels } }, 'application/merge-patch+json')
    }
    case 'create serviceaccount':
      return await send('POST', `${place}/serviceaccounts`, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name },
      })
    case 'patch serviceaccount': {
      const patch: unknown = JSON.parse(flag('-p') ?? '')
      assert.ok(isRecord(patch))
      return await send('PATCH', `${place}/serviceaccounts/${name}`, patch, 'application/merge-patch+json')
    }
    case 'delete secret':
      return await send('DELETE', `${place}/secrets/${name}`)
    case 'delete pod':
      await send('DELETE', `${place}/pods/${name}`)
      assert.equal(`${place}/pods`, podPath)
      return await makePod() // as its StatefulSet does
    default:
      assert.fail(`this test does not know kubectl ${words.join(' ')}`)
  }
}

/** `pullpass manifests … --image "${IMAGE:?}" | kubectl apply`: what its roles allow, and what a kubelet writes for its CronJob. */
async function runPipe(world: World, [program, ...words]: string[], apply: readonly string[]): Promise<void> {
  assert.deepEqual(
    [program, words[0], ...apply.slice(0, 6)],
    ['pullpass', 'manifests', 'kubectl', 'apply', '--server-side', '--force-conflicts', '-f', '-'],
  )
  const named = words.map((word) => (word === '"${IMAGE:?}"' ? 'registry.example.com/pullpass:1.0.0' : word))
  const ended = await world.pullpass([...named, '-o', 'json'])
  assert.equal(ended.exitCode, 0, ended.stderr)
  const { items }: { items: Manifest[] } = JSON.parse(ended.stdout)
  const roles = items.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')
  const rules = roles.flatMap(({ rules: held = [], metadata: { namespace } }) =>
    held.map((rule) => ({ ...rule, ...(namespace !== undefined && { namespace }) })),
  )
  world.sandbox.cluster.authorization.permit('kubernetes-admin', [...rules, ...forDoctor])
  const [token] = JSON.stringify(items).match(/"serviceAccountToken":\{[^}]*"audience"[^}]*\}/) ?? []
  if (token === undefined) return
  const { audience, expirationSeconds }: { audience: string; expirationSeconds: number } = JSON.parse(
    `{${token}}`,
  ).serviceAccountToken
  await world.sandbox.writeToken({ audiences: [audience], lifeSeconds: expirationSeconds })
}

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly namespace?: string }
  readonly rules?: readonly {
    readonly verbs: string[]
    readonly resources: string[]
    readonly resourceNames?: string[]
  }[]
}

/** In addition to what a refresh needs, for --pod. */
const forDoctor = [{ verbs: ['get'], resources: ['pods'] }]
