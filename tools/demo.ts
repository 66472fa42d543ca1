/** npm run demo: the whole story on real sockets, from a cluster's token to an image that was pulled with it. */
import { type Sandbox, startSandbox } from '../sandbox/start-sandbox.ts'
import { readPullSecret } from '../test/support/read-pull-secret.ts'
import { spawnPullpass } from '../test/support/spawn-pullpass.ts'
import { PullRefused, pullImage } from './demo/pull-image.ts'
import { StoryBroken, tellStep } from './demo/tell-step.ts'

const namespaces = ['default', 'team-a', 'team-b']
/** Of whoever sets up Google's side; refresh has no need of them. */
const operatorsOwn = ['PULLPASS_GCP_ACCESS_TOKEN', 'GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_CLOUD_PROJECT']

async function tellStory(): Promise<void> {
  await using sandbox = await tellStep(
    'A cluster, its issuer, a Google and a private registry start on this machine',
    startParts,
  )
  const { authority, image } = sandbox

  await tellStep('The cluster signs an identity token for service account image-system/pullpass', async (tell) => {
    await tellCommand(['inspect', sandbox.folder.tokenFile], sandbox, tell)
  })

  await tellStep('Without a credential, the registry refuses the image', async (tell) => {
    tell(`pull ${image}`)
    const refused = await pullImage(image, authority.ca, undefined).catch((error: unknown) => error)
    if (!(refused instanceof PullRefused)) throw new Error('it was served to somebody without a credential')
    tell(`registry answers ${refused.message}`)
  })

  await tellStep('pullpass exchanges the token at Google, once, and writes each pull secret', async (tell) => {
    for (const [name, value] of Object.entries(sandbox.environment))
      if (!operatorsOwn.includes(name)) tell(`${name}=${value}`)
    await tellCommand(['refresh'], sandbox, tell)
    const { sts, iamCredentials } = sandbox.parts
    await tellCommand(['inspect', 'secret', 'team-a/regcred', '--image', image], sandbox, tell)
    tell(`exchanges: ${sts.seen.length} at the STS, ${iamCredentials.seen.length} at IAM Credentials, for 3 namespaces`)
  })

  await tellStep('With the pull secret of namespace team-a, the same registry serves it', async (tell) => {
    tell(`pull ${image}`)
    const { digest, blobs } = await pullImage(image, authority.ca, readAuth(sandbox, 'team-a'))
    tell(`manifest ${digest}`)
    for (const blob of blobs) tell(`${blob.kind.padEnd(8)} ${blob.digest}, ${blob.bytes} bytes`)
    tell('each digest is that of the bytes that came')
  })
}

async function startParts(tell: (line: string) => void): Promise<Sandbox> {
  const sandbox = await startSandbox({ namespaces })
  const { kubernetes, storage, sts, iamCredentials, registry } = sandbox.parts
  tell(`Kubernetes API       ${kubernetes.url}  (namespaces ${namespaces.join(', ')})`)
  tell(`Cloud Storage        ${storage.url}`)
  tell(`Google STS           ${sts.url}`)
  tell(`IAM Credentials      ${iamCredentials.url}`)
  tell(`private registry     ${registry.url}`)
  return sandbox
}

async function tellCommand(argv: string[], { environment }: Sandbox, tell: (line: string) => void): Promise<void> {
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

const begunAt = performance.now()
try {
  await tellStory()
  console.log(
    `\nNo password was stored anywhere. The whole story took ${((performance.now() - begunAt) / 1000).toFixed(1)} s.`,
  )
} catch (error) {
  if (!(error instanceof StoryBroken)) throw error
  console.log(`\nThe story ends here: step "${error.message}" failed.`)
}
