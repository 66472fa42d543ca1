/** Actions on OIDC providers. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html */
import { readPublishedKeys } from '../../issuer/published-keys.ts'
import { AwsRefusal, type QueryCall, type QueryResult } from '../query-api.ts'
import { thumbprintOf } from '../sts/web-identity.ts'
import { type Account, accountId, type OidcProvider, providerArn } from './account.ts'
import { entityExists, type IamAction, type IamNeeds, noSuchEntity, tagList, tagsIn } from './iam-action.ts'

const arnIn = ({ field }: QueryCall) => field('OpenIDConnectProviderArn')

export function providerActions(needs: IamNeeds): Record<string, IamAction> {
  const { providers } = needs.account
  const change = (call: QueryCall, changes: (found: OidcProvider) => Partial<OidcProvider>): QueryResult => {
    const found = find(call, needs.account)
    providers.set(found.url, { ...found, ...changes(found) })
    return {}
  }
  const resource = arnIn
  return {
    CreateOpenIDConnectProvider: {
      resource: ({ field }) => providerArn(hostAndPath(field('Url'))),
      run: (call) => create(call, needs),
    },
    GetOpenIDConnectProvider: {
      resource,
      run(call) {
        const { url, clientIds, thumbprints, tags, createdAt } = find(call, needs.account)
        return {
          Url: url,
          ClientIDList: clientIds,
          ThumbprintList: thumbprints,
          CreateDate: createdAt,
          ...tagList(tags),
        }
      },
    },
    ListOpenIDConnectProviders: {
      resource: () => `arn:aws:iam::${accountId}:oidc-provider/*`,
      run: () => ({ OpenIDConnectProviderList: [...providers.values()].map(({ url }) => ({ Arn: providerArn(url) })) }),
    },
    AddClientIDToOpenIDConnectProvider: {
      resource,
      run: (call) =>
        change(call, ({ clientIds }) => ({ clientIds: [...new Set([...clientIds, call.field('ClientID')])] })),
    },
    UpdateOpenIDConnectProviderThumbprint: {
      resource,
      run: (call) => change(call, () => ({ thumbprints: call.list('ThumbprintList') })),
    },
    DeleteOpenIDConnectProvider: {
      resource,
      run(call) {
        providers.delete(find(call, needs.account).url)
        return {}
      },
    },
  }
}

function find(call: QueryCall, { providers }: Account): OidcProvider {
  const arn = arnIn(call)
  const found = providers.get(arn.slice(providerArn('').length))
  if (found !== undefined && providerArn(found.url) === arn) return found
  throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`)
}

async function create(call: QueryCall, { account: { providers }, issuers, now }: IamNeeds): Promise<QueryResult> {
  const url = call.field('Url')
  checkIssuer(url)
  const key = hostAndPath(url)
  if (providers.has(key)) throw entityExists(`Provider with url ${url} already exists.`)
  const clientIds = call.list('ClientIDList')
  const given = call.list('ThumbprintList')
  if (given.length === 0) {
    await readPublishedKeys({ issuerUri: url }, issuers).catch(() => {
      throw new AwsRefusal('OpenIdIdpCommunicationError', `Unable to communicate with the identity provider ${url}`)
    })
  }
  const thumbprints = given.length === 0 ? [thumbprintOf(issuers)] : given
  providers.set(key, { url: key, clientIds, thumbprints, tags: tagsIn(call), createdAt: now() })
  return { OpenIDConnectProviderArn: providerArn(key), ...tagList(tagsIn(call)) }
}

const hostAndPath = (url: string) => url.replace(/^https:\/\//, '')

/** Without a port, except on this machine, where parts differ by port alone. */
function checkIssuer(url: string): void {
  const { protocol, port, search, hostname } = new URL(url)
  const isValid =
    protocol === 'https:' && search === '' && url.length <= 255 && (port === '' || hostname === '127.0.0.1')
  if (!isValid) throw new AwsRefusal('ValidationError', 'Invalid Open ID Connect Provider URL')
}
