/** Registry clients of other projects pull with docker-credential-pullpass, at the sandbox's registry. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { startSandbox } from '../sandbox/start-sandbox.ts'
import { buildCrane } from '../tools/real-parts/build-crane.ts'
import { findInstalledProgram } from './parts/process/find-program.ts'
import { pullpassProgram } from './parts/process/pullpass-program.ts'
import { runProgram } from './parts/process/run-program.ts'
import { startPart } from './parts/process/start-part.ts'
import { withRealPart } from './parts/real-part.ts'

/** Each client finds the helper in PATH, by the name in its configuration. */
const startClients = () =>
  startPart('helper-clients', async ({ folder, defer }) => {
    const skopeo = findInstalledProgram('skopeo', 'skopeo')
    const crane = join(await buildCrane(), 'crane')
    const sandbox = await startSandbox()
    defer(sandbox.close)
    const host = `localhost:${sandbox.parts.registry.port}`
    const programs = join(folder, 'bin')
    await mkdir(programs)
    const helper = `#!/bin/sh\nexec ${process.execPath} ${pullpassProgram} docker-credential "$@"\n`
    await writeFile(join(programs, 'docker-credential-pullpass'), helper, { mode: 0o755 })
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
    return {
      sandbox,
      skopeo(name: string) {
        const flags = ['--insecure-policy', '--src-tls-verify=false', `--authfile=${folder}/config.json`]
        const target = `dir:${join(folder, name)}`
        return runProgram(skopeo, ['copy', ...flags, `docker://${sandbox.image}`, target], { environment })
      },
      crane: (name: string) => runProgram(crane, ['pull', sandbox.image, join(folder, `${name}.tar`)], { environment }),
    }
  })

await withRealPart('skopeo and crane with the helper', startClients, (clients) => {
  suite('docker-credential-pullpass', () => {
    for (const client of ['skopeo', 'crane'] as const) {
      test(`${client} pulls a private image with a credential that is exchanged for the pull`, async () => {
        const { exitCode, stderr } = await clients[client]('allowed')
        assert.equal(exitCode, 0, stderr)
      })
    }

    for (const client of ['skopeo', 'crane'] as const) {
      test(`${client} shows the reason of pullpass where the cloud refuses the token`, async () => {
        const { sts } = clients.sandbox.gcp.parts
        sts.faults.inject({ kind: 'response', response: { status: 503, headers: {}, body: '' } })
        const { exitCode, stderr } = await clients[client]('refused')
        sts.faults.clear()
        assert.equal(exitCode, 1)
        assert.match(stderr, /EXCHANGE_UNAVAILABLE \(exchange\): .* 503 .*; fix: /)
      })
    }
  })
})
