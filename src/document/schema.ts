/**
 * The one schema of a document: its types, checks, JSON Schema and reference page come from here, composed from the fields that
 * the vendors bring.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
 */
import * as z from 'zod/mini'
import type { DocumentIssuer } from './document.ts'
import type { ClusterPullSecretForm, PullSecretForm, RegistryForm } from './document-form.ts'
import type { DocumentVendors, VendorSettings } from './document-vendor.ts'
import { filePath, issuerUrl, registryHost, type TextRule, targetRule } from './field-rules.ts'
import {
  audience,
  excludedNamespace,
  includedNamespace,
  labelKey,
  labelName,
  labelValue,
  objectName,
} from './kubernetes-names.ts'
import { fields, list, text, textMap, word } from './schema-parts.ts'

const apiVersion = word(['pullpass.dev/v1alpha1'], 'Version of this form')

const anyText: TextRule = { pattern: /^[\s\S]*$/, maxLength: 262_144, expected: 'a text' }

const metadataShape = {
  name: text(objectName, 'Name of the document; two of one kind cannot share it'),
  labels: z.exactOptional(textMap(labelKey, labelValue, 'Labels; they are not copied to the Secrets')),
  annotations: z.exactOptional(textMap(labelKey, anyText, 'Annotations; they are not copied to the Secrets')),
}

const requirement = fields(
  {
    key: text(labelKey, 'Key of the label'),
    operator: word(['In', 'NotIn', 'Exists', 'DoesNotExist'], 'How the label relates to values'),
    values: z.exactOptional(list(text(labelValue, 'Value'), 100, 'Values, for In and NotIn only')),
  },
  'One requirement',
)

const selector = fields(
  {
    matchLabels: z.exactOptional(textMap(labelKey, labelValue, 'Labels that a namespace carries, all of them')),
    matchExpressions: z.exactOptional(list(requirement, 100, 'Requirements that a namespace meets, all of them')),
  },
  "Kubernetes' label selector",
)

const namespaces = fields(
  {
    include: z.exactOptional(
      list(text(includedNamespace, 'Name or glob'), 10_000, 'Names, and globs of "*" and "?"; absent: any namespace'),
    ),
    exclude: z.exactOptional(
      list(text(excludedNamespace, 'Name or glob'), 10_000, 'Names and globs of namespaces to leave out'),
    ),
    selector: z.exactOptional(selector),
    emptyPolicy: z.exactOptional(
      word(['Fail', 'Allow'], 'Whether a run fails when no namespace at all is selected; by default Fail'),
    ),
  },
  'Which namespaces get the Secret: those of include, of selector, and not of exclude. One of include and selector is required; namespaces kube-* are chosen only by their exact name',
)

const registryShape = {
  name: text(labelName, 'Name of this entry; two of one document cannot share it'),
  hosts: list(text(registryHost, 'host[:port][/path/]'), 256, 'Hosts of the registry: no scheme, a path ends in "/"'),
  audience: z.exactOptional(
    text(audience, "Audience of the subject token, where the vendor was told of another than the provider's own"),
  ),
}

/** Of one vendor; absent where no document to check names it, so that it need not be loaded. */
export type VendorForms = Readonly<
  Record<string, Pick<VendorSettings<unknown, unknown>, 'form' | 'tenantForm'> | undefined>
>

export interface DocumentSchemas {
  readonly ClusterPullSecret: z.ZodMiniType<ClusterPullSecretForm>
  readonly PullSecret: z.ZodMiniType<PullSecretForm>
}

/** The forms of `names`, or of every vendor. */
export async function loadForms(vendors: DocumentVendors, names?: ReadonlySet<string>): Promise<VendorForms> {
  const loaded = Object.entries(vendors).map(async ([name, { settings }]) => {
    const isNeeded = names === undefined || names.has(name)
    return settings === undefined ? [] : [[name, isNeeded ? await settings() : undefined] as const]
  })
  return Object.fromEntries((await Promise.all(loaded)).flat())
}

