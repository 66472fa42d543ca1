/**
 * AWS's credential provider plugin and that of pullpass respond to one request of a kubelet with credentials for the same host.
 * https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { startSandbox } from '../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../sandbox/vendors.ts'
import { checksumOf } from '../../src/document/node-config.ts'
import { buildGoProgram } from '../../tools/real-parts/build-go-programs.ts'
import { runProgram } from '../parts/process/run-program.ts'
import { startPart } from '../parts/process/start-part.ts'
import { withRealPart } from '../parts/real-part.ts'

const plugin = join(import.meta.dirname, '../../src/faces/plugin-process.ts')
const api = 'credentialprovider.kubelet.k8s.io/v1'

const start = () =>
  startPart('plugins', async ({ folder, defer }) => {
    const theirs = join(await buildGoProgram('ecr-credential-provider'), 'ecr-credential-provider')
    const sandbox = await startSandbox()
    defer(sandbox.close)
    const aws = await sandbox.start(sandboxVendors.aws)
    await sandbox.writeToken({ audiences: [aws.audience] })
    const host = `${aws.accountId}.dkr.ecr.${aws.region}.amazonaws.com`
    const environment = {
      AWS_ENDPOINT_URL_STS: aws.parts.sts.url,
      AWS_ENDPOINT_URL_ECR: aws.parts.ecr.url,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CA_BUNDLE: sandbox.folder.caFile,
      PULLPASS_CA_FILE: sandbox.folder.caFile,
    }
    return {
      aws,
      host,
      /** Responses of both, for a pod that pulls with this role. */
      async request(roleArn: string) {
        const registries = [{ name: 'ecr', hosts: [host], vendor: 'aws', settings: { roleArn, region: aws.region } }]
        const config = { apiVersion: 'pullpass.dev/v1alpha1', kind: 'NodeConfig', registries }
        const file = join(folder, 'config.json')
        await writeFile(file, JSON.stringify({ ...config, checksum: checksumOf(registries, []) }))
        const stdin = JSON.stringify({
          apiVersion: api,
          kind: 'CredentialProviderRequest',
          image: `${host}/example-project/images/hello`,
          serviceAccountToken: await readFile(sandbox.folder.tokenFile, 'utf8'),
          serviceAccountAnnotations: { 'eks.amazonaws.com/ecr-role-arn': roleArn },
        })
        return {
          'ecr-credential-provider': await runProgram(theirs, [], { environment, stdin }),
          pullpass: await runProgram(process.execPath, [plugin, '--config', file], { environment, stdin }),
        }
      },
    }
  })

await withRealPart("AWS's credential provider plugin", start, ({ aws, host, ...plugins }) => {
  suite('a request for an image in ECR', () => {
    test('both plugins respond with a password of the registry, to be cached for it', async () => {
      for (const [name, { exitCode, stdout, stderr }] of Object.entries(await plugins.request(aws.roleArn))) {
        assert.equal(exitCode, 0, `${name}: ${stderr}`)
        const { apiVersion, kind, cacheKeyType, cacheDuration, auth } = JSON.parse(stdout)
        assert.deepEqual(
          { name, apiVersion, kind, cacheKeyType, hosts: Object.keys(auth), username: auth[host]?.username },
          {
            name,
            apiVersion: api,
            kind: 'CredentialProviderResponse',
            cacheKeyType: 'Registry',
            hosts: [host],
            username: 'AWS',
          },
        )
        assert.match(cacheDuration, /^[0-9hms]+$/)
        assert.ok(aws.authenticate(auth[host]), name)
      }
    })

    test('both fail for a role that does not trust the cluster, and pullpass with the reason and the fix', async () => {
      const responses = await plugins.request(aws.roleArn.replace('puller', 'other'))
      for (const { exitCode, stdout } of Object.values(responses)) assert.deepEqual([exitCode, stdout], [1, ''])
      assert.match(
        responses['ecr-credential-provider'].stderr,
        /AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity/,
      )
      assert.match(responses.pullpass.stderr, /^[A-Z_]+ \(exchange\): .*AccessDenied.*; expected .*; fix: /)
    })
  })
})
