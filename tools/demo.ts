/** npm run demo: from a cluster that no cloud trusts to an image pull, with the sandbox on real sockets. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Sandbox, startSandbox } from '../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../sandbox/vendors.ts'
import { readPullSecret } from '../test/support/read-pull-secret.ts'
import { spawnPullpass } from '../test/support/spawn-pullpass.ts'
import { timeNewNamespace } from './demo/new-namespace.ts'
import { PullRefused, pullImage } from './demo/pull-image.ts'
import { runStep, StepFailed } from './demo/run-step.ts'

const namespaces = ['default', 'team-a', 'team-b']

async function runDemo(): Promise<void> {
  await using sandbox = await runStep(
    'Start a cluster, its issuer, Google Cloud APIs and a private registry on this machine',
    startParts,
  )
  const { authority, image } = sandbox

  const documentFile = await configureTrust(sandbox)

  await runStep('Pull without a credential: the registry refuses the image', async (print) => {
    print(`pull ${image}`)
    const refused = await pullImage(image, authority.ca, undefined).catch((error: unknown) => error)
    if (!(refused instanceof PullRefused)) throw new Error('the registry served the image without a credential')
    print(`response: ${refused.message}`)
  })

  await runStep('Exchange a token of the ServiceAccount once and write all pull secrets', async (print) => {
    const { sts, iamCredentials } = sandbox.gcp.parts
    const before = [sts.seen.length, iamCredentials.seen.length] as const
    await runCommand(['refresh', '-f', documentFile], sandbox, print)
    const after = [sts.seen.length - before[0], iamCredentials.seen.length - before[1]] as const
    print(`(requests for ${namespaces.length} namespaces: ${after[0]} to the STS, ${after[1]} to IAM Credentials)`)
    await runCommand(['doctor', '-f', documentFile, '--image', image], sandbox, print)
  })

  await runStep('Pull with the pull secret of namespace team-a', async (print) => {
    print(`pull ${image}`)
    const { digest, blobs } = await pullImage(image, authority.ca, readAuth(sandbox, 'team-a'))
    print(`manifest ${digest}`)
    for (const blob of blobs) print(`${blob.kind.padEnd(8)} ${blob.digest}, ${blob.bytes} bytes`)
    print('all digests verified')
  })

  await runStep('Run the controller, and create a namespace', async (print) => {
    await timeNewNamespace(sandbox, documentFile, 'team-c', print)
  })

  await refreshThreeClouds(sandbox)
}

/** The same pull secret, with a credential of each cloud: the registry is known by another name for each. */
async function refreshThreeClouds(sandbox: Sandbox): Promise<void> {
  const file = join(sandbox.folder.path, 'three-clouds.yaml')
  const { port } = sandbox.parts.registry
  const hosts = [`localhost:${port}`, `127.0.0.1:${port}`, `localhost:${port}/example-project/`]
  await runStep('Add AWS and Azure to the document: one pull secret, three clouds', async (print) => {
    const clouds = [await sandbox.start(sandboxVendors.aws), await sandbox.start(sandboxVendors.azure)]
    for (const cloud of clouds) await cloud.trust(sandbox.cluster.issuer)
    const document = `${renderDocument(sandbox)}    - name: ecr
      hosts: ["${hosts[1]}"]
      aws: {roleArn: "arn:aws:iam::123456789012:role/puller", region: eu-west-1}
    - name: acr
      hosts: ["${hosts[2]}"]
      azure: {tenantId: ${azureTenant}, clientId: ${azureClient}, registry: example.azurecr.io}
`
    await writeFile(file, document)
    for (const line of document.trimEnd().split('\n').slice(-6)) print(line)
    await runCommand(['refresh', '-f', file], sandbox, print)
    const auths = readPullSecret(sandbox, 'team-a')?.auths ?? {}
    for (const host of hosts) {
      const [username] = (auths[host] ?? '').split(':')
      const image = `${host.split('/')[0]}/example-project/images/hello:1`
      const { digest } = await pullImage(image, sandbox.authority.ca, Buffer.from(auths[host] ?? '').toString('base64'))
      print(`pulled as ${username?.padEnd(36)} ${digest}`)
    }
  })
}

/** Of the sandbox's Azure. */
const [azureTenant, azureClient] = ['11111111-2222-4333-8444-555555555555', '66666666-7777-4888-9999-aaaaaaaaaaaa']

/** Publishes the issuer metadata and configures trust; returns the path of the document. */
async function configureTrust(sandbox: Sandbox): Promise<string> {
  await runStep('Publish the discovery document and JWKS of the cluster', async (print) => {
    await runCommand(['issuer', 'publish', '--to', `gs://${bucketOf(sandbox)}`], sandbox, print)
    print(
      '(only in the sandbox: its certificate authority is private; a public issuer has no finding about certificates)',
    )
  })

  const documentFile = join(sandbox.folder.path, 'artifact-registry.yaml')
  await runStep(
    'Create the cloud IAM resources: trust one ServiceAccount of this cluster, for one repository',
    async (print) => {
      const document = renderDocument(sandbox)
      await writeFile(documentFile, document)
      for (const line of document.trimEnd().split('\n')) print(line)
      await runCommand(['trust', 'apply', '-f', documentFile, '--yes'], sandbox, print)
    },
  )
  return documentFile
}

async function startParts(print: (line: string) => void): Promise<Sandbox> {
  const sandbox = await startSandbox({ namespaces, trust: 'absent', issuerDocuments: 'absent' })
  const { kubernetes, registry } = sandbox.parts
  const { storage, sts, iam } = sandbox.gcp.parts
  print(`Kubernetes API       ${kubernetes.url}  (namespaces ${namespaces.join(', ')})`)
  print(`Cloud Storage        ${storage.url}`)
  print(`Google STS and IAM   ${sts.url}, ${iam.url}`)
  print(`private registry     ${registry.url}`)
  return sandbox
}

/** The bucket of the cluster's issuer URL. */
const bucketOf = ({ cluster }: Sandbox): string => new URL(cluster.issuer).pathname.slice(1)

const renderDocument = ({ parts, gcp: { provider, repository } }: Sandbox): string => `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: artifact-registry}
spec:
  secretName: regcred
  namespaces: {include: [default, "team-*"]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - name: google
      hosts: ["localhost:${parts.registry.port}"]
      gcp:
        workloadIdentityProvider: ${provider}
        serviceAccountEmail: puller@example-project.iam.gserviceaccount.com
        trust: {repository: ${repository}}
`

async function runCommand(argv: string[], { environment }: Sandbox, print: (line: string) => void): Promise<void> {
  print(`$ pullpass ${argv.join(' ')}`)
  const { exitCode, stdout, stderr } = await spawnPullpass(argv, environment).ended
  for (const line of stdout.trimEnd().split('\n')) print(line)
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${stderr}`)
}

/** Base64 of `user:password`, as the kubelet reads it from the Secret. */
function readAuth(sandbox: Sandbox, namespace: string): string {
  const pair = readPullSecret(sandbox, namespace)?.auths[`localhost:${sandbox.parts.registry.port}`] ?? ''
  return Buffer.from(pair).toString('base64')
}

const startedAt = performance.now()
try {
  await runDemo()
  console.log(`\nNo password was stored. Finished in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`)
} catch (error) {
  if (!(error instanceof StepFailed)) throw error
  console.log(`\nStopped: step "${error.message}" failed.`)
}
