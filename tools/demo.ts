/** npm run demo: the whole story on real sockets, from a cluster that no cloud knows to an image that was pulled. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Sandbox, startSandbox } from '../sandbox/start-sandbox.ts'
import { readPullSecret } from '../test/support/read-pull-secret.ts'
import { spawnPullpass } from '../test/support/spawn-pullpass.ts'
import { PullRefused, pullImage } from './demo/pull-image.ts'
import { runStep, StepFailed } from './demo/run-step.ts'

const namespaces = ['default', 'team-a', 'team-b']

async function runDemo(): Promise<void> {
  await using sandbox = await runStep(
    'A cluster, its issuer, a Google and a private registry start on this machine',
    startParts,
  )
  const { authority, image } = sandbox

  const documentFile = await configureTrust(sandbox)

  await runStep('Without a credential, the registry refuses the image', async (tell) => {
    tell(`pull ${image}`)
    const refused = await pullImage(image, authority.ca, undefined).catch((error: unknown) => error)
    if (!(refused instanceof PullRefused)) throw new Error('it was served to somebody without a credential')
    tell(`registry answers ${refused.message}`)
  })

  await runStep("pullpass exchanges the account's token, once, and writes each pull secret", async (tell) => {
    const { sts, iamCredentials } = sandbox.parts
    const before = [sts.seen.length, iamCredentials.seen.length] as const
    await runCommand(['refresh', '-f', documentFile], sandbox, tell)
    const after = [sts.seen.length - before[0], iamCredentials.seen.length - before[1]] as const
    tell(
      `(Google was asked ${after[0]} time at the STS, ${after[1]} at IAM Credentials, for ${namespaces.length} namespaces)`,
    )
    await runCommand(['doctor', '-f', documentFile, '--image', image], sandbox, tell)
    tell('(only in the sandbox: hop discovery mentions authorities that clouds may not trust)')
  })

  await runStep('With the pull secret of namespace team-a, the same registry serves it', async (tell) => {
    tell(`pull ${image}`)
    const { digest, blobs } = await pullImage(image, authority.ca, readAuth(sandbox, 'team-a'))
    tell(`manifest ${digest}`)
    for (const blob of blobs) tell(`${blob.kind.padEnd(8)} ${blob.digest}, ${blob.bytes} bytes`)
    tell('each digest is that of the bytes that came')
  })
}

/** Publishes the cluster's issuer and sets up Google's side, for the document whose file it returns. */
async function configureTrust(sandbox: Sandbox): Promise<string> {
  await runStep("The cluster's OIDC documents are published where Google can read them", async (tell) => {
    await runCommand(['issuer', 'publish', '--to', `gs://${bucketOf(sandbox)}`], sandbox, tell)
    tell(
      '(only in the sandbox: its certificate authority is private; with a public issuer no line mentions certificates)',
    )
  })

  const documentFile = join(sandbox.folder.path, 'artifact-registry.yaml')
  await runStep(
    'Google is told whom to trust: one service account of this cluster, for one repository',
    async (tell) => {
      const document = renderDocument(sandbox)
      await writeFile(documentFile, document)
      for (const line of document.trimEnd().split('\n')) tell(line)
      await runCommand(['trust', 'apply', '-f', documentFile, '--yes'], sandbox, tell)
    },
  )
  return documentFile
}

async function startParts(tell: (line: string) => void): Promise<Sandbox> {
  const sandbox = await startSandbox({ namespaces, trust: 'absent', issuerDocuments: 'absent' })
  const { kubernetes, storage, sts, iam, registry } = sandbox.parts
  tell(`Kubernetes API       ${kubernetes.url}  (namespaces ${namespaces.join(', ')})`)
  tell(`Cloud Storage        ${storage.url}`)
  tell(`Google STS and IAM   ${sts.url}, ${iam.url}`)
  tell(`private registry     ${registry.url}`)
  return sandbox
}

/** The cluster's issuer is what this bucket is read at. */
const bucketOf = ({ cluster }: Sandbox): string => new URL(cluster.issuer).pathname.slice(1)

const renderDocument = ({ parts, provider, repository }: Sandbox): string => `apiVersion: pullpass.dev/v1alpha1
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

async function runCommand(argv: string[], { environment }: Sandbox, tell: (line: string) => void): Promise<void> {
  tell(`$ pullpass ${argv.join(' ')}`)
  const { exitCode, stdout, stderr } = await spawnPullpass(argv, environment).ended
  for (const line of stdout.trimEnd().split('\n')) tell(line)
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${stderr}`)
}

/** Base64 of `user:password`, as a kubelet takes it from the Secret. */
function readAuth(sandbox: Sandbox, namespace: string): string {
  const pair = readPullSecret(sandbox, namespace)?.auths[`localhost:${sandbox.parts.registry.port}`] ?? ''
  return Buffer.from(pair).toString('base64')
}

const startedAt = performance.now()
try {
  await runDemo()
  console.log(
    `\nNo password was stored anywhere. The whole story took ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`,
  )
} catch (error) {
  if (!(error instanceof StepFailed)) throw error
  console.log(`\nThe story ends here: step "${error.message}" failed.`)
}
