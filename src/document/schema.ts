/**
 * The schema of a document, from which its types, validation, JSON Schema and reference page are derived. It includes the fields
 * of the vendors.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
 */
import * as z from 'zod/mini'
import type { DocumentIssuer } from './document.ts'
import type { ClusterPullSecretForm, PullSecretForm, RegistryForm } from './document-form.ts'
import type { DocumentVendors, VendorSettings } from './document-vendor.ts'
import { filePath, issuerUrl, registryHost, type TextRule, targetRule } from './field-rules.ts'
import {
  excludedNamespace,
  includedNamespace,
  isGlob,
  labelKey,
  labelName,
  labelValue,
  objectName,
  registryAudience,
} from './kubernetes-names.ts'
import { fields, list, text, textMap, word } from './schema-parts.ts'

const apiVersion = word(['pullpass.dev/v1alpha1'], 'Version of this schema')

const anyText: TextRule = { pattern: /^[\s\S]*$/, maxLength: 262_144, expected: 'a text' }

const metadataShape = {
  name: text(objectName, 'Name of the document, unique among documents of its kind'),
  labels: z.exactOptional(textMap(labelKey, labelValue, 1_000, 'Labels, which are not copied to the Secrets')),
  annotations: z.exactOptional(textMap(labelKey, anyText, 1_000, 'Annotations, which are not copied to the Secrets')),
}

const requirement = fields(
  {
    key: text(labelKey, 'Key of the label'),
    operator: word(['In', 'NotIn', 'Exists', 'DoesNotExist'], 'Relation between the label and the values'),
    values: z.exactOptional(list(text(labelValue, 'Value'), 100, 'Values, for In and NotIn only')),
  },
  'One requirement',
)

const selector = fields(
  {
    matchLabels: z.exactOptional(textMap(labelKey, labelValue, 100, 'Labels that a namespace must have, all of them')),
    matchExpressions: z.exactOptional(list(requirement, 100, 'Requirements that a namespace must meet, all of them')),
  },
  "Kubernetes' label selector",
)

/** Each glob is compared with each namespace, for each document: 10,000 of them took a controller 46 s for 1,000 namespaces. */
const mostGlobs = 100

function namespaceList(rule: TextRule, description: string): z.ZodMiniArray<z.ZodMiniString> {
  const check = z.check<string[]>(({ value, issues }) => {
    if (value.filter((entry) => typeof entry === 'string' && isGlob(entry)).length <= mostGlobs) return
    issues.push({ code: 'custom', input: value, message: `at most ${mostGlobs} globs`, continue: true })
  })
  return list(text(rule, 'Name or glob'), 10_000, description).check(check).register(z.globalRegistry, { description })
}

const namespaces = fields(
  {
    include: z.exactOptional(
      namespaceList(includedNamespace, 'Names, and at most 100 globs of "*" and "?"; absent: any namespace'),
    ),
    exclude: z.exactOptional(
      namespaceList(excludedNamespace, 'Names, and at most 100 globs, of namespaces that are not selected'),
    ),
    selector: z.exactOptional(selector),
    emptyPolicy: z.exactOptional(
      word(['Fail', 'Allow'], 'Whether a run fails if no namespace is selected; default: Fail'),
    ),
  },
  'Namespaces that get the Secret: those that match include and selector, of which at least one is required, and not exclude; namespaces kube-* only by their exact name',
)

const hosts = (most: number) =>
  list(
    text(registryHost, 'host[:port][/path/]'),
    most,
    'Hosts of the registry: no scheme, a path ends in "/"; "*" in the first label matches any characters, for kubelets',
  )

const registryShape = {
  name: text(labelName, 'Name of this entry, unique in the document'),
  hosts: hosts(256),
  audience: z.exactOptional(
    text(
      registryAudience,
      'Audience of the subject token, if the vendor is configured for another one than its default',
    ),
  ),
}

const registryExpected = 'an object with name, hosts and one vendor: {name: NAME, hosts: [HOST], VENDOR: {…}}'

