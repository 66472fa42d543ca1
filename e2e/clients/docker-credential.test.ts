/** Registry clients of other projects pull with docker-credential-pullpass, at the sandbox's registry. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { startSandbox } from '../../sandbox/start-sandbox.ts'
import { buildGoCommand } from '../../tools/real-parts/build-go-programs.ts'
import { findInstalledProgram } from '../parts/process/find-program.ts'
import { writePullpassProgram } from '../parts/process/pullpass-program.ts'
import { type ProgramRun, runProgram } from '../parts/process/run-program.ts'
import { startPart } from '../parts/process/start-part.ts'
import { withRealPart } from '../parts/real-part.ts'

const clientNames = ['skopeo', 'crane', 'oras', 'buildah', 'podman'] as const

/** Each client finds the helper in PATH, by the name in its configuration. */
const startClients = () =>
  startPart('helper-clients', async ({ folder, defer }) => {
    const skopeo = findInstalledProgram('skopeo', 'skopeo')
    const [buildah, podman] = [findInstalledProgram('buildah', 'buildah'), findInstalledProgram('podman', 'podman')]
    const crane = join(await buildGoCommand('crane'), 'crane')
    const oras = join(await buildGoCommand('oras'), 'oras')
    const sandbox = await startSandbox()
    defer(sandbox.close)
    const host = `localhost:${sandbox.parts.registry.port}`
    const programs = join(folder, 'bin')
    await mkdir(programs)
    await writePullpassProgram(programs, { name: 'docker-credential-pullpass', words: ['docker-credential'] })
    const documents = join(folder, 'documents.yaml')
    await writeFile(
      documents,
      [
        'apiVersion: pullpass.dev/v1alpha1',
        'kind: ClusterPullSecret',
        'metadata: {name: pull}',
        'spec:',
        '  namespaces: {include: [default]}',
        '  registries:',
        '    - name: google',
        `      hosts: ["${host}"]`,
        `      gcp: {workloadIdentityProvider: ${sandbox.gcp.provider}, serviceAccountEmail: puller@example-project.iam.gserviceaccount.com}`,
      ].join('\n'),
    )
    await writeFile(join(folder, 'config.json'), JSON.stringify({ credHelpers: { [host]: 'pullpass' } }))
    const environment = {
      ...sandbox.environment,
      SSL_CERT_FILE: sandbox.folder.caFile,
      PULLPASS_DOCUMENTS: documents,
      DOCKER_CONFIG: folder,
      PATH: `${programs}:${dirname(process.execPath)}:/usr/bin:/bin`,
    }
    const policy = join(folder, 'policy.json')
    await writeFile(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
    const run = (program: string, words: readonly string[]) => runProgram(program, words, { environment })
    const login = `--authfile=${folder}/config.json`
    /** Without a daemon, and without a file outside of the folder. */
    const withStorage = (program: string, options: readonly string[]) => (name: string) => {
      const storage = ['--storage-driver=vfs', `--root=${folder}/${name}-images`, `--runroot=${folder}/${name}-run`]
      const pull = ['pull', login, '--tls-verify=false', `--signature-policy=${policy}`, `docker://${sandbox.image}`]
      return run(program, [...storage, ...options, ...pull])
    }
    const clients: Readonly<Record<(typeof clientNames)[number], (name: string) => Promise<ProgramRun>>> = {
      skopeo: (name) => {
        const options = ['--insecure-policy', '--src-tls-verify=false', login]
        return run(skopeo, ['copy', ...options, `docker://${sandbox.image}`, `dir:${join(folder, name)}`])
      },
      crane: (name) => run(crane, ['pull', sandbox.image, join(folder, `${name}.tar`)]),
      oras: (name) =>
        run(oras, [
          'copy',
          '--from-plain-http=false',
          '--to-oci-layout',
          sandbox.image,
          `${join(folder, `${name}-layout`)}:1`,
        ]),
      buildah: withStorage(buildah, []),
      podman: withStorage(podman, [`--tmpdir=${folder}/podman`, '--events-backend=none', '--cgroup-manager=cgroupfs']),
    }
    return { sandbox, clients }
  })

await withRealPart('registry clients with the helper', startClients, ({ sandbox, clients }) => {
  suite('docker-credential-pullpass', () => {
    for (const client of clientNames) {
      test(`${client} pulls a private image with a credential that is exchanged for the pull`, async () => {
        const { exitCode, stderr } = await clients[client]('allowed')
        assert.equal(exitCode, 0, stderr)
      })
    }

    test('each client shows the reason of pullpass where the cloud refuses the token', async () => {
      const { sts } = sandbox.gcp.parts
      sts.faults.inject({ kind: 'response', response: { status: 503, headers: {}, body: '' } })
      // Together: buildah and podman try again, and wait in between.
      const runs = await Promise.all(clientNames.map((client) => clients[client]('refused')))
      sts.faults.clear()
      const reason = /EXCHANGE_UNAVAILABLE \(exchange\): .* 503 .*; fix: /
      assert.deepEqual(
        runs.map(({ exitCode, stderr }) => [exitCode, reason.test(stderr) || stderr]),
        clientNames.map((client) => [['buildah', 'podman'].includes(client) ? 125 : 1, true]),
      )
    })
  })
})
