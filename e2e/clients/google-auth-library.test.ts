/**
 * Google's own client works with the sandbox's STS and IAM Credentials, and reports their errors.
 * https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { GoogleAuth, IdentityPoolClient, type IdentityPoolClientOptions } from 'google-auth-library'
import { type Sandbox, startSandbox } from '../../sandbox/start-sandbox.ts'

suite("Google's auth library with the sandbox", () => {
  let sandbox: Sandbox
  before(async () => {
    sandbox = await startSandbox()
    setDefaultCACertificates([sandbox.authority.ca])
  })
  after(() => sandbox.close())

  /** As `gcloud iam workload-identity-pools create-cred-config` writes it, except for the hosts. */
  const credentialFile = (): IdentityPoolClientOptions => ({
    type: 'external_account',
    audience: `//iam.googleapis.com/${sandbox.gcp.provider}`,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${sandbox.gcp.parts.sts.url}/v1/token`,
    credential_source: { file: sandbox.folder.tokenFile, format: { type: 'text' } },
  })
  const impersonating = (email: string): IdentityPoolClientOptions => ({
    ...credentialFile(),
    service_account_impersonation_url: `${sandbox.gcp.parts.iamCredentials.url}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
  })
  const holderOf = (token: string | null | undefined) => sandbox.gcp.holderOf(token ?? '')?.member

  test('it exchanges a projected token for a federated one', async () => {
    const { token } = await new IdentityPoolClient(credentialFile()).getAccessToken()

    assert.equal(
      holderOf(token),
      'principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass',
    )
  })

  test('it impersonates a service account', async () => {
    const email = 'puller@example-project.iam.gserviceaccount.com'
    const { token } = await new IdentityPoolClient(impersonating(email)).getAccessToken()

    assert.equal(holderOf(token), 'serviceAccount:puller@example-project.iam.gserviceaccount.com')
  })

  test("it reads the credentials of the sandbox's operator from the file in the environment", async () => {
    const { GOOGLE_APPLICATION_CREDENTIALS: keyFilename, GOOGLE_CLOUD_PROJECT: projectId } = sandbox.environment
    const scopes = 'https://www.googleapis.com/auth/cloud-platform'
    const auth = new GoogleAuth({ ...(keyFilename && { keyFilename }), ...(projectId && { projectId }), scopes })
    const client = await auth.getClient()
    const project = await client.request<object>({
      url: `${sandbox.gcp.parts.resourceManager.url}/v3/projects/${projectId}`,
    })

    assert.equal(holderOf((await client.getAccessToken()).token), sandbox.gcp.operator.member)
    assert.equal(Object(project.data).name, 'projects/123456789012')
  })

  test('it reports a service account that the principal may not impersonate', async () => {
    const client = new IdentityPoolClient(impersonating('other@example-project.iam.gserviceaccount.com'))

    await assert.rejects(client.getAccessToken(), {
      status: 403,
      message: "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    })
  })

  test('it reports a token for another audience', async () => {
    await sandbox.writeToken({ audiences: ['https://kubernetes.default.svc'] })
    const client = new IdentityPoolClient(credentialFile())

    await assert.rejects(client.getAccessToken(), {
      message:
        'Error code invalid_grant: The audience in ID Token [https://kubernetes.default.svc] does not match the expected audience.',
    })
  })
})
