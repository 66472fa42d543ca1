/** Resources at JFrog as Terraform: users, groups and repositories have no data source. https://registry.terraform.io/providers/jfrog/platform */
import type { HclResource, TrustFinding } from '../../trust/contract.ts'
import {
  type HclAttribute,
  hashComment,
  hclBlock,
  hclList,
  hclText,
  hclTexts,
  labelOf,
  terraformResource,
} from '../../trust/hcl.ts'
import {
  type DesiredIntegration,
  type DesiredMapping,
  type DesiredPermission,
  type Grantee,
  integrationTitle,
  permissionTitle,
} from './desired.ts'
import type { FoundIntegration, MappingFields } from './found.ts'
import { shownText } from './requests.ts'

/** The access token is in JFROG_ACCESS_TOKEN. */
const requires = (url: string): HclResource['requires'] => ({
  name: 'platform',
  source: 'jfrog/platform',
  version: '>= 2.2',
  block: hclBlock('provider "platform"', [['url', hclText(url)]]),
})

const texts = (fields: Readonly<Record<string, string>>): HclAttribute[] =>
  hclTexts(Object.fromEntries(Object.entries(fields).filter(([, text]) => text !== '')))

export const granteeHcl = (url: string, { kind, name }: Grantee): HclResource => ({
  requires: requires(url),
  importBlock: undefined,
  block: hashComment(`${kind} ${name} exists: it is not created here.`),
})

/** As Terraform names them. */
const types: Readonly<Record<string, string>> = {
  'Generic OpenID Connect': 'generic',
  'GitHub Enterprise': 'GitHubEnterprise',
}

/** `found`: after its update; an existing one keeps its other fields. */
export function integrationHcl(
  url: string,
  desired: DesiredIntegration,
  found: FoundIntegration | undefined,
): HclResource {
  const { name, issuer, audience, description } = desired
  const type = found?.providerType ?? ''
  return terraformResource(requires(url), {
    type: 'platform_oidc_configuration',
    label: labelOf(integrationTitle(desired)),
    attributes: [
      ...texts({
        name,
        issuer_url: found?.issuerUrl ?? issuer,
        provider_type: type === '' ? 'generic' : (types[type] ?? type),
        audience: found?.audience ?? audience,
        description: found?.description ?? description,
      }),
      ...(found?.usesProxy === true ? ([['use_default_proxy', 'true']] as const) : []),
    ],
    id: name,
  })(found === undefined ? 'absent' : 'present')
}

/** `fields`: after its update. */
export function mappingHcl(
  url: string,
  { integration, title }: Pick<DesiredMapping, 'integration' | 'title'>,
  presence: TrustFinding['presence'],
  { name, description, priority, claims, tokenSpec }: MappingFields,
): HclResource {
  const { scope, username, audience, expires_in } = tokenSpec
  const ofUser = shownText(username) === '' ? '' : 'applied-permissions/user' // Terraform requires it with a user
  const seconds = typeof expires_in === 'number' ? expires_in : undefined
  return terraformResource(requires(url), {
    type: 'platform_oidc_identity_mapping',
    label: labelOf(title),
    attributes: [
      ['name', hclText(name)],
      ['provider_name', `platform_oidc_configuration.${labelOf(integrationTitle(integration))}.name`],
      ...texts({ description }),
      ...(priority === undefined ? [] : ([['priority', `${priority}`]] as const)),
      ['claims_json', hclText(JSON.stringify(claims))],
      hclBlock('token_spec =', [
        ...texts({ username: shownText(username), scope: shownText(scope) || ofUser, audience: shownText(audience) }),
        ...(seconds === undefined ? [] : ([['expires_in', `${seconds}`]] as const)),
      ]),
    ],
    id: `${name}:${integration.name}`,
  })(presence)
}

export const permissionHcl = (
  url: string,
  { name, grantee, targets }: DesiredPermission,
  presence: TrustFinding['presence'],
): HclResource =>
  terraformResource(requires(url), {
    type: 'platform_permission',
    label: labelOf(permissionTitle({ name })),
    attributes: [
      ['name', hclText(name)],
      hclBlock('artifact =', [
        hclBlock('actions =', [
          objects(`${grantee.kind}s`, [
            [
              ['name', hclText(grantee.name)],
              ['permissions', hclList(['READ'])],
            ],
          ]),
        ]),
        objects(
          'targets',
          targets.map(([key, patterns]) => [
            ['name', hclText(key)],
            ['include_patterns', hclList(patterns)],
          ]),
        ),
      ]),
    ],
    id: name,
  })(presence)

/** A list of objects. */
function objects(name: string, items: readonly (readonly HclAttribute[])[]): string {
  const blocks = items.map((item) => `${hclBlock('', item).trimStart()},`.replaceAll(/^/gm, '  '))
  return `${name} = [\n${blocks.join('\n')}\n]`
}