/** A tenant's document is kept in the memory of a controller that works for all tenants. */
const mostTenantRegistries = 16
const mostTenantHosts = 32

/** By vendor; undefined if no document names the vendor, so that its form is not loaded. */
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
      hostPolicy: z.exactOptional(
        word(
          ['Vendor', 'Any'],
          'Hosts that may get the credential: those of the vendor (Vendor, the default), or any (Any), such as a proxy that forwards it',
        ),
      ),
      tokenFile: z.exactOptional(
        text(filePath, "File of this registry's subject token, relative to the file of the document"),
      ),
      ...fieldsOf('form'),
    },
    'A registry, with exactly one vendor',
    registryExpected,
  )
  const tenantRegistry = fields(
    { ...registryShape, hosts: hosts(mostTenantHosts), ...fieldsOf('tenantForm') },
    'A registry, with exactly one vendor',
    registryExpected,
  )
  const targets = Object.values(vendors).flatMap(({ stores = {} }) => Object.values(stores).map(({ form }) => form))
  return {
    ClusterPullSecret: clusterPullSecret(registry, issuerFields(targetRule(targets))),
    PullSecret: pullSecret(tenantRegistry),
  }
}

const issuerFields = (target: TextRule) =>
  fields(
    {
      publishTo: text(target, 'Target of the publication, as for pullpass issuer publish --to'),
      url: z.exactOptional(text(issuerUrl, 'Public URL of the issuer; absent: the public URL of the target')),
      keyStateRef: z.exactOptional(
        fields(
          { namespace: text(labelName, 'Its namespace'), name: text(objectName, 'Its name') },
          'ConfigMap of the key state; absent: pullpass-system/pullpass-issuer',
        ),
      ),
    },
    'Publication of the issuer: before a token is exchanged, its key is published and publicly readable',
  )

const secretName = z.exactOptional(text(objectName, 'Name of the Secret; default: metadata.name'))

const deletionPolicyOf = (stays: string, goes: string, when: string) =>
  z.exactOptional(
    word(
      ['Retain', 'Delete'],
      `Whether ${stays} (Retain, the default) or ${goes} (Delete, only in a custom resource) when ${when}`,
    ),
  )

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
          registries: list(registry, 64, 'Registries whose credentials are merged into the Secret'),
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
              'ServiceAccounts whose imagePullSecrets get the Secret, where they exist; a name that exists in no namespace is a warning',
            ),
          ),
          stuckPods: z.exactOptional(
            word(
              ['Ignore', 'Evict'],
              'Pods in ImagePullBackOff that wait for this Secret; default: Ignore. Evict is supported by pullpass controller',
            ),
          ),
          conflictPolicy: z.exactOptional(
            word(
              ['Refuse', 'Adopt'],
              'Whether an existing Secret of this name that pullpass did not create is left unchanged (Refuse, the default), or taken over and its content replaced (Adopt)',
            ),
          ),
          deletionPolicy: deletionPolicyOf(
            'the Secrets stay',
            'are deleted',
            'the document is deleted or no longer selects their namespace',
          ),
        },
        'The desired state',
      ),
    },
    'A pull secret in several namespaces',
  )

const pullSecret = (registry: z.ZodMiniType<RegistryForm>): z.ZodMiniType<PullSecretForm> =>
  fields(
    {
      apiVersion,
      kind: word(['PullSecret'], 'Namespaced, for tenants'),
      metadata: fields(
        {
          ...metadataShape,
          namespace: text(labelName, 'Namespace of the document, the Secret and the ServiceAccount'),
        },
        'Name, namespace, labels and annotations',
      ),
      spec: fields(
        {
          secretName,
          serviceAccountName: text(objectName, 'ServiceAccount of the same namespace whose token is exchanged'),
          registries: list(registry, mostTenantRegistries, 'Registries whose credentials are merged into the Secret'),
          deletionPolicy: deletionPolicyOf('the Secret stays', 'is deleted', 'the document is deleted'),
        },
        'The desired state',
      ),
    },
    'A pull secret in one namespace, with the permissions of a tenant',
  )
