/** As whom a pod publishes, at each cloud: what no document says. */
import { serviceAccountEmail } from '../../document/gcp-names.ts'
import { showValue } from '../../document/show-value.ts'
import { brokenRule } from '../../document/text-rule.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'

export interface PublishAs {
  /** A service account's e-mail address; absent: the pod's own principal. */
  readonly google?: string
  /** The ARN of a role. */
  readonly aws?: string
  /** An application, or a managed identity. */
  readonly azure?: { readonly tenantId: string; readonly clientId: string }
}

const roleArn = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,512}$/
const uuid = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
const application = new RegExp(`^(?<tenantId>${uuid})/(?<clientId>${uuid})$`)

/** Told apart by their form. @throws USAGE_INVALID */
export function parsePublishAs(identities: readonly string[]): PublishAs {
  const parsed = identities.map((text) => ({ text, identity: parseIdentity(text) }))
  const as: PublishAs = Object.assign({}, ...parsed.map(({ identity }) => identity))
  const clouds = parsed.flatMap(({ identity }) => Object.keys(identity))
  const twice = clouds.find((cloud, index) => clouds.indexOf(cloud) !== index)
  if (twice === undefined) return as
  throw invalid(parsed.at(-1)?.text ?? '', `one identity for each cloud, and there are two for ${twice}`)
}

function parseIdentity(text: string): PublishAs {
  if (roleArn.test(text)) return { aws: text }
  const { tenantId, clientId } = application.exec(text)?.groups ?? {}
  if (tenantId !== undefined && clientId !== undefined) return { azure: { tenantId, clientId } }
  if (brokenRule(serviceAccountEmail, text) === undefined) return { google: text }
  throw invalid(text, 'a role’s ARN, TENANT_ID/CLIENT_ID at Azure, or a service account’s e-mail address at Google')
}

const invalid = (text: string, expected: string) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--publish-as is ${showValue(text)}`,
    expected,
    hint: '--publish-as arn:aws:iam::123456789012:role/publisher',
  })
