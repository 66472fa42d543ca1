/** Resources at Yandex Cloud as Terraform: service accounts and repositories are data sources. https://registry.terraform.io/providers/yandex-cloud/yandex */
import type { HclResource } from '../../trust/contract.ts'
import {
  type HclAttribute,
  hashComment,
  hclBlock,
  hclList,
  hclTexts,
  labelOf,
  terraformResource,
} from '../../trust/hcl.ts'
import { kindOf, registryOf } from '../names.ts'
import type { FoundFederation } from './account.ts'
import type { DesiredAccount, DesiredCredential, DesiredFederation, DesiredRole } from './desired.ts'

const yandex = { name: 'yandex', source: 'yandex-cloud/yandex', version: '>= 0.129' }

/** `id`: of an existing one. */
const resource = (type: string, label: string, attributes: readonly HclAttribute[], id: string | undefined) =>
  terraformResource(yandex, { type, label, attributes, id: id ?? '' })(id === undefined ? 'absent' : 'present')

const accountData = 'yandex_iam_service_account'
const accountReference = (id: string) => `data.${accountData}.${labelOf(id)}.id`

export const accountHcl = ({ id }: DesiredAccount): HclResource => ({
  requires: yandex,
  importBlock: undefined,
  block: hclBlock(`data "${accountData}" "${labelOf(id)}"`, hclTexts({ service_account_id: id })),
})

/** The fields of a federation that can be changed, and its folder. */
export interface FederationFields extends Pick<FoundFederation, 'folderId' | 'jwksUrl' | 'audiences'> {}

const federationType = 'yandex_iam_workload_identity_oidc_federation'

/** `fields`: after its update; an existing one keeps the others. */
export function federationHcl(
  desired: DesiredFederation,
  { folderId, jwksUrl, audiences }: FederationFields,
  existing: FoundFederation | undefined,
): HclResource {
  const { name, description, issuer } = existing ?? desired
  const disabled: HclAttribute[] = existing?.state === 'disabled' ? [['disabled', 'true']] : []
  const fields = hclTexts({ name, folder_id: folderId, description, issuer, jwks_url: jwksUrl })
  const attributes: HclAttribute[] = [...fields, ['audiences', hclList(audiences)], ...disabled]
  return resource(federationType, labelOf(desired.name), attributes, existing?.id)
}

/** `id`: of an existing one. */
export function credentialHcl({ federation, subject }: DesiredCredential, id: string | undefined): HclResource {
  const attributes: HclAttribute[] = [
    ['service_account_id', accountReference(federation.accountId)],
    ['federation_id', `${federationType}.${labelOf(federation.name)}.id`],
    ...hclTexts({ external_subject_id: subject }),
  ]
  const type = 'yandex_iam_workload_identity_federated_credential'
  return resource(type, labelOf(`${federation.name} ${subject}`), attributes, id)
}

/**
 * A binding of Terraform contains all members of its role on a resource, and removes others: the existing ones are members, too. If
 * several service accounts of the documents would be members, Terraform grants none, since one that is refused would be a member too.
 * https://registry.terraform.io/providers/yandex-cloud/yandex/latest/docs/resources/container_registry_iam_binding
 */
export function roleHcl(
  { on, account, accounts }: DesiredRole,
  role: string,
  { resourceId, members }: { readonly resourceId: string; readonly members: readonly string[] },
): HclResource {
  const kind = kindOf(on)
  const type = `yandex_container_${kind}_iam_binding`
  if (accounts === 'several') {
    const block = hashComment(`${type} is not used for ${on}: it would contain every member of the role.`)
    return { requires: yandex, block, importBlock: undefined }
  }
  const all = [...new Set([...members, `serviceAccount:${account.id}`])].toSorted()
  const attributes: HclAttribute[] = [...hclTexts({ [`${kind}_id`]: resourceId, role }), ['members', hclList(all)]]
  const id = members.length === 0 ? undefined : `${resourceId},${role}`
  return resource(type, labelOf(`pull from ${on}`), attributes, id)
}

/** Of a repository whose registry has the role already: the binding of the registry is its own resource, if a document names it. */
export const inheritedHcl = ({ on }: Pick<DesiredRole, 'on'>): HclResource => ({
  requires: yandex,
  block: hashComment(`${on} needs no binding: the service account has the role on registry ${registryOf(on)}.`),
  importBlock: undefined,
})
