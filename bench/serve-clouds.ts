/**
 * The clouds of the benchmark: the sandbox's Google, AWS and Azure, which trust the tokens of one ServiceAccount of the real
 * cluster. Google verifies with uploaded keys; the others read the cluster's issuer metadata.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requestKubernetes } from '../e2e/parts/control-plane/request-kubernetes.ts'
import type { ControlPlane } from '../e2e/parts/start-control-plane.ts'
import { createGoogleCloud } from '../sandbox/gcp/google-cloud.ts'
import { principalOf } from '../sandbox/gcp/iam/workload-identity.ts'
import { createCertificateAuthority } from '../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../sandbox/serve/handler.ts'
import { type Part, servePart } from '../sandbox/serve/serve-part.ts'
import { sandboxVendors } from '../sandbox/vendors.ts'

export interface Clouds {
  readonly google: GoogleParts
  readonly aws: OtherCloud & { readonly roleArn: string; readonly region: string; readonly accountId: string }
  readonly azure: OtherCloud & { readonly tenantId: string; readonly clientId: string; readonly loginServer: string }
  /** PEM of the authority that signed the certificates of all of them. */
  readonly ca: string
  readonly close: () => Promise<void>
}

interface GoogleParts {
  readonly sts: Part
  readonly iamCredentials: Part
}

interface OtherCloud {
  /** The two services of an exchange. */
  readonly parts: readonly [tokens: Part, registry: Part]
  readonly audience: string
  /** The endpoints for clients. */
  readonly environment: Readonly<Record<string, string>>
}

interface Trusted {
  readonly controlPlane: ControlPlane
  readonly folder: string
  /** The `sub` of the ServiceAccount. */
  readonly subject: string
  readonly google: { readonly provider: string; readonly email: string }
}

export async function serveClouds({ controlPlane, folder, subject, google }: Trusted): Promise<Clouds> {
  const authority = await createCertificateAuthority()
  const opened: Part[] = []
  const serve = async (handler: SandboxHandler) => {
    const part = await servePart({ handler, tls: { authority, http2: 'offered' } })
    opened.push(part)
    return part
  }
  const write = async (name: string, content: string) => {
    await writeFile(join(folder, name), content, { mode: 0o600 })
    return join(folder, name)
  }
  const context = {
    now: () => new Date(),
    authority,
    issuers: { ca: controlPlane.authority },
    serve,
    write,
    subject,
    repository: 'example-project/images',
  }
  const [aws, azure] = [
    await (await sandboxVendors.aws()).open(context),
    await (await sandboxVendors.azure()).open(context),
  ]
  for (const cloud of [aws, azure]) await cloud.trust(controlPlane.issuer)
  return {
    google: await serveGoogle(controlPlane, { ...google, subject, serve }),
    aws: { ...aws, parts: [aws.parts.sts, aws.parts.ecr] },
    azure: { ...azure, clientId: azure.puller.clientId, parts: [azure.parts.entra, azure.parts.containerRegistry] },
    ca: authority.ca,
    close: async () => {
      await Promise.all(opened.map((part) => part.close()))
    },
  }
}

interface GoogleTrust {
  readonly provider: string
  readonly email: string
  readonly subject: string
  readonly serve: (handler: SandboxHandler) => Promise<Part>
}

async function serveGoogle(controlPlane: ControlPlane, { provider, email, subject, serve }: GoogleTrust) {
  const { body: jwksJson } = await requestKubernetes(controlPlane, { path: '/openid/v1/jwks', contentType: '*/*' })
  const google = createGoogleCloud({ now: () => new Date() })
  google.identity.putProvider({ name: provider, issuerUri: controlPlane.issuer, jwksJson })
  google.accounts.put(email)
  google.accounts.allowTokens(email, principalOf(provider, subject))
  return { sts: await serve(google.sts), iamCredentials: await serve(google.iamCredentials) }
}
