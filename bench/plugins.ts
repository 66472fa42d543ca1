/**
 * Credential provider plugins of kubelets, each with one request: pullpass at Google and at ECR, from its cache and with an exchange,
 * and AWS's own plugin, which has no cache. https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checksumOf } from '../src/document/node-config.ts'
import { buildGoProgram } from '../tools/real-parts/build-go-programs.ts'
import { plainEnvironment, pluginFile } from './candidates.ts'
import type { Program } from './measure-process.ts'
import type { BenchEnvironment } from './start-environment.ts'

export type PluginName =
  | 'plugin, from its cache'
  | 'plugin, with an exchange'
  | 'plugin for ECR, from its cache'
  | 'plugin for ECR, with an exchange'
  | 'ecr-credential-provider --help'
  | 'ecr-credential-provider, with an exchange'

/** The request of a kubelet, and the registry of the configuration that it selects. */
interface PluginRequest {
  readonly registry: Readonly<Record<'name' | 'host' | 'vendor', string>> & { readonly settings: object }
  readonly tokenFile: string
}

export async function pluginPrograms(bench: BenchEnvironment): Promise<[PluginName, Program][]> {
  const { variables, clouds, files, provider } = bench
  const { accountId, region, roleArn } = clouds.aws
  const google: PluginRequest = {
    registry: {
      name: 'google',
      host: 'europe-docker.pkg.dev',
      vendor: 'gcp',
      settings: { workloadIdentityProvider: provider, serviceAccountEmail: variables['SERVICE_ACCOUNT_EMAIL'] },
    },
    tokenFile: files.subjectToken,
  }
  const ecr: PluginRequest = {
    registry: {
      name: 'ecr',
      host: `${accountId}.dkr.ecr.${region}.amazonaws.com`,
      vendor: 'aws',
      settings: { roleArn, region },
    },
    tokenFile: files.awsToken,
  }
  return [
    ['plugin, from its cache', await pullpassPlugin(bench, google, 'cache')],
    ['plugin, with an exchange', await pullpassPlugin(bench, google, 'no cache')],
    ['plugin for ECR, from its cache', await pullpassPlugin(bench, ecr, 'cache')],
    ['plugin for ECR, with an exchange', await pullpassPlugin(bench, ecr, 'no cache')],
    ...(await awsPlugin(bench, ecr)),
  ]
}

/** Its first run with a cache is not the cheapest, which is the one that counts. */
async function pullpassPlugin(
  bench: BenchEnvironment,
  request: PluginRequest,
  cache: 'cache' | 'no cache',
): Promise<Program> {
  const { folder, variables, clouds, files } = bench
  const { host, ...registry } = request.registry
  const registries = [{ ...registry, hosts: [host] }]
  const config = {
    apiVersion: 'pullpass.dev/v1alpha1',
    kind: 'NodeConfig',
    registries,
    checksum: checksumOf(registries, []),
    ...(cache === 'cache' && { cacheFolder: join(folder, `${registry.name}-cache`) }),
  }
  const configFile = join(folder, `${registry.name}, ${cache}.json`)
  await writeFile(configFile, JSON.stringify(config))
  return {
    words: [process.execPath, pluginFile, '--config', configFile],
    // Read for an exchange only; NODE_EXTRA_CA_CERTS is read at each start.
    environment: {
      ...plainEnvironment(bench),
      ...variables,
      ...clouds.aws.environment,
      PULLPASS_CA_FILE: files.cloudCa,
    },
    input: await writeRequest(bench, request),
  }
}

/** The role is in an annotation. It trusts the authorities of the system and that of the sandbox, as pullpass does those of Node. */
async function awsPlugin(bench: BenchEnvironment, request: PluginRequest): Promise<[PluginName, Program][]> {
  const { folder, clouds, files } = bench
  const program = join(await buildGoProgram('ecr-credential-provider'), 'ecr-credential-provider')
  const authorities = join(folder, 'authorities.crt')
  const [ofSystem, ofSandbox] = await Promise.all(
    ['/etc/ssl/certs/ca-certificates.crt', files.cloudCa].map((file) => readFile(file, 'utf8')),
  )
  await writeFile(authorities, `${ofSystem}\n${ofSandbox}`)
  const environment = {
    ...plainEnvironment(bench),
    AWS_ENDPOINT_URL_STS: clouds.aws.parts[0].url,
    AWS_ENDPOINT_URL_ECR: clouds.aws.parts[1].url,
    AWS_EC2_METADATA_DISABLED: 'true',
    SSL_CERT_FILE: authorities,
  }
  return [
    ['ecr-credential-provider --help', { words: [program, '--help'], environment }],
    [
      'ecr-credential-provider, with an exchange',
      { words: [program], environment, input: await writeRequest(bench, request) },
    ],
  ]
}

async function writeRequest({ folder, clouds }: BenchEnvironment, { registry, tokenFile }: PluginRequest) {
  const file = join(folder, `${registry.name}-request.json`)
  const request = {
    kind: 'CredentialProviderRequest',
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    image: `${registry.host}/example-project/images/hello`,
    serviceAccountToken: await readFile(tokenFile, 'utf8'),
    serviceAccountAnnotations: { 'eks.amazonaws.com/ecr-role-arn': clouds.aws.roleArn },
  }
  await writeFile(file, JSON.stringify(request), { mode: 0o600 })
  return file
}
