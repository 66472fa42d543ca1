/** The fields of `awsPublic` in a document, each with its rule and its sentence in the reference page. */

import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { originUrl } from '../../document/field-rules.ts'
import { fields, text, word } from '../../document/schema-parts.ts'
import { showValue } from '../../document/show-value.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { parseDuration } from '../../text/time.ts'
import { parseRole, region, roleArn, sessionDuration, sessionName } from '../aws/names.ts'
import { endpointDomains, looksLikeAws, serverName } from '../aws/partitions.ts'
import { thumbprints } from '../aws/settings-form.ts'
import { trustField } from '../registry-fields.ts'
import type { AwsPublicSettings } from './exchange.ts'
import { publicHosts, registryHosts } from './hosts.ts'

interface AwsPublicForm extends Omit<AwsPublicSettings, 'sessionDurationSeconds'> {
  readonly sessionDuration?: string
}

const tenantShape = {
  roleArn: text(
    roleArn,
    'IAM role that trusts the cluster, with ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken',
  ),
  stsRegion: z.exactOptional(text(region, 'Region of the token service; default: us-east-1')),
  sessionName: z.exactOptional(
    text(sessionName, 'Name of the session in audit logs; default: pullpass.NAMESPACE.NAME'),
  ),
  sessionDuration: z.exactOptional(
    text(sessionDuration, 'Lifetime of a session, and maximum lifetime of the credential: 15m to 12h; default: 1h'),
  ),
  endpointType: z.exactOptional(
    word(['Standard', 'DualStack'], 'Endpoints of AWS: with IPv6, or not; default: Standard'),
  ),
}

const tenantForm: z.ZodMiniType<AwsPublicForm> = fields(tenantShape, 'Amazon ECR Public')

const clusterForm: z.ZodMiniType<AwsPublicForm> = fields(
  {
    ...tenantShape,
    endpoints: z.exactOptional(
      fields(
        {
          sts: z.exactOptional(text(originUrl, 'Token service')),
          ecr: z.exactOptional(text(originUrl, 'API of ECR Public')),
        },
        "Origins that replace AWS's own: a private endpoint or an emulator",
      ),
    ),
    trust: trustField({ thumbprints: z.exactOptional(thumbprints) }),
  },
  'Amazon ECR Public',
)

export const settings: VendorSettings<AwsPublicForm, AwsPublicSettings> = {
  form: clusterForm,
  tenantForm,

  problems({ roleArn: arn }, path, { hosts }) {
    const { partition } = parseRole(arn)
    return [
      ...(partition === 'aws'
        ? []
        : [
            {
              path: [...path, 'roleArn'],
              predicate: `is of partition ${partition}`,
              expected: 'partition aws, as the registry',
            },
          ]),
      ...hosts.flatMap((host, index) => {
        const name = serverName(host)
        if (publicHosts.includes(name) || !looksLikeAws(name)) return []
        const at = [...path.slice(0, -1), 'hosts', index]
        return [
          { path: at, predicate: `is ${showValue(host)}`, expected: 'public.ecr.aws; private registries have aws' },
        ]
      }),
    ]
  },

  hosts: ({ endpoints }) => (replacesEndpoint(endpoints, endpointDomains) ? 'any' : registryHosts),

  async read(form) {
    const { sessionDuration: written, ...same } = form
    const life = written === undefined ? {} : { sessionDurationSeconds: (parseDuration(written) ?? 0) / 1000 }
    return { settings: { ...same, ...life } }
  },
}