export function composeSchemas(vendors: DocumentVendors, forms: VendorForms): DocumentSchemas {
  const fieldsOf = (kind: 'form' | 'tenantForm') =>
    Object.fromEntries(
      Object.entries(forms)
        .filter(([, form]) => form === undefined || form[kind] !== undefined)
        .map(([name, form]) => [name, z.exactOptional(form?.[kind] ?? z.unknown())]),
    )
  const registry = fields(
    {
      ...registryShape,
      tokenFile: z.exactOptional(text(filePath, "File of this registry's subject token, relative to the document's")),
      ...fieldsOf('form'),
    },
    'A registry, with exactly one vendor',
  )
  const tenantRegistry = fields({ ...registryShape, ...fieldsOf('tenantForm') }, 'A registry, with exactly one vendor')
  const targets = Object.values(vendors).flatMap(({ stores = {} }) => Object.values(stores).map(({ form }) => form))
  return {
    ClusterPullSecret: clusterPullSecret(registry, issuerFields(targetRule(targets))),
    PullSecret: pullSecret(tenantRegistry),
  }
}

const issuerFields = (target: TextRule) =>
  fields(
    {
      publishTo: text(target, "Where the issuer's documents are published, as by pullpass issuer publish"),
      url: z.exactOptional(text(issuerUrl, "The issuer's public URL; absent: where that place is read")),
      keyStateRef: z.exactOptional(
        fields(
          { namespace: text(labelName, 'Its namespace'), name: text(objectName, 'Its name') },
          'ConfigMap of the key state; absent: pullpass-system/pullpass-issuer',
        ),
      ),
    },
    "The issuer's publication: no token is exchanged before its key is public, and a new key is published first",
  )

const secretName = z.exactOptional(text(objectName, 'Name of the Secret; by default metadata.name'))

const clusterPullSecret = (
  registry: z.ZodMiniType<RegistryForm>,
  issuer: z.ZodMiniType<DocumentIssuer>,
): z.ZodMiniType<ClusterPullSecretForm> =>
  fields(
    {
      apiVersion,
      kind: word(['ClusterPullSecret'], 'Cluster-scoped'),
      metadata: fields(metadataShape, 'Name, labels and annotations'),
      spec: fields(
        {
          secretName,
          namespaces,
          registries: list(registry, 64, 'One or many, merged into the one Secret'),
          serviceAccountRef: z.exactOptional(
            fields(
              { namespace: text(labelName, 'Its namespace'), name: text(objectName, 'Its name') },
              'ServiceAccount whose token is requested and exchanged; absent: the token file',
            ),
          ),
          issuer: z.exactOptional(issuer),
          attachToServiceAccounts: z.exactOptional(
            list(
              text(objectName, 'Name'),
              100,
              'ServiceAccounts in each namespace whose imagePullSecrets get the Secret; a namespace without one is not an error; a name that no namespace has is a warning',
            ),
          ),
          stuckPods: z.exactOptional(
            word(
              ['Ignore', 'Evict'],
              'Pods in ImagePullBackOff that wait for this Secret; by default Ignore. Evict needs a controller, which this version does not have',
            ),
          ),
          conflictPolicy: z.exactOptional(
            word(
              ['Refuse', 'Adopt'],
              'A Secret of this name that something else created: left unchanged, or taken over once with its content replaced; by default Refuse',
            ),
          ),
          deletionPolicy: z.exactOptional(
            word(
              ['Retain', 'Delete'],
              'What happens to the Secrets when the document is deleted; by default Retain. Delete needs a controller, which this version does not have',
            ),
          ),
        },
        'The desired state',
      ),
    },
    'A pull secret in many namespaces',
  )

const pullSecret = (registry: z.ZodMiniType<RegistryForm>): z.ZodMiniType<PullSecretForm> =>
  fields(
    {
      apiVersion,
      kind: word(['PullSecret'], 'Namespaced: for a tenant'),
      metadata: fields(
        { ...metadataShape, namespace: text(labelName, 'Namespace of the document, of its Secret and of its account') },
        'Name, namespace, labels and annotations',
      ),
      spec: fields(
        {
          secretName,
          serviceAccountName: text(objectName, 'ServiceAccount of the same namespace whose token is exchanged'),
          registries: list(registry, 64, 'One or many, merged into the one Secret'),
        },
        'The desired state',
      ),
    },
    'A pull secret in one namespace, with the rights of a tenant',
  )
