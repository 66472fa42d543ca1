/** Actions on OIDC providers, of IMS. https://www.alibabacloud.com/help/en/ram/developer-reference/api-ims-2019-08-15-createoidcprovider */
import { type Account, arnOf, type OidcProvider } from '../account.ts'
import { type RpcAction, type RpcCall, RpcRefusal } from '../rpc-api.ts'
import { alreadyExists, guarded, notExist, page, type RamNeeds } from './guard.ts'

export function imsActions(needs: RamNeeds): Readonly<Record<string, RpcAction>> {
  const { account } = needs
  const resource = ({ field }: RpcCall) => `oidc-provider/${field('OIDCProviderName')}`
  const change = (call: RpcCall, changes: (found: OidcProvider) => Partial<OidcProvider>) => {
    const found = find(call, account)
    const changed = { ...found, ...changes(found) }
    account.providers.set(found.name, changed)
    return { OIDCProvider: describe(changed) }
  }
  return guarded(
    {
      CreateOIDCProvider: { resource, run: (call) => create(call, account) },
      GetOIDCProvider: { resource, run: (call) => ({ OIDCProvider: describe(find(call, account)) }) },
      ListOIDCProviders: {
        resource: () => 'oidc-provider/*',
        run(call) {
          const { items, rest } = page(call, [...account.providers.values()])
          return { ...rest, OIDCProviders: { OIDCProvider: items.map(describe) } }
        },
      },
      AddClientIdToOIDCProvider: {
        resource,
        run: (call) =>
          change(call, ({ clientIds }) => ({ clientIds: [...new Set([...clientIds, call.field('ClientId')])] })),
      },
      AddFingerprintToOIDCProvider: {
        resource,
        run: (call) =>
          change(call, ({ fingerprints }) => {
            const added = [...new Set([...fingerprints, call.field('Fingerprint')])]
            if (added.length > mostFingerprints)
              throw new RpcRefusal(
                409,
                'LimitExceeded.OIDCProvider.Fingerprint',
                'The count of fingerprints is beyond the limit.',
              )
            return { fingerprints: added }
          }),
      },
      RemoveFingerprintFromOIDCProvider: {
        resource,
        run: (call) =>
          change(call, ({ fingerprints }) => ({
            fingerprints: fingerprints.filter((one) => one !== call.field('Fingerprint')),
          })),
      },
      DeleteOIDCProvider: {
        resource,
        run(call) {
          account.providers.delete(find(call, account).name)
          return {}
        },
      },
    },
    needs,
  )
}

const mostFingerprints = 5

function find({ field }: RpcCall, { providers }: Account): OidcProvider {
  const found = providers.get(field('OIDCProviderName'))
  if (found !== undefined) return found
  throw notExist('OIDCProvider', 'The OIDC Provider does not exist.')
}

function create({ field, fields }: RpcCall, { providers }: Account): object {
  const [name, issuer] = [field('OIDCProviderName'), field('IssuerUrl')]
  if (providers.has(name)) throw alreadyExists('OIDCProvider', 'The OIDC Provider already exists.')
  if ([...providers.values()].some((one) => one.issuer === issuer))
    throw alreadyExists('OIDCProvider.Url', 'The issuer URL already exists.')
  if (!/^https:\/\/[^?#@]+$/.test(issuer) || issuer.length > 255)
    throw new RpcRefusal(400, 'InvalidParameter.IssuerUrl', 'The issuer URL is invalid.')
  const lists = {
    clientIds: fields.get('ClientIds') ?? '',
    fingerprints: fields.get('Fingerprints') ?? '',
  }
  const description = fields.get('Description') ?? ''
  if (description.length > 256)
    throw new RpcRefusal(400, 'InvalidParameter.Description.Length', 'The description is beyond the length limit.')
  const provider: OidcProvider = {
    name,
    issuer,
    description,
    clientIds: splitList(lists.clientIds),
    fingerprints: splitList(lists.fingerprints),
  }
  if (provider.clientIds.some((one) => !/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/.test(one)))
    throw new RpcRefusal(400, 'InvalidParameter.ClientIds', 'The client ids are invalid.')
  providers.set(name, provider)
  return { OIDCProvider: describe(provider) }
}

const splitList = (text: string) => text.split(',').filter((one) => one !== '')

const describe = ({ name, issuer, clientIds, fingerprints, description }: OidcProvider) => ({
  OIDCProviderName: name,
  Arn: arnOf('oidc-provider', name),
  IssuerUrl: issuer,
  ClientIds: clientIds.join(','),
  Fingerprints: fingerprints.join(','),
  Description: description,
  IssuanceLimitTime: 12,
})
